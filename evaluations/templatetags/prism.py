"""How single values look on a page."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evaluations.views.drawing import Point, byte_label, sparkline

register = template.Library()


@register.filter
def short_hotkey(hotkey: str) -> str:
    """An address that can be told apart at a glance: `5Grwva…utQY`."""
    return hotkey if len(hotkey) <= 12 else f"{hotkey[:6]}…{hotkey[-4:]}"


@register.filter
def fixed(value: float | None, digits: int = 4) -> str:
    """A number with a fixed count of decimals, so that columns line up; `–` for none."""
    return "–" if value is None else f"{value:.{digits}f}"


@register.filter
def si_bytes(count: float | None) -> str:
    """`524288` -> `524 kB`."""
    return "–" if count is None else byte_label(count)


@register.filter
def grouped(count: float | None) -> str:
    """`1234567` -> `1 234 567`, with narrow spaces that do not break."""
    return "–" if count is None else f"{count:,.0f}".replace(",", "\u202f")


@register.filter
def duration(seconds: float | None) -> str:
    """`3725` -> `1 h 2 min`; below a minute with a tenth."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


@register.simple_tag
def moment(at: datetime | None) -> SafeString | str:
    """A `<time>` that reads without a script; `time.js` turns it into `12 s ago`."""
    if at is None:
        return "–"
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
