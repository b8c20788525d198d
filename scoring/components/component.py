"""A component of a quality: what was measured, from which fields, what it counts, or why there is nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Unavailable(StrEnum):
    """Why a component has no value."""

    NO_HELDOUT = "no_heldout"
    NO_PACKS = "no_packs"
    NO_DIAGNOSTICS = "no_diagnostics"
    NO_TOKEN_COUNT = "no_token_count"  # noqa: S105 - a count of tokens is no secret
    NO_TIMES = "no_times"
    NO_YARDSTICK = "no_yardstick"
    OTHER_TEXT = "other_text"
    ONE_SEED = "one_seed"
    SHORT_CURVE = "short_curve"
    UNKNOWN_ARTIFACTS = "unknown_artifacts"
    NO_TRAINING = "no_training"
    REFERENCE_PENDING = "reference_pending"
    REFERENCE_FAILED = "reference_failed"
    BASELINE_PENDING = "baseline_pending"
    BASELINE_FAILED = "baseline_failed"


SENTENCES: Mapping[Unavailable, str] = {
    Unavailable.NO_HELDOUT: "Held-out text was not measured on both sides.",
    Unavailable.NO_PACKS: "No benchmark pack was measured.",
    Unavailable.NO_DIAGNOSTICS: "Nothing was measured inside the model.",
    Unavailable.NO_TOKEN_COUNT: "The manifest does not say how many tokens the text has.",
    Unavailable.NO_TIMES: "The manifest does not say how long training and a forward took.",
    Unavailable.NO_YARDSTICK: "The yardstick is zero or was not measured.",
    Unavailable.OTHER_TEXT: "Both sides were coded on different texts.",
    Unavailable.ONE_SEED: "One seed shows no spread.",
    Unavailable.SHORT_CURVE: "The curve is too short to tell noise from rises.",
    Unavailable.UNKNOWN_ARTIFACTS: "Nobody looked which files the run left.",
    Unavailable.NO_TRAINING: "It brings no training of its own.",
    Unavailable.REFERENCE_PENDING: "Its architecture has not been run under the reference recipe yet.",
    Unavailable.REFERENCE_FAILED: "Its architecture could not be measured under the reference recipe.",
    Unavailable.BASELINE_PENDING: "The baseline has not been run on this text yet.",
    Unavailable.BASELINE_FAILED: "The baseline could not be measured on this text.",
}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A value in [0, 1] and the fields it came from, by path; or the reason why there is none."""

    value: float | None
    sources: Mapping[str, float] = field(default_factory=dict)
    unavailable: Unavailable | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.unavailable is None):
            raise ValueError("a measure has a value or a reason, and not both")
        if self.value is not None and not 0.0 <= self.value <= 1.0:
            raise ValueError(f"{self.value} is outside [0, 1]")


@dataclass(frozen=True, kw_only=True)
class Component:
    """One line of a quality's account; `contribution` is weight times value."""

    name: str
    share: float  # what the formula gives it
    weight: float  # what it counts after the shares of unavailable ones were given to the others
    value: float | None
    contribution: float
    sources: Mapping[str, float]
    unavailable: Unavailable | None

    def as_json(self) -> dict[str, Any]:
        """The line as it is stored."""
        return asdict(self) | {"unavailable": self.unavailable.value if self.unavailable else None}


def missing(reason: Unavailable) -> Measure:
    """A component that could not be measured."""
    return Measure(value=None, unavailable=reason)
