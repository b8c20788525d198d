"""Saying an estimate in words: a middle, and how far it may be off."""

from evaluations.estimates import Span

# (unit, its seconds, from how many seconds on it is used)
UNITS = (("s", 1, 0), ("min", 60, 90), ("h", 3600, 2 * 3600), ("days", 86_400, 2 * 86_400))
STEP_SECONDS = 10  # nobody plans by single seconds, and a page that changes each second has to be read anew


def about(span: Span) -> str:
    """`12 min (8 to 25)`; `now` where there is nothing to wait for. All three in the unit of the middle."""
    if span.high < STEP_SECONDS:
        return "now"
    unit, seconds = next((name, size) for name, size, least in reversed(UNITS) if span.median >= least)
    low, middle, high = (_counted(value, seconds) for value in (span.low, span.median, span.high))
    return f"{middle} {unit}" + (f" ({low} to {high})" if low != high else "")


def _counted(value: float, unit_seconds: int) -> str:
    """Whole minutes and tens of seconds; hours and days with a tenth below ten."""
    if unit_seconds == 1:
        return f"{STEP_SECONDS * round(value / STEP_SECONDS)}"
    amount = value / unit_seconds
    return f"{amount:.1f}" if unit_seconds >= 3600 and amount < 10 else f"{amount:,.0f}"
