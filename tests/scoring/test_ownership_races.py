"""Several workers attribute at once, on a database that lets two write at once."""

import pytest
from django.db import connection

from evaluations.enums import Status
from evaluations.models import Identity, Submission
from prism_site import pipeline
from scoring.models import Attribution, Family, OwnershipEvent, Variant
from tests import factories
from tests.scoring.test_races import TOGETHER, at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def real_concurrency() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time, so nothing can race")


def waiting(count: int) -> list[Submission]:
    """Submissions of one new graph and one source, whose runs have ended, each with a training of its own."""
    found = []
    for number in range(count):
        attempt = factories.make_evaluating(points=len(factories.chunk_ends()), ease=1.0 + number)
        same = {"graph_hash": "f" * 64, "architecture_hash": "e" * 64, "histogram": {"a": 1}}
        Identity.objects.filter(pk=attempt.run.submission_id).update(**same)
        factories.finish(attempt)
        found.append(Submission.objects.get(pk=attempt.run.submission_id))
    return found


@pytest.mark.parametrize("repeat", range(3))
def test_one_graph_scored_by_several_workers_is_one_family_of_the_earliest(repeat: int) -> None:
    submissions = waiting(TOGETHER)
    at_once([lambda pk=each.pk: pipeline.advance(str(pk)) for each in submissions])
    assert set(Submission.objects.values_list("status", flat=True)) == {Status.COMPLETED}
    family = Family.objects.get()
    assert (family.discovered_by, family.canonical) == (submissions[0], submissions[-1])
    assert (family.members, family.variants_count) == (TOGETHER, TOGETHER)
    assert family.current_best is not None
    assert family.current_best.hotkey == submissions[-1].hotkey
    assert OwnershipEvent.objects.filter(kind="discovered").count() == 1


def test_one_submission_attributed_by_several_workers_is_attributed_once() -> None:
    (submission,) = waiting(1)
    at_once([lambda: pipeline.advance(str(submission.pk))] * TOGETHER)
    assert (Attribution.objects.count(), Variant.objects.count()) == (1, 1)
    assert OwnershipEvent.objects.filter(kind="discovered").count() == 1
