"""Who operators are: their names in the history, and hotkeys that they may not judge."""

from typing import Any

from reviews.models import Hold, OperatorProfile

PREFIX = "operator:"
RESEMBLES = 0.5  # from which an earlier submission has a part in the decision


class OwnHotkey(Exception):
    """The hold is about a hotkey of the operator's own."""

    code = "own_hotkey"


def check_not_own(hold: Hold, by: str) -> None:
    """Raise `OwnHotkey` where a hotkey of the operator `by` is involved in a hold."""
    if is_own(hold, by):
        raise OwnHotkey("a hotkey of your own is involved: another operator decides this")


def is_own(hold: Hold, by: str) -> bool:
    """Whether the submission, or earlier work that it resembles, is of a hotkey of the operator `by`."""
    if not by.startswith(PREFIX):
        return False
    hotkeys = {hold.submission.hotkey, *_named_in(hold.evidence)}
    of_operator = OperatorProfile.objects.filter(user__username=by.removeprefix(PREFIX))
    return of_operator.filter(hotkey__in=hotkeys).exists()


def _named_in(evidence: dict[str, Any]) -> set[str]:
    """Hotkeys of the neighbours in a hold's evidence that the submission resembles."""
    neighbours: list[dict[str, Any]] = evidence.get("neighbours", [])
    return {each["hotkey"] for each in neighbours if _likeness(each) >= RESEMBLES}


def _likeness(neighbour: dict[str, Any]) -> float:
    return max(float(neighbour.get(name, 0)) for name in ("similarity", "containment", "contained"))
