"""What the points cannot tell: reasons to doubt a fitted law, each with its figure and a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scoring.scaling.fitting import Fit
from scoring.scaling.intervals import Bootstrap, Interval, OptimumInterval
from scoring.scaling.law import Numbers
from scoring.scaling.observations import Observations

FEWEST_LEVELS = 3  # of size and of text: an exponent and an offset need three
SAME_LEVEL = 0.02  # counts nearer than this share are one level
NARROW = 10.0  # times, from the smallest to the largest
TOO_ALIGNED = 0.98  # correlation of ln N and ln D
OTHER_EXPONENT = 0.2  # relative difference of exponents that explain the points equally well
BARELY_SEEN = 3.0  # a term has to be this many times the noise of the points somewhere
FAR = 10.0  # times beyond what was measured


@dataclass(frozen=True)
class Doubt:
    """One reason; `figure` is what it was judged by."""

    code: str
    figure: float
    sentence: str


def doubts(observations: Observations, fitted: Fit, drawn: Bootstrap) -> list[Doubt]:
    """Every reason to doubt the law of these points; none is no proof."""
    return [
        *_design(observations),
        *_uniqueness(fitted),
        *_terms(observations, fitted),
        *_intervals(drawn),
    ]


def optimum_doubts(observations: Observations, found: OptimumInterval) -> list[Doubt]:
    """Reasons to doubt what the law recommends for one budget."""
    found_far = [
        *_beyond("parameters", observations.parameters, found.parameters.value),
        *_beyond("tokens", observations.tokens, found.tokens.value),
    ]
    if found.without > 0:
        text = f"in {found.without:.0%} of resamples there is no optimum at all"
        found_far.append(Doubt("optimum_missing", found.without, text))
    return found_far


def _design(observations: Observations) -> Iterator[Doubt]:
    for name, counts in (("sizes", observations.parameters), ("amounts of text", observations.tokens)):
        levels, span = _levels(counts), float(counts.max() / counts.min())
        if levels < FEWEST_LEVELS:
            text = f"only {levels} different {name}: an exponent and an offset need {FEWEST_LEVELS}"
            yield Doubt("too_few_levels", levels, text)
        if span < NARROW:
            yield Doubt("span_too_narrow", span, f"the {name} span a factor of {span:.1f} only")
    if _levels(observations.parameters) > 1 and _levels(observations.tokens) > 1:
        aligned = float(np.corrcoef(np.log(observations.parameters), np.log(observations.tokens))[0, 1])
        if abs(aligned) > TOO_ALIGNED:
            text = (
                f"size and text change together (correlation {aligned:.2f}): nothing tells their terms apart"
            )
            yield Doubt("size_and_text_aligned", aligned, text)


def _uniqueness(fitted: Fit) -> Iterator[Doubt]:
    for name in ("alpha", "beta"):
        best = getattr(fitted.law, name)
        apart = max((abs(getattr(end, name) - best) for end in fitted.ends), default=0.0) / max(
            abs(best), 1e-9
        )
        if apart > OTHER_EXPONENT:
            text = f"another {name}, {apart:.0%} away, explains the points equally well"
            yield Doubt("fit_not_unique", apart, text)


def _terms(observations: Observations, fitted: Fit) -> Iterator[Doubt]:
    law = fitted.law
    if min(law.alpha, law.beta) <= 0:
        text = f"an exponent is not above zero (alpha {law.alpha:.3f}, beta {law.beta:.3f})"
        yield Doubt("exponent_not_positive", min(law.alpha, law.beta), text)
    shares = {"size": law.size_term(observations.parameters), "text": law.text_term(observations.tokens)}
    for name, term in shares.items():
        change = float((term.max() - term.min()) / observations.losses.min())
        if change < BARELY_SEEN * fitted.rms:
            text = f"{name} changes loss by {change:.2%} within the noise of the points ({fitted.rms:.2%})"
            yield Doubt("term_within_noise", change, text)
    floor = law.E / float(observations.losses.min())
    if floor < 0.01:
        yield Doubt("irreducible_at_zero", floor, "E came out as nothing: the points do not measure it")


def _intervals(drawn: Bootstrap) -> Iterator[Doubt]:
    for name, interval in drawn.parameters().items():
        if name in ("alpha", "beta") and _is_wide(interval):
            low, high = interval.low or 0.0, interval.high or 0.0
            yield Doubt(
                "exponent_not_measured", high - low, f"{name} lies anywhere in {low:.2f} … {high:.2f}"
            )


def _is_wide(interval: Interval) -> bool:
    if interval.low is None or interval.high is None:
        return True
    return interval.high - interval.low > max(abs(interval.value), 1e-9)


def _beyond(name: str, measured: Numbers, value: float) -> list[Doubt]:
    times = max(value / float(measured.max()), float(measured.min()) / value)
    if times <= FAR:
        return []
    return [Doubt("optimum_far_away", times, f"{times:,.0f} times beyond the {name} that were measured")]


def _levels(counts: Numbers) -> int:
    logs = np.sort(np.log(counts))
    return 1 + int((np.diff(logs) > SAME_LEVEL).sum())
