"""The operator graph of a model as SVG: text to be selected, colours from the style sheet."""

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from evaluations.views.graph_layout import (
    BOX_WIDTH,
    LINE_HEIGHT,
    PADDING,
    Layout,
    Point,
    Step,
    Tangled,
    lay_out,
)

MOST_NODES = 240  # of a drawing: beyond that nobody follows a line
SHOWN_CHARS = 22


def svg(graph: dict[str, Any] | None) -> SafeString:
    """The drawing of `{"nodes": [label], "edges": [[from, to, place]]}`; empty where there is no graph.

    Of one with more than 240 operators the first are drawn, as the caption says.
    """
    if not graph or not graph.get("nodes"):
        return mark_safe("")
    nodes = graph["nodes"][:MOST_NODES]
    edges = [(start, end) for start, end, _ in graph["edges"] if max(start, end) < len(nodes)]
    try:
        layout = lay_out(nodes, edges)
    except Tangled:
        return format_html('<p class="aside-note">{}: too tangled to draw.</p>', caption(graph))
    return format_html(
        '<svg class="graph" viewBox="0 0 {} {}" width="{}" role="img" aria-label="{}">{}{}</svg>',
        f"{layout.width:g}",
        f"{layout.height:g}",
        f"{layout.width:g}",
        caption(graph),
        _edges(layout),
        format_html_join("", "{}", ((_box(step),) for step in layout.boxes)),
    )


def caption(graph: dict[str, Any]) -> str:
    """What the drawing shows, in words."""
    count = len(graph["nodes"])
    told = f"Graph of {count} operators and {len(graph['edges'])} connections, from tokens to logits"
    return told if count <= MOST_NODES else f"{told}; the first {MOST_NODES} are drawn"


def _edges(layout: Layout) -> SafeString:
    return format_html_join(
        "", '<path class="graph-edge" d="{}"/>', ((_path(edge),) for edge in layout.edges)
    )


def _path(points: list[Point]) -> str:
    """A line that leaves and arrives upright."""
    (x, y), parts = points[0], [f"M{points[0][0]:g} {points[0][1]:g}"]
    for to_x, to_y in points[1:]:
        middle = (y + to_y) / 2
        parts.append(f"C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {to_y:g}")
        x, y = to_x, to_y
    return "".join(parts)


def _box(step: Step) -> SafeString:
    left = step.x - BOX_WIDTH / 2
    lines = format_html_join(
        "",
        '<text x="{}" y="{}">{}</text>',
        (
            (f"{step.x:g}", f"{step.top + PADDING + LINE_HEIGHT * (number + 0.72):g}", _short(line))
            for number, line in enumerate(step.lines)
        ),
    )
    return format_html(
        '<g class="graph-box"><rect x="{}" y="{}" width="{}" height="{}" rx="5"/>{}</g>',
        f"{left:g}",
        f"{step.top:g}",
        f"{BOX_WIDTH:g}",
        f"{step.height:g}",
        lines,
    )


def _short(label: str) -> str:
    return label if len(label) <= SHOWN_CHARS else f"{label[: SHOWN_CHARS - 1]}…"
