"""Snapshots: when an epoch has ended, its weights are written down once and for ever.

Epochs count from the one of the first submission. What was missed while nothing ran is filled in order, from
what stands when it is filled, and says so. What ended between a backup and its restore is not: its weights
may have been read before they were lost, and nobody is to read others. A policy that is not valid stops the
snapshots until it is mended.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from evaluations.enums import Mode
from evaluations.models import Submission
from prism_site.config import env
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.resolve import Policy, resolve_policy
from prism_site.restorations.models import forgotten_until
from scoring import ownership
from scoring.epochs import Epoch, epoch_after, epoch_at
from scoring.explanations import lines_of
from scoring.models import SnapshotTurn, WeightSnapshot
from scoring.payout import payout, weighed_mode

AT_ONCE = 20  # snapshots of one tick, which stays seconds long
LATE = timedelta(minutes=5)  # the tick comes every minute
log = structlog.get_logger(__name__)


def snapshot_epochs() -> None:
    """The tick: take what is missing, the oldest first; what it does not get to, the next one does."""
    try:
        for _ in range(AT_ONCE):
            if take_next() is None:
                return
    except PolicyInvalid as problem:
        log.error("snapshot_waits", code=problem.code, problem=str(problem))


def take_next() -> WeightSnapshot | None:
    """The snapshot of the first ended epoch that has none; None where every one has its own.

    Raises `PolicyInvalid` where an official mode has no valid policy, neither at the epoch's end nor now.
    """
    if due(timezone.now()) is None:
        return None
    with transaction.atomic():
        take_turn()
        now = timezone.now()
        epoch = due(now)  # anew: somebody else may have had the turn
        return None if epoch is None else _take(epoch, now)


def due(now: datetime) -> Epoch | None:
    """The oldest epoch that has ended without a snapshot.

    Where the length of epochs was changed, the next one begins at the end of the last snapshot or after it.
    """
    epoch = _following()
    return epoch if epoch is not None and epoch.ends_at <= now else None


def final_until() -> datetime | None:
    """When the last epoch ended whose weights are written down; None before the first."""
    return WeightSnapshot.objects.order_by("-epoch").values_list("ends_at", flat=True).first()


def take_turn() -> None:
    """Until the transaction ends nobody else takes a snapshot, or relies on there being none."""
    SnapshotTurn.objects.get_or_create(pk=1)
    SnapshotTurn.objects.select_for_update().get(pk=1)


def _following() -> Epoch | None:
    """The first epoch without a snapshot that nobody can have read; None before the first submission."""
    epoch, seconds = _unwritten(), env().epoch_seconds
    while epoch is not None and (until := forgotten_until(epoch.ends_at)) > epoch.ends_at:
        epoch = epoch_at(until, seconds)
    return epoch


def _unwritten() -> Epoch | None:
    seconds = env().epoch_seconds
    until = final_until()
    if until is not None:
        return epoch_after(until, seconds)
    first = Submission.objects.order_by("created_at", "pk").values_list("created_at", flat=True).first()
    return None if first is None else epoch_at(first, seconds)


def _take(epoch: Epoch, now: datetime) -> WeightSnapshot:
    mode = weighed_mode()
    ownership.take_turn(mode)  # no family changes between two of our queries
    paid = payout(mode, before=epoch.ends_at, policy=_policy(mode, epoch))
    return WeightSnapshot.objects.create(
        epoch=epoch.epoch_id,
        epoch_seconds=epoch.epoch_seconds,
        ends_at=epoch.ends_at,
        taken_at=now,
        taken_late=now - epoch.ends_at > LATE,
        mode=mode,
        official=paid.official,
        weights=paid.weights.weights,
        explanation=lines_of(paid.weights),
        submissions=paid.submissions,
        policy_row_ids=paid.policy_row_ids,
        inputs=paid.inputs,
        inputs_sha256=paid.inputs_sha256,
    )


def _policy(mode: Mode, epoch: Epoch) -> Policy:
    """The policy with which an epoch ended; where that was not valid, the one in force now."""
    last_moment = epoch.ends_at - timedelta.resolution
    try:
        return resolve_policy(at=last_moment, official=mode.is_official)
    except PolicyInvalid:
        return resolve_policy(official=mode.is_official)
