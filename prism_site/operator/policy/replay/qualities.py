"""What architectures and trainings are worth, weighed again from the runs that they were measured by."""

from evaluations.models import Run
from prism_site.operator.policy.replay.replayed import Budget, Flip, Replayed
from prism_site.policy.resolve import Policy
from scoring.models import Quality
from scoring.qualities import account_of

TITLE = "Blend scores"
RUN_MISSING = "a run that it was measured by is not stored any more"
NOTE = "Stored blends stand until their submission is measured again."
SIDES = {"submission", "reference", "baseline"}


def qualities(now: Policy, draft: Policy, budget: Budget) -> Replayed:
    """Whose blend of both qualities would be another."""
    found = Replayed(title=TITLE, note=NOTE)
    rows = Quality.objects.select_related("submission").order_by("-computed_at", "-pk")
    for row in budget.spend(rows[: budget.last], found, rows.count()):
        runs = runs_of(row)
        if runs is None:
            found.skip(RUN_MISSING)
            continue
        before, after = (_words(row, runs, policy) for policy in (now, draft))
        flip = Flip(submission_id=row.pk, name=row.submission.name, before=before, after=after)
        found.judge(row.computed_at, flip if before != after else None)
    return found


def runs_of(row: Quality) -> dict[str, list[Run]] | None:
    """The runs of every side in their order."""
    wanted: dict[str, list[str]] = row.runs
    ids = [run_id for side in wanted.values() for run_id in side]
    stored = {str(run.pk): run for run in Run.objects.filter(pk__in=ids)}
    if wanted.keys() != SIDES or not stored.keys() >= set(ids):
        return None
    return {side: [stored[run_id] for run_id in ids] for side, ids in wanted.items()}


def _words(row: Quality, runs: dict[str, list[Run]], policy: Policy) -> str:
    account = account_of(row.submission, runs, policy)
    values = {
        "blend": account.blend_score,
        "architecture": account.architecture.value,
        "training": account.training.value,
    }
    return ", ".join(f"{name} {'–' if value is None else f'{value:.4f}'}" for name, value in values.items())
