"""Reference and baseline runs: asked for once, claimed last, and nobody's fate."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluations import attempts, claims
from evaluations.backends.prepare import JOB, prepare
from evaluations.enums import Kind, Mode, RunPurpose, RunState
from evaluations.models import Attempt, Identity, Run, Submission
from evaluations.reconcile import anything_queued
from evaluations.runner.job import Job
from evaluations.runs import request_runs
from evaluations.yardsticks import Yardsticks, key_of, request_yardsticks
from prism_site.policy.resolve import Policy, resolve_policy, set_policy
from tests import factories
from tests.evaluations import world

pytestmark = pytest.mark.django_db
ARCHITECTURE = "a" * 64


@pytest.fixture(autouse=True)
def _text(host: Path) -> Iterator[None]:
    world.small_runs()
    return iter(())


def policy() -> Policy:
    return resolve_policy(official=False)


def scored(architecture_hash: str = ARCHITECTURE) -> Submission:
    submission_id = factories.make_completed().submission_id
    Identity.objects.filter(pk=submission_id).update(architecture_hash=architecture_hash)
    return Submission.objects.get(pk=submission_id)


def asked(submission: Submission) -> Yardsticks:
    return request_yardsticks(submission, policy())


def claim() -> Attempt | None:
    modes = [Mode.LOCAL_CPU_SMOKE]
    return claims.claim(host="here", backend="local", modes=modes, policy_row_ids={})


def end(run: Run) -> None:
    attempt = factories.start(run)
    factories.make_points(attempt, len(factories.chunk_ends()))
    factories.finish(attempt)


def test_submissions_of_one_architecture_share_their_reference_and_all_share_the_baseline() -> None:
    first, second, other = asked(scored()), asked(scored()), asked(scored("b" * 64))
    assert first.reference == second.reference
    assert first.reference != other.reference
    assert first.baseline == second.baseline == other.baseline
    assert [run.purpose for run in (*first.reference, *first.baseline)] == ["reference", "baseline"]


def test_asking_again_asks_for_nothing_new() -> None:
    submission = scored()
    assert asked(submission) == asked(submission)
    assert Run.objects.exclude(purpose=RunPurpose.SUBMISSION).count() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"byte_budget": 20_000},
        {"sequence_length": 128},
        {"chunk_first_bytes": 2_048},
        {"audit_fraction": 0.5},
    ],
)
def test_another_schedule_is_another_run(change: dict[str, float]) -> None:
    submission = scored()
    before = asked(submission)
    world.small_runs(**change)
    after = asked(submission)
    assert {*before.reference, *before.baseline}.isdisjoint({*after.reference, *after.baseline})


def test_another_seed_or_architecture_has_another_key() -> None:
    known = {"architecture_hash": ARCHITECTURE, "tokenizer": "bytes"}
    keys = {
        key_of(known, Mode.LOCAL_CPU_SMOKE, 1, policy()),
        key_of(known, Mode.LOCAL_CPU_SMOKE, 2, policy()),
        key_of({**known, "tokenizer": "gpt2"}, Mode.LOCAL_CPU_SMOKE, 1, policy()),
        key_of({**known, "architecture_hash": "b" * 64}, Mode.LOCAL_CPU_SMOKE, 1, policy()),
    }
    assert len(keys) == 4


def test_an_architecture_alone_is_its_own_reference_and_that_of_others() -> None:
    alone = factories.make_submission(stage=factories.Stage.QUEUED)
    Submission.objects.filter(pk=alone.pk).update(kind=Kind.ARCHITECTURE_ONLY)
    Identity.objects.filter(pk=alone.pk).update(architecture_hash=ARCHITECTURE)
    alone.refresh_from_db()
    assert request_runs(alone, policy()) == 1
    own = alone.runs.get()
    end(own)
    assert asked(alone).reference == (own,)
    assert asked(scored()).reference == (own,)
    assert not Run.objects.filter(purpose=RunPurpose.REFERENCE).exists()


def test_yardsticks_are_claimed_when_no_submission_waits() -> None:
    yardsticks = asked(scored())
    waiting = factories.make_run(factories.make_submission(stage=factories.Stage.QUEUED))
    claimed = [claim(), claim(), claim()]
    assert [attempt and attempt.run for attempt in claimed] == [
        waiting,
        *yardsticks.reference,
        *yardsticks.baseline,
    ]
    assert claim() is None


def test_a_yardstick_that_waits_is_seen_by_the_launcher() -> None:
    asked(scored())
    assert anything_queued()


def test_a_lost_yardstick_is_abandoned_and_holds_nobody() -> None:
    submission = scored()
    events = submission.events.count()
    (run,) = asked(submission).reference
    for _ in range(attempts.ALLOWED_ATTEMPTS):
        factories.lose(factories.start(run))
    run.refresh_from_db()
    assert run.state == RunState.ABANDONED
    assert submission.events.count() == events


def test_who_needs_an_abandoned_yardstick_next_has_it_tried_again() -> None:
    (run,) = asked(scored()).reference
    Run.objects.filter(pk=run.pk).update(state=RunState.ABANDONED, attempts_made=3)
    (again,) = asked(scored()).reference
    assert (again.pk, again.state, again.attempts_made) == (run.pk, RunState.QUEUED, 0)


def test_the_result_of_a_yardstick_is_taken_once() -> None:
    (run,) = asked(scored()).reference
    end(run)
    run.refresh_from_db()
    assert (run.state, run.verdict) == (RunState.FINISHED, "scored")
    late = run.attempts.get()
    assert run.manifest is not None
    assert not attempts.finish(late, manifest=run.manifest, exit_code=0)


def test_a_reference_is_prepared_without_training_and_the_baseline_from_our_own_files() -> None:
    submission = world.queued()
    Run.objects.update(state=RunState.RUNNING)
    (reference,), (baseline,) = (runs for runs in vars(asked(submission)).values())
    jobs = {}
    for run in (reference, baseline):
        attempt = claim()
        assert attempt is not None
        assert attempt.run == run
        jobs[run] = Job.read(prepare(attempt, policy()) / JOB)
    assert [jobs[run].bundle.training for run in (reference, baseline)] == [None, None]
    assert [jobs[run].submission_id for run in (reference, baseline)] == [str(submission.pk), "baseline"]
    folders = [Path(jobs[run].bundle.folder) for run in (reference, baseline)]
    assert {path.name for path in folders[0].iterdir()} == {"architecture.py", "prism.yaml"}
    assert (folders[0] / "architecture.py").read_text() == world.ARCHITECTURE
    assert "pre-norm transformer" in (folders[1] / "architecture.py").read_text()


@pytest.mark.parametrize("broken", [{"purpose": "reference"}, {"purpose": "baseline"}, {"source": True}])
def test_a_run_is_of_one_kind(broken: dict[str, object]) -> None:
    submission = factories.make_submission()
    fields = {"submission": submission, "mode": submission.mode, "seed": 1, "created_at": timezone.now()}
    if "source" in broken:
        broken = {"source": submission}
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.create(**{**fields, **broken})


def test_smoke_runs_ask_for_no_references_by_default() -> None:
    targets = resolve_policy(official=False).execution_mode_targets
    assert [targets.of(mode).reference_runs for mode in Mode] == [False, True, True]
    set_policy("execution_mode_targets", {"local_cpu_smoke": {"reference_runs": True}}, by="test")
    assert policy().execution_mode_targets.local_cpu_smoke.reference_runs
