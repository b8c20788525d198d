"""One claim about a run as people and machines are told of it, and careful reading of a manifest."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["holds", "suspicious", "broken", "unmeasured"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is claimed, whether it holds, and the figures that say so."""

    key: str  # for machines
    title: str  # the claim, as a sentence without its full stop
    state: State
    words: str  # what was found, for people
    figures: dict[str, Any] = field(default_factory=dict)  # the same as the manifest has it


def section(found: Any) -> Mapping[str, Any]:
    """A part of a manifest that may be absent or of another type."""
    return found if isinstance(found, Mapping) else {}


def items(found: Any) -> list[Mapping[str, Any]]:
    """The objects of a list that may be absent or of another type."""
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def number(found: Any) -> float | None:
    """A finite number, or None."""
    is_one = isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)
    return float(found) if is_one else None


def count(found: Any) -> int:
    """A number of things, 0 where there is none."""
    return int(number(found) or 0)


def places(found: Any, digits: int = 3) -> str:
    """A number for people: `0.001`, `7.93`, `1.2e-05`; a dash where there is none."""
    value = number(found)
    if value is None:
        return "–"
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.{digits}f}"
    return f"{value:.1e}"
