"""How a figure came about, step by step: bars that begin where the one before ended. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scoring.components.component import SENTENCES, Unavailable
from scoring.explanations import why
from scoring.final_score import ScoreTerms, effective_bpb
from scoring.weights import Share

WIDTH = 100.0  # of a drawing, in its own units
ROUNDING = 1e-9
THINNEST = 0.4  # a step that is there is seen


class Kind(StrEnum):
    """What a step does to the figure."""

    TOTAL = "total"
    GAIN = "gain"
    LOSS = "loss"
    NONE = "none"  # nothing, with the reason in words


SIGNS: Mapping[Kind, str] = {Kind.TOTAL: "=", Kind.GAIN: "+", Kind.LOSS: "−", Kind.NONE: "·"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line: from `start` to `end` on the waterfall's axis, how it follows, and what it is in digits."""

    label: str
    kind: Kind
    start: float
    end: float
    how: str = ""
    digits: int = 6

    @property
    def sign(self) -> str:
        """The kind without a colour."""
        return SIGNS[self.kind]

    @property
    def amount(self) -> float | None:
        """What it adds or takes, or the total; null for none."""
        return None if self.kind is Kind.NONE else abs(self.end - self.start)


@dataclass(frozen=True)
class Bar:
    """A step as it is drawn."""

    step: Step
    x: float
    width: float


@dataclass(frozen=True, kw_only=True)
class Waterfall:
    """Steps on one axis that begins at 0; `note` says what the steps do not."""

    title: str
    steps: tuple[Step, ...]
    note: str = ""

    @property
    def bars(self) -> list[Bar]:
        """The steps, the longest axis as wide as the drawing."""
        top = max((max(step.start, step.end) for step in self.steps), default=0.0)
        return [_bar(step, WIDTH / top if top > 0 else 0.0) for step in self.steps]


def score_steps(
    *, bpb: float, heldout_delta: float | None, penalty: float, multiplier: float, terms: ScoreTerms
) -> Waterfall:
    """From bits per byte to the final score, in units of the score."""
    plain = 1 / (1 + bpb)
    effective = effective_bpb(bpb, heldout_delta, terms.heldout_epsilon_bpb)
    better, reached = 1 / (1 + effective), multiplier * penalty / (1 + effective)
    steps = [
        _total("bits per byte alone", plain, f"1 ÷ (1 + {bpb:.6f})"),
        _change("held-out gain", plain, better, _heldout(heldout_delta, bpb, effective)),
        _change(f"penalty × {penalty:g}", better, better * penalty, _penalty(penalty, terms)),
        _change(f"multiplier × {multiplier:g}", better * penalty, reached, _multiplier(multiplier)),
        _total("final score", reached, f"{multiplier:g} × {penalty:g} ÷ (1 + {effective:.6f})"),
    ]
    return Waterfall(title="From bits per byte to the score", steps=tuple(steps))


def quality_steps(
    name: str, title: str, lines: Sequence[Mapping[str, Any]], value: float | None
) -> Waterfall:
    """The contributions of a quality's components; `lines` are `Component`s as JSON."""
    steps, at = [], 0.0
    for line in lines:
        end = at + float(line["contribution"])
        steps.append(_component(line, at, end))
        at = end
    if value is not None:
        steps.append(_total(name, value, "", digits=4))
    note = _missing(lines) if value is not None else ""
    return Waterfall(title=title, steps=tuple(steps), note=note)


def blend_steps(q_arch: float, q_recipe: float, *, architecture: float, recipe: float) -> Waterfall:
    """Both qualities by their weights."""
    first, both = architecture * q_arch, architecture * q_arch + recipe * q_recipe
    steps = (
        Step(
            label="q_arch",
            kind=Kind.GAIN,
            start=0,
            end=first,
            how=f"{architecture:g} × {q_arch:.4f}",
            digits=4,
        ),
        Step(
            label="q_recipe",
            kind=Kind.GAIN,
            start=first,
            end=both,
            how=f"{recipe:g} × {q_recipe:.4f}",
            digits=4,
        ),
        _total("blend", both, "", digits=4),
    )
    return Waterfall(title="From both qualities to the blend", steps=steps)


def weight_steps(shares: Sequence[Share], note: str) -> Waterfall:
    """What a submission earns its hotkey, pool by pool."""
    steps, at = [], 0.0
    for share in shares:
        end = at + share.weight
        label = f"{share.pool} pool"
        steps.append(Step(label=label, kind=Kind.GAIN, start=at, end=end, how=why(share), digits=4))
        at = end
    if steps:
        steps.append(_total("weight", at, "", digits=4))
    return Waterfall(title="From the score to the weight", steps=tuple(steps), note=note)


def _total(label: str, value: float, how: str, digits: int = 6) -> Step:
    return Step(label=label, kind=Kind.TOTAL, start=0.0, end=value, how=how, digits=digits)


def _change(label: str, before: float, after: float, how: str) -> Step:
    kind = Kind.GAIN if after > before else Kind.LOSS if after < before else Kind.NONE
    return Step(label=label, kind=kind, start=before, end=after, how=how)


def _component(line: Mapping[str, Any], start: float, end: float) -> Step:
    label = str(line["name"]).replace("_", " ").replace(" lm ", " LM ")
    if line["value"] is None:
        return Step(label=label, kind=Kind.NONE, start=start, end=start, how=_reason(line["unavailable"]))
    how = f"{line['weight']:.4f} × {line['value']:.4f}"
    return Step(label=label, kind=Kind.GAIN, start=start, end=end, how=how, digits=4)


def _missing(lines: Sequence[Mapping[str, Any]]) -> str:
    share = sum(float(line["share"]) for line in lines if line["value"] is None)
    if not share:
        return ""
    went = "lost" if sum(float(line["weight"]) for line in lines) < 1 - ROUNDING else "given to the rest"
    return f"{share:.0%} of the formula could not be measured: its share is {went}."


def _reason(code: str | None) -> str:
    return SENTENCES[Unavailable(code)] if code in set(Unavailable) else str(code)


def _heldout(delta: float | None, bpb: float, effective: float) -> str:
    if delta is None:
        return "held-out text was not measured"
    return f"{bpb - effective:.6f} bits per byte less, for {delta:.4f} learned on secret text"


def _penalty(penalty: float, terms: ScoreTerms) -> str:
    if penalty == 1:
        return "nothing was learned by heart"
    return f"held-out text costs more than {terms.memorization_gap_bpb:g} bits per byte above trained text"


def _multiplier(multiplier: float) -> str:
    return "no integrity anomaly is open" if multiplier else "an integrity anomaly is open"


def _bar(step: Step, scale: float) -> Bar:
    low, high = sorted((step.start * scale, step.end * scale))
    width = 0.0 if step.kind is Kind.NONE else max(THINNEST, high - low)
    return Bar(step, round(min(low, WIDTH - width), 3), round(width, 3))
