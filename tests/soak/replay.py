"""Score every completed submission of a copied database anew, one after the other as they were accepted."""

import json

import django

django.setup()

from django.db import connection  # noqa: E402

from evaluations.enums import Mode, Status  # noqa: E402
from evaluations.models import Submission  # noqa: E402
from prism_site import decisions, pipeline  # noqa: E402
from reviews.models import Hold  # noqa: E402
from scoring.payout import payout  # noqa: E402
from tests.soak.trouble import decision_about  # noqa: E402


def main() -> None:
    """Forget every score and whose anything was; print the weights that come out as JSON."""
    tables = [name for name in connection.introspection.table_names() if name.startswith("scoring_")]
    completed = Submission.objects.filter(status=Status.COMPLETED).order_by("created_at", "pk")
    ids = [str(pk) for pk in completed.values_list("pk", flat=True)]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)}")
        again = "UPDATE evaluations_submission SET status = 'running', stage = 'scoring'"
        cursor.execute(f"{again} WHERE id = ANY(%s::uuid[])", [ids])
    for submission_id in ids:
        pipeline.advance(submission_id)
        for hold in Hold.objects.filter(submission_id=submission_id, status=Hold.Status.OPEN):
            decisions.decide(
                hold.pk, decision_about(hold), by="operator:soak", note="seen", version=hold.version
            )
    print(json.dumps(payout(Mode.LOCAL_CPU_SMOKE).weights.weights))


if __name__ == "__main__":
    main()
