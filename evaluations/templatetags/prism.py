"""How single values look on a page."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evaluations.estimates import Span
from evaluations.views.drawing import Point, byte_label, sparkline
from evaluations.views.estimate_words import about

register = template.Library()
NONE = "–"  # in place of a number that is not there
CLAIM_WORDS = {"holds": "holds", "suspicious": "suspicious", "broken": "broken", "unmeasured": "not measured"}


@register.filter
def short_hotkey(hotkey: str) -> str:
    """An address that can be told apart at a glance: `5Grwva…utQY`."""
    return hotkey if len(hotkey) <= 12 else f"{hotkey[:6]}…{hotkey[-4:]}"


@register.filter
def fixed(value: object, digits: int = 4) -> str:
    """A number with a fixed count of decimals, so that columns line up."""
    return f"{value:.{digits}f}" if isinstance(value, int | float) else NONE


@register.filter
def signed(value: object, digits: int = 4) -> str:
    """A difference with its sign: `+0.1250`, `−0.0300`."""
    return f"{value:+.{digits}f}".replace("-", "−") if isinstance(value, int | float) else NONE


@register.filter
def si_bytes(count: object) -> str:
    """`524288` -> `524 kB`."""
    return byte_label(count) if isinstance(count, int | float) else NONE


@register.filter
def grouped(count: object) -> str:
    """`1234567` -> `1 234 567`, with narrow spaces that do not break."""
    return f"{count:,.0f}".replace(",", "\u202f") if isinstance(count, int | float) else NONE


@register.filter
def duration(seconds: object) -> str:
    """`3725` -> `1 h 2 min`; below a minute with a tenth."""
    if not isinstance(seconds, int | float):
        return NONE
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


@register.filter
def estimated(span: Span | None) -> str:
    """`12 min (8 to 25)`: how long it may take from now."""
    return about(span) if span else NONE


@register.simple_tag
def moment(at: datetime | None) -> SafeString | str:
    """A `<time>` that reads without a script; `time.js` turns it into `12 s ago`."""
    if at is None:
        return NONE
    at = at.astimezone(UTC)
    exact = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return format_html('<time datetime="{}" title="{}" data-ago>{}</time>', at.isoformat(), exact, exact)


@register.inclusion_tag("components/sparkline.html")
def spark(points: list[Point] | None) -> dict[str, Any]:
    """A curve at the size of a word."""
    return {"spark": sparkline(points or [])}


@register.inclusion_tag("components/status.html")
def status_badge(status: str, label: str = "") -> dict[str, Any]:
    """A status as a shape and a word."""
    return {"status": status, "label": label or status}


@register.inclusion_tag("components/claim.html")
def claim_mark(state: str) -> dict[str, Any]:
    """A claim's state as a shape and a word."""
    return {"state": state, "label": CLAIM_WORDS[state]}
