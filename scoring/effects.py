"""What standings would earn if one submission counted, or counted otherwise. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from scoring import weights
from scoring.ranking import Contender
from scoring.weights import Pools


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


def with_contender(ranked: Sequence[Contender], candidate: Contender | None, pools: Pools) -> WhatIf:
    """Add a contender to eligible ones in rank order; None changes nothing.

    A contender whose hotkey has a better one already changes nothing either: one of each hotkey counts.
    """
    joined = [*ranked, *([candidate] if candidate else [])]
    before = weights.compute(weights.by_contender(ranked), pools).weights
    after = weights.compute(weights.by_contender(joined), pools).weights
    return WhatIf(before=before, after=after, changes=changes(before, after))


def changes(before: dict[str, float], after: dict[str, float]) -> list[Change]:
    """The hotkeys whose weight differs, the largest difference first."""
    found = [
        Change(hotkey=hotkey, before=before.get(hotkey, 0.0), after=after.get(hotkey, 0.0))
        for hotkey in {**before, **after}
    ]
    moved = [change for change in found if change.before != change.after]
    return sorted(moved, key=lambda change: (-abs(change.after - change.before), change.hotkey))
