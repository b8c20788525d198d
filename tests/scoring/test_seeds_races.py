"""Seeds that end at once, on a database that lets two write at once: one decides, none waits for ever."""

from functools import partial

import pytest

from evaluations import attempts
from evaluations.claims import claim
from evaluations.enums import Mode, RunState, Stage, Status
from evaluations.models import Run, Submission
from tests import factories
from tests.scoring.test_races import at_once, real_concurrency

__all__ = ["real_concurrency"]
pytestmark = pytest.mark.django_db(transaction=True)
SEEDS = range(4)


@pytest.mark.parametrize("repeat", range(3))
def test_seeds_that_end_together_while_another_is_claimed_settle_on_one_ending(repeat):
    submission = factories.make_submission(stage=Stage.QUEUED)
    live = [factories.start(factories.make_run(submission, seed=seed)) for seed in SEEDS]
    factories.make_run(submission, seed=99)
    endings = []
    for attempt in live:
        factories.make_points(attempt, 3)
        verdict = "rejected" if attempt is live[repeat] else "scored"
        endings.append(
            factories.manifest_of(attempt, verdict=verdict, code="audit_mismatch", reason="so it was")
        )
    finishing = [
        partial(attempts.finish, attempt, manifest=manifest, exit_code=0)
        for attempt, manifest in zip(live, endings, strict=True)
    ]
    claiming = partial(claim, host="host-2", backend="local", modes=list(Mode), policy_row_ids={})
    at_once([*finishing, claiming])
    submission = Submission.objects.get(pk=submission.pk)
    assert (submission.status, submission.reason_code) == (Status.REJECTED, "audit_mismatch")
    states = set(Run.objects.values_list("state", flat=True))
    assert states <= {RunState.FINISHED, RunState.ABANDONED}


def test_the_last_two_seeds_to_end_begin_the_scoring_once():
    submission = factories.make_submission(stage=Stage.QUEUED)
    live = [factories.start(factories.make_run(submission, seed=seed)) for seed in SEEDS]
    for attempt in live:
        factories.make_points(attempt, 3)
    calls = [
        partial(attempts.finish, attempt, manifest=factories.manifest_of(attempt), exit_code=0)
        for attempt in live
    ]
    assert at_once(calls) == [True] * len(live)
    assert Submission.objects.get().stage == Stage.SCORING
    assert Submission.objects.get().events.filter(verb="begin_scoring").count() == 1
