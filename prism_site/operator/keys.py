"""What can be done by a key, and which keys may be given to it. Pure."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import TextChoices

from prism_site.operator.visible import is_seen

Keys = Mapping[str, str]  # action -> key; "" where it has none


class Action(TextChoices):
    """One action is one thing on every page; decisions are named as `Hold.Decision` names them."""

    NEXT = "next", "Next hold"
    PREVIOUS = "previous", "Previous hold"
    OPEN = "open", "Open the hold"
    CHOOSE = "choose", "Choose the hold for a decision together"
    CLAIM = "claim", "Claim, give back or take over"
    RELEASE = "release", "Release"
    LIFT = "lift_multiplier", "Lift the multiplier"
    ATTRIBUTE = "attribute", "Attribute"
    CONFIRM = "confirm", "Confirm"
    SIBLINGS = "siblings", "Close like holds with it"
    UNDO = "undo", "Undo"
    QUEUE = "queue", "Back to the queue"
    NEXT_NEIGHBOUR = "next_neighbour", "Next neighbour of the diff"
    PREVIOUS_NEIGHBOUR = "previous_neighbour", "Previous neighbour of the diff"
    LOOK = "look", "Look at what somebody else decided"
    HOLDS = "holds", "From health to the holds"
    REVIEW = "review", "Review a draft of policy"
    HELP = "help", "These keys"


DEFAULTS: Keys = {
    Action.NEXT: "j",
    Action.PREVIOUS: "k",
    Action.OPEN: "Enter",
    Action.CHOOSE: "s",
    Action.CLAIM: "c",
    Action.RELEASE: "r",
    Action.LIFT: "l",
    Action.ATTRIBUTE: "a",
    Action.CONFIRM: "x",
    Action.SIBLINGS: "w",
    Action.UNDO: "u",
    Action.QUEUE: "q",
    Action.NEXT_NEIGHBOUR: "n",
    Action.PREVIOUS_NEIGHBOUR: "p",
    Action.LOOK: "o",
    Action.HOLDS: "h",
    Action.REVIEW: "v",
    Action.HELP: "?",
}
ENTER = "Enter"
# They scroll, leave a field, move the focus, press what has it, or open the browser's search in the page.
BROWSER = frozenset(
    {"/", "'", " ", "Space", "Spacebar", "Tab", "Esc", "Escape", "Backspace", "Delete", "Insert", ENTER}
    | {"Home", "End", "PageUp", "PageDown", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"}
    | {f"F{number}" for number in range(1, 25)}
)


@dataclass(frozen=True, kw_only=True)
class KeyFault:
    """Why an action cannot have a key."""

    action: Action
    code: str
    message: str


class KeysRefused(Exception):
    """Nothing was saved; `faults` says why, action by action."""

    code = "keys_refused"

    def __init__(self, faults: list[KeyFault]) -> None:
        self.faults = faults
        super().__init__("nothing was saved: some actions cannot have these keys")


def checked(asked: Keys) -> dict[str, str]:
    """Every action with its key, as asked or by default; raises `KeysRefused`."""
    keys = {action: written(asked.get(action, DEFAULTS[action])) for action in Action}
    faults = [fault for action, key in keys.items() if (fault := _fault(action, key, keys))]
    if faults:
        raise KeysRefused(faults)
    return {str(action): key for action, key in keys.items()}


def effective(changed: Keys) -> dict[str, str]:
    """The keys of an operator who once changed these; whatever is no longer possible is passed over.

    Where an action that came later would take a key that the operator has given away, it has none.
    """
    own = {Action(name): key for name, key in changed.items() if name in Action.values}
    kept = {action: key for action, key in own.items() if not _fault(action, key, own)}
    taken = set(kept.values())
    free = {action: key if key not in taken else "" for action, key in DEFAULTS.items()}
    return {str(action): kept.get(action, free[action]) for action in Action}


def changes(keys: Keys) -> dict[str, str]:
    """What differs from the default."""
    return {name: key for name, key in keys.items() if key != DEFAULTS[Action(name)]}


def written(key: str) -> str:
    """A key as the browser names it."""
    key = unicodedata.normalize("NFC", key if key == " " else key.strip())
    return ENTER if key.casefold() == "enter" else key


def _fault(action: Action, key: str, keys: Mapping[Action, str]) -> KeyFault | None:
    if not key or (action, key) == (Action.OPEN, ENTER):
        return None
    code, message = _unusable(key) or _taken(action, key, keys) or ("", "")
    return KeyFault(action=action, code=code, message=message) if code else None


def _unusable(key: str) -> tuple[str, str] | None:
    if key in BROWSER or (len(key) > 1 and "+" in key):
        return "key_of_browser", "The browser needs this key for itself."
    if len(key) != 1 or not is_seen(key):
        return "key_malformed", "A key is one character that can be seen, without Ctrl, Alt or Meta."
    if key.isdigit():
        return "key_reserved", "Digits fill in notes."
    return None


def _taken(action: Action, key: str, keys: Mapping[Action, str]) -> tuple[str, str] | None:
    other = next((each for each, theirs in keys.items() if theirs == key and each != action), None)
    return None if other is None else ("key_taken", f"“{other.label}” has the same key.")
