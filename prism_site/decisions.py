"""Deciding about holds, and undoing it: hold, score, submission and history move together or not at all.

This is what the pages, the API and the admin call; each operator's decision is one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from evaluations.transitions import TransitionRefused
from prism_site import hold_groups, hold_moves
from prism_site.hold_effects import Effect, effects
from prism_site.hold_moves import UndoTooLate
from prism_site.policy.errors import PolicyInvalid
from reviews import holds
from reviews.attribution import Attribution
from reviews.hold_history import picture, record
from reviews.holds import DecisionRefused, HoldChanged
from reviews.models import Hold, HoldEvent
from reviews.operators import OwnHotkey, check_not_own, is_own
from scoring import snapshots
from scoring.effects import Change
from scoring.resolutions import AttributionRefused

__all__ = [
    "REFUSALS",
    "Change",
    "Decided",
    "Effect",
    "UndoTooLate",
    "decide",
    "decide_many",
    "effects",
    "is_own",
    "undo",
    "undoable",
]

# Why a decision or an undo does not happen; each has a `code`.
REFUSALS = (AttributionRefused, DecisionRefused, HoldChanged, OwnHotkey, TransitionRefused, UndoTooLate)


@dataclass(frozen=True, kw_only=True)
class Decided:
    """How one of many decisions went; `hold` is as it stands now, `code` is empty where it was decided."""

    hold_id: int
    hold: Hold | None
    code: str = ""
    message: str = ""


def decide(
    hold_id: int,
    decision: Hold.Decision,
    *,
    by: str,
    note: str,
    version: int,
    attribution: Attribution | None = None,
    closed_with: Hold | None = None,
) -> Hold:
    """Resolve an open hold of any kind and carry it out.

    `release` lets the submission go on once nothing else holds it, `lift_multiplier` with the score that it
    would have had, `confirm` ends it and closes its other holds. `closed_with`: see `prism_site.siblings`.
    Raises one of `REFUSALS`.
    """
    with transaction.atomic():
        hold = hold_moves.lock(hold_id)
        check_not_own(hold, by)
        before = {"hold": picture(hold), "submission": hold_moves.picture(hold.submission_id)}
        hold = holds.resolve(
            hold_id,
            decision,
            by=by,
            note=note,
            version=version,
            attribution=attribution,
            closed_with=closed_with,
        )
        hold_moves.carry_out(hold, before["submission"])
        _record(hold, HoldEvent.Verb.DECIDE, before, by=by, note=hold.note)
    return hold


def undo(hold_id: int, *, by: str, note: str = "") -> Hold:
    """Open a resolved hold again, with those that its decision closed, and hold their submissions again.

    Possible until the weights of the decision's epoch are written down. Raises `HoldChanged` where it is
    open already, `UndoTooLate`, `OwnHotkey` and `TransitionRefused`.
    """
    with transaction.atomic():
        group = _locked_together(hold_id)
        for hold in group:
            check_not_own(hold, by)
        snapshots.take_turn()
        for hold in group:
            _check_undoable(hold)
        for hold in reversed(hold_groups.movers(group)):
            hold_moves.take_back(hold, hold_moves.picture(hold.submission_id), by=by, note=note)
        for hold in reversed(group):
            holds.reopen(hold, by=by, note=note)
    return Hold.objects.get(pk=hold_id)


def can_undo(hold: Hold) -> bool:
    """Whether the window of an undo is open: no weights that follow from the decision are final yet."""
    return undoable(hold, snapshots.final_until())


def undoable(hold: Hold, final_until: datetime | None) -> bool:
    """The same for many holds, with `snapshots.final_until()` asked once."""
    if hold.status != Hold.Status.RESOLVED or hold.decided_at is None:
        return False
    return final_until is None or hold.decided_at >= final_until


def decide_many(
    holds_seen: Sequence[tuple[int, int]], decision: Hold.Decision, *, by: str, note: str
) -> list[Decided]:
    """The same decision about several holds of one kind and one reason, each whole by itself.

    `holds_seen` are pairs of id and version. Raises `DecisionRefused` where they are not alike.
    """
    ids = [hold_id for hold_id, _ in holds_seen]
    alike = Hold.objects.filter(pk__in=ids).values_list("kind", "reason_code").order_by().distinct()
    if len(alike) > 1:
        raise DecisionRefused("only holds of the same kind and reason are decided together")
    return [_decide_one(hold_id, version, decision, by, note) for hold_id, version in holds_seen]


def _decide_one(hold_id: int, version: int, decision: Hold.Decision, by: str, note: str) -> Decided:
    try:
        hold = decide(hold_id, decision, by=by, note=note, version=version)
    except Hold.DoesNotExist:
        return Decided(hold_id=hold_id, hold=None, code="not_found", message="There is no such hold.")
    except (*REFUSALS, PolicyInvalid) as error:
        now = Hold.objects.get(pk=hold_id)
        return Decided(hold_id=hold_id, hold=now, code=error.code, message=str(error))
    return Decided(hold_id=hold_id, hold=hold)


def _locked_together(hold_id: int) -> list[Hold]:
    """The hold and whatever was decided with it, in the order of decision; raises `HoldChanged`."""
    ids = hold_groups.together(hold_id)
    group = {hold.pk: hold for hold in hold_groups.lock(ids)}
    if (
        hold_groups.together(hold_id) != ids
    ):  # somebody undid it, or decided it anew, before the lock was ours
        raise HoldChanged(group[hold_id])
    return [group[pk] for pk in ids]


def _check_undoable(hold: Hold) -> None:
    if hold.status == Hold.Status.OPEN:
        raise HoldChanged(hold)
    if not can_undo(hold):
        raise UndoTooLate("the weights of the decision's epoch are final")
    if holds.open_holds(hold.submission_id).filter(kind=hold.kind).exists():
        raise UndoTooLate("another hold of this kind has been opened since")


def _record(
    hold: Hold, verb: HoldEvent.Verb, before: dict[str, dict[str, Any]], *, by: str, note: str
) -> None:
    after = {"hold": picture(hold), "submission": hold_moves.picture(hold.submission_id)}
    record(hold, verb, by=by, before=before, after=after, note=note)
