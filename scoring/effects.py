"""What hotkeys would earn if one family were another. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from scoring import weights
from scoring.weights import Family, Pools


@dataclass(frozen=True, kw_only=True)
class Change:
    """How the weight of one hotkey would change; weights are shares of 1."""

    hotkey: str
    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """Weights by hotkey as they are and as they would be; `changes` are those that differ, largest first."""

    before: dict[str, float]
    after: dict[str, float]
    changes: list[Change]


def what_if(before: Sequence[Family], after: Sequence[Family], pools: Pools) -> WhatIf:
    """Compare the weights of eligible families with those of the families as they would be."""
    now, then = weights.compute(before, pools).weights, weights.compute(after, pools).weights
    return WhatIf(before=now, after=then, changes=changes(now, then))


def changes(before: dict[str, float], after: dict[str, float]) -> list[Change]:
    """The hotkeys whose weight differs, the largest difference first."""
    found = [
        Change(hotkey=hotkey, before=before.get(hotkey, 0.0), after=after.get(hotkey, 0.0))
        for hotkey in {**before, **after}
    ]
    moved = [change for change in found if change.before != change.after]
    return sorted(moved, key=lambda change: (-abs(change.after - change.before), change.hotkey))
