"""Snapshots and undos at once: what the database decides, on one that lets two write at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from evaluations.models import Submission
from prism_site import decisions
from prism_site.config import override_env
from reviews.models import Hold
from scoring.models import Attribution, Score, WeightSnapshot
from scoring.snapshots import snapshot_epochs
from tests import factories
from tests.reviews.test_holds import held
from tests.scoring.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
EVE = "operator:eve"


@pytest.fixture(autouse=True)
def real_concurrency() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time, so nothing can race")


def earlier(submission_id: object) -> None:
    """Everything about a submission happened in the epoch before this one."""
    past = timezone.now() - timedelta(hours=6)
    Submission.objects.filter(pk=submission_id).update(created_at=past)
    Score.objects.filter(pk=submission_id).update(computed_at=past)
    Attribution.objects.filter(pk=submission_id).update(scored_at=past)
    Hold.objects.filter(submission_id=submission_id).update(decided_at=past)


def test_several_ticks_at_once_write_every_epoch_down_once() -> None:
    earlier(factories.make_completed().pk)
    at_once([snapshot_epochs] * 4)
    assert WeightSnapshot.objects.count() == 1


@pytest.mark.parametrize("repeat", range(4))
def test_an_undo_is_either_in_the_snapshot_or_refused(repeat: int) -> None:
    with override_env(execution_mode="local_cpu_smoke"):
        hold = held()
        decisions.decide(
            hold.pk, Hold.Decision.LIFT_MULTIPLIER, by=EVE, note="explained", version=hold.version
        )
        earlier(hold.submission_id)

        def undo() -> bool:
            try:
                decisions.undo(hold.pk, by=EVE)
            except decisions.UndoTooLate:
                return False
            return True

        _, undone = at_once([snapshot_epochs, undo])
    counted = WeightSnapshot.objects.get().weights == {hold.submission.hotkey: pytest.approx(1.0)}
    assert counted != undone
