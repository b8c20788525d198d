"""What a miner learns of a hold: why in neutral words, by when somebody looks, what each ending means."""

from typing import Any

import pytest
from django.test import Client

from evaluations.holding import held
from reviews.models import Hold
from tests import factories
from tests.reviews import world
from tests.reviews.test_holds import held as held_by_anomaly

pytestmark = pytest.mark.django_db
MAKERS = {
    "quarantine": world.held_in_review,
    "infrastructure": world.held_by_infrastructure,
    "integrity_anomaly": held_by_anomaly,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_page_and_api_tell_why_and_what_comes_next(client: Client, kind: str) -> None:
    hold: Hold = MAKERS[kind]()  # type: ignore[operator]
    address = f"/submissions/{hold.submission_id}"
    page = client.get(address).content.decode()
    answer: dict[str, Any] = client.get(f"/v1{address}").json()
    notice = answer["hold"]
    assert (answer["status"], notice["kind"], notice["summary"]) == ("held", kind, hold.summary)
    assert notice["due_at"] < notice["expires_at"]
    for told in (
        "This submission is held.",
        hold.reason_code,
        f"{hold.due_at:%d %B, %H:%M} UTC",
        "hold_expired",
    ):
        assert told in page
    assert "hold_expired" in notice["next"]
    assert ("/retry" in notice["next"]) == (kind == "infrastructure")


def test_every_kind_has_its_endings() -> None:
    submission = world.held_in_review().submission
    for kind in Hold.Kind:
        Hold.objects.update(kind=kind)
        told = held(submission)
        assert told is not None
        assert "If it is released" in told.next


def test_nothing_is_said_of_what_is_not_held(client: Client) -> None:
    submission = factories.make_submission()
    assert client.get(f"/v1/submissions/{submission.pk}").json()["hold"] is None


def test_the_evidence_and_the_operators_stay_inside(client: Client) -> None:
    submission = factories.make_submission()
    world.open_on(submission, evidence={"findings": [{"quote": "planted evidence"}]})
    for address in (f"/submissions/{submission.pk}", f"/v1/submissions/{submission.pk}"):
        assert "planted evidence" not in client.get(address).content.decode()
