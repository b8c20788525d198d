"""Started by test_killed_decisions: a decision in a process of its own that stops at one point and waits."""

import os
import sys
import time

import django

django.setup()

from prism_site import decisions, hold_moves  # noqa: E402
from reviews import holds  # noqa: E402
from reviews.models import Hold  # noqa: E402
from scoring import actions as scoring  # noqa: E402


def stop_at(module: object, name: str, *, after: bool) -> None:
    """Say `here` when the function is reached, before or after it did its work, and never go on."""
    original = getattr(module, name)

    def stopped(*args: object, **kwargs: object) -> object:
        if after:
            original(*args, **kwargs)
        print("here", flush=True)
        time.sleep(600)
        os._exit(1)

    setattr(module, name, stopped)


POINTS = {
    "locked": (holds, "resolve", False),
    "resolved": (holds, "resolve", True),
    "lifted": (scoring, "lift", True),
    "moved": (hold_moves, "carry_out", True),
    "recorded": (decisions, "_record", True),
    "taken back": (hold_moves, "take_back", True),
    "reopened": (holds, "reopen", True),
}


def main() -> None:
    """`POINT HOLD DECISION`, or `undo` for the last."""
    point, hold_id, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    module, name, after = POINTS[point]
    stop_at(module, name, after=after)
    if what == "undo":
        decisions.undo(hold_id, by="operator:eve")
        return
    decisions.decide(hold_id, Hold.Decision(what), by="operator:eve", note="seen", version=1)


if __name__ == "__main__":
    main()
