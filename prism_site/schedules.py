"""The periodic ticks by name, as rows that every queue cluster reads."""

from django_q.models import Schedule

CANARY = "evaluations.tasks.canary_tick"
RECONCILE = "evaluations.tasks.reconcile_tick"
HOLDS = "prism_site.hold_ticks.attend_holds"
SNAPSHOTS = "scoring.snapshots.snapshot_epochs"
QUALITIES = "scoring.qualities.attend_qualities"
EVERY_MINUTE = {
    "canary": CANARY,
    "reconcile": RECONCILE,
    "holds": HOLDS,
    "snapshots": SNAPSHOTS,
    "qualities": QUALITIES,
}


def ensure_schedules() -> list[str]:
    """Create or repair the schedule rows; return the names of those that were written."""
    return [name for name, tick in EVERY_MINUTE.items() if _ensure(name, tick)]


def _ensure(name: str, tick: str) -> bool:
    wanted = {"func": tick, "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1}
    if Schedule.objects.filter(name=name, **wanted).exists():
        return False
    Schedule.objects.update_or_create(name=name, defaults=wanted)
    return True
