"""Measuring what an architecture and a training are worth, after the score: the only writer of `Quality`.

What is to be done stands in the rows: a score without a quality, and a quality that awaits runs.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from evaluations import bell
from evaluations.bundles import BundleChanged
from evaluations.datasets.errors import DataError
from evaluations.enums import Kind, Mode, RunState, Status, Verdict
from evaluations.intake.refusals import BundleRefused
from evaluations.models import Run, Submission
from evaluations.queues import LAUNCHES
from evaluations.tasks import LAUNCH
from evaluations.yardsticks import request_yardsticks
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.resolve import Policy, resolve_policy
from scoring.actions import take_turn
from scoring.blends import store_blend
from scoring.components.account import Account, Own, Yardstick, account, artifacts_of
from scoring.components.component import Unavailable
from scoring.components.sides import Manifest, Side
from scoring.models import Quality, Score

AT_ONCE = 50  # submissions of one tick, which stays seconds long
OPEN = (RunState.QUEUED, RunState.RUNNING)
SUBMISSION, REFERENCE, BASELINE = "submission", "reference", "baseline"
NOT_NOW = (DataError, BundleChanged, BundleRefused, PolicyInvalid)
log = structlog.get_logger(__name__)


def attend_qualities() -> int:
    """The tick: ask for the yardsticks of new scores, measure where runs have ended; return how many."""
    due = [*_unmeasured(), *_with_news()]
    return sum(_attend(submission_id) for submission_id in due)


def measure(submission_id: UUID) -> Quality:
    """Ask for what a scored submission is measured by, unless that was done, and measure what is there.

    Raises:
        DataError: no text is ready here, so nobody knows which runs are alike.
        PolicyInvalid: for official modes.
        Score.DoesNotExist: before there is a score.
    """
    with transaction.atomic():
        submission = take_turn(submission_id)
        score = Score.objects.get(pk=submission_id)
        policy = resolve_policy(official=Mode(submission.mode).is_official)
        known = Quality.objects.filter(pk=submission_id).first()
        runs = _known_runs(known) if known else _asked(submission, policy)
        quality = _store(submission, runs, policy)
        store_blend(score, quality.blend_score)
    return quality


def account_of(submission: Submission, runs: dict[str, list[Run]], policy: Policy) -> Account:
    """Both qualities from runs as they stand."""
    own = runs[SUBMISSION]
    manifests = _manifests(own)
    shown = Own(
        runs=manifests,
        has_training=submission.kind != Kind.ARCHITECTURE_ONLY,
        attempts=max((run.attempts_made for run in own), default=1),
        artifacts=artifacts_of(manifests),
    )
    reference = yardstick(
        REFERENCE, runs[REFERENCE], Unavailable.REFERENCE_PENDING, Unavailable.REFERENCE_FAILED
    )
    baseline = yardstick(BASELINE, runs[BASELINE], Unavailable.BASELINE_PENDING, Unavailable.BASELINE_FAILED)
    return account(shown, reference, baseline, policy)


def yardstick(name: str, runs: Sequence[Run], pending: Unavailable, failed: Unavailable) -> Yardstick:
    """A side of the comparison, if every seed was scored and none is in doubt; or why there is none."""
    if any(run.state in OPEN for run in runs):
        return pending
    manifests = _manifests(runs)
    doubtful = any(manifest["score"]["multiplier"] == 0 for manifest in manifests)
    if not runs or doubtful or len(manifests) < len(runs):
        return failed
    return Side(name, manifests)


def _attend(submission_id: UUID) -> bool:
    try:
        measure(submission_id)
    except NOT_NOW as error:
        log.info("quality_waits", submission_id=str(submission_id), code=error.code, detail=str(error))
        return False
    except Exception:  # one submission that cannot be measured must not keep the others from it
        log.exception("quality_failed", submission_id=str(submission_id))
        return False
    return True


def _unmeasured() -> list[UUID]:
    """Scores that stand, in modes whose policy asks for reference runs; the oldest first."""
    targets = resolve_policy(official=False).execution_mode_targets
    modes = [mode for mode in Mode if targets.of(mode).reference_runs]
    waiting = Score.objects.filter(
        mode__in=modes, multiplier=1.0, submission__status=Status.COMPLETED, submission__quality__isnull=True
    )
    return list(waiting.order_by("computed_at").values_list("pk", flat=True)[:AT_ONCE])


def _with_news() -> list[UUID]:
    """Qualities that await a run which has moved on since they were measured."""
    awaiting = Quality.objects.filter(awaits_runs=True).order_by("computed_at")
    awaited: list[tuple[UUID, dict[str, str]]] = list(awaiting.values_list("pk", "awaited"))
    wanted = {run_id for _, runs in awaited for run_id in runs}
    now = {str(pk): state for pk, state in Run.objects.filter(pk__in=wanted).values_list("pk", "state")}
    return [pk for pk, runs in awaited if any(now[run_id] != state for run_id, state in runs.items())][
        :AT_ONCE
    ]


def _asked(submission: Submission, policy: Policy) -> dict[str, list[Run]]:
    yardsticks = request_yardsticks(submission, policy)
    transaction.on_commit(lambda: bell.ring(LAUNCH, once=True, queue=LAUNCHES))
    return {
        SUBMISSION: list(submission.runs.order_by("created_at", "seed")),
        REFERENCE: list(yardsticks.reference),
        BASELINE: list(yardsticks.baseline),
    }


def _known_runs(quality: Quality) -> dict[str, list[Run]]:
    """The runs that were asked for, in their order, as they stand now."""
    wanted: dict[str, list[str]] = quality.runs
    rows = Run.objects.filter(pk__in=[run_id for ids in wanted.values() for run_id in ids])
    by_id = {str(run.pk): run for run in rows}
    return {name: [by_id[run_id] for run_id in ids] for name, ids in wanted.items()}


def _store(submission: Submission, runs: dict[str, list[Run]], policy: Policy) -> Quality:
    found = account_of(submission, runs, policy)
    awaited = {
        str(run.pk): run.state for side in runs.values() for run in side if run.state != RunState.FINISHED
    }
    quality, _ = Quality.objects.update_or_create(
        submission=submission,
        defaults={
            "mode": submission.mode,
            "q_arch": found.architecture.value,
            "q_recipe": found.training.value,
            "blend_score": found.blend_score,
            "architecture": [line.as_json() for line in found.architecture.components],
            "training": [line.as_json() for line in found.training.components],
            "runs": {name: [str(run.pk) for run in side] for name, side in runs.items()},
            "policy_row_ids": policy.row_ids,
            "awaited": awaited,
            "awaits_runs": bool(awaited),
            "computed_at": timezone.now(),
        },
    )
    return quality


def _manifests(runs: Sequence[Run]) -> list[Manifest]:
    return [run.manifest for run in runs if run.manifest and run.verdict == Verdict.SCORED]
