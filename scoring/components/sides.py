"""One side of a comparison: its scored manifests, one per seed, read as means over seeds."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluations.checklist.claim import number
from scoring.components.component import Measure, Unavailable, missing
from scoring.components.relative import relative

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class Side:
    """`name` is what sources are called by: submission, reference or baseline."""

    name: str
    runs: Sequence[Manifest]

    def mean(self, section: str, field: str) -> float | None:
        """The mean over all runs of a figure that is never negative.

        None unless every run has it, or seeds would be mixed up.
        """
        values = [number((run.get(section) or {}).get(field)) for run in self.runs]
        found = [value for value in values if value is not None and value >= 0]
        return statistics.fmean(found) if found and len(found) == len(values) else None

    def path(self, section: str, field: str) -> str:
        """The name of a figure among the sources."""
        return f"{self.name}.{section}.{field}"

    @property
    def texts(self) -> set[str]:
        """SHA-256 of every text that was coded."""
        return {str(run["data"]["stream_sha256"]) for run in self.runs}


def compare(
    base: Side, side: Side, section: str, field: str, *, k: float = 10.0, without: Unavailable
) -> Measure:
    """How a figure of `side` stands to that of `base`, lower being better."""
    yardstick, value = base.mean(section, field), side.mean(section, field)
    if yardstick is None or value is None:
        return missing(without)
    if yardstick <= 0:
        return missing(Unavailable.NO_YARDSTICK)
    sources = {base.path(section, field): yardstick, side.path(section, field): value}
    return Measure(value=relative(yardstick, value, k), sources=sources)


def same_text(base: Side, side: Side) -> bool:
    """Whether code lengths may be compared at all."""
    return base.texts == side.texts
