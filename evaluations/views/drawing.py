"""Small drawings as SVG path data, computed here so that a page shows them before any script has run."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Point = tuple[float, float]  # (bytes read, bits per byte so far)

# Chunks that a small drawing shows: all of the first, then ever fewer; at most 95 of any run.
SPARSE_INDEXES: tuple[int, ...] = tuple(sorted({*range(25), *(round(25 * 1.1**step) for step in range(70))}))


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The window of values that a drawing shows, and the size it has in user units."""

    width: float
    height: float
    x_range: tuple[float, float]  # bytes, drawn on a log axis
    y_range: tuple[float, float]  # bits per byte, drawn on a linear axis
    left: float = 0.0
    top: float = 0.0

    def x(self, count: float) -> float:
        """Horizontal place of a number of bytes."""
        low, high = (math.log(edge) for edge in self.x_range)
        share = (math.log(count) - low) / (high - low) if high > low else 1.0
        return round(self.left + share * self.width, 2)

    def y(self, bpb: float) -> float:
        """Vertical place of a number of bits per byte; SVG counts downwards."""
        low, high = self.y_range
        share = (bpb - low) / (high - low) if high > low else 0.5
        return round(self.top + (1 - share) * self.height, 2)

    def path(self, points: Iterable[Point]) -> str:
        """The `d` of a path through the points."""
        places = (f"{self.x(count)} {self.y(bpb)}" for count, bpb in points)
        joined = "L".join(places)
        return f"M{joined}" if joined else ""


@dataclass(frozen=True)
class Sparkline:
    """A curve at the size of a word."""

    path: str
    tip_x: float
    tip_y: float
    label: str


def finite(points: Iterable[Point]) -> list[Point]:
    """The points that can be drawn on a log axis."""
    return [(count, bpb) for count, bpb in points if count > 0 and math.isfinite(bpb)]


def sparkline(points: Sequence[Point], *, width: float = 120, height: float = 28) -> Sparkline | None:
    """The curve in a small box; nothing to draw with fewer than two points."""
    drawn = finite(points)
    if len(drawn) < 2:
        return None
    values = [bpb for _, bpb in drawn]
    frame = Frame(
        width=width - 6,
        height=height - 6,
        left=3,
        top=3,
        x_range=(drawn[0][0], drawn[-1][0]),
        y_range=(min(values), max(values)),
    )
    tip_bytes, tip_bpb = drawn[-1]
    label = f"bits per byte, from {values[0]:.2f} to {values[-1]:.2f}"
    return Sparkline(frame.path(drawn), frame.x(tip_bytes), frame.y(tip_bpb), label)


@dataclass(frozen=True)
class Tick:
    """A labelled line of the grid."""

    place: float
    label: str


@dataclass(frozen=True)
class Plot:
    """The best curve over its reference lines."""

    width: float
    height: float
    frame: Frame
    curve: str
    ppmd: str
    uniform_y: float
    x_ticks: list[Tick]
    y_ticks: list[Tick]

    @property
    def right(self) -> float:
        """Where the frame ends."""
        return self.frame.left + self.frame.width

    @property
    def bottom(self) -> float:
        """Where the frame ends."""
        return self.frame.top + self.frame.height


def plot(
    curve: Sequence[Point], ppmd: Sequence[Point], *, width: float = 720, height: float = 260
) -> Plot | None:
    """Curve, PPMd and the uniform line at 8, with axes; nothing to draw with fewer than two points."""
    drawn, reference = finite(curve), finite(ppmd)
    if len(drawn) < 2:
        return None
    both = drawn + reference
    lowest = min(bpb for _, bpb in both)
    highest = max(8.0, *(bpb for _, bpb in both))
    bottom, top = math.floor(lowest), math.ceil(highest - 0.1)  # a curve may start a hair above 8
    frame = Frame(
        width=width - 48,
        height=height - 40,
        left=36,
        top=10,
        x_range=(min(count for count, _ in both), max(count for count, _ in both)),
        y_range=(bottom, top),
    )
    return Plot(
        width=width,
        height=height,
        frame=frame,
        curve=frame.path(drawn),
        ppmd=frame.path(reference),
        uniform_y=frame.y(8.0),
        x_ticks=[Tick(frame.x(at), label) for at, label in byte_ticks(*frame.x_range)],
        y_ticks=[Tick(frame.y(at), str(at)) for at in range(bottom, top + 1)],
    )


def byte_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Round numbers of bytes between two ends: 1, 2 and 5 of a decade, or 1 alone where decades are many."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(decades) <= 4 else (1,)
    places = [step * 10**decade for decade in decades for step in steps]
    return [(place, byte_label(place)) for place in places if low <= place <= high]


def byte_label(count: float) -> str:
    """A number of bytes with an SI prefix: 20000 -> `20 kB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} B"


@dataclass(frozen=True)
class Trace:
    """A figure over the text at the size of a word, with a level that it should keep below."""

    path: str
    tip_x: float
    tip_y: float
    level_y: float | None


def trace(
    points: Sequence[Point], *, level: float | None = None, width: float = 120, height: float = 28
) -> Trace | None:
    """The values and the level, each within the drawing; nothing to draw with fewer than two points."""
    drawn = finite(points)
    if len(drawn) < 2:
        return None
    values = [value for _, value in drawn] + ([] if level is None else [level])
    frame = Frame(
        width=width - 6,
        height=height - 6,
        left=3,
        top=3,
        x_range=(drawn[0][0], drawn[-1][0]),
        y_range=(min(values), max(values)),
    )
    tip_bytes, tip = drawn[-1]
    return Trace(
        frame.path(drawn), frame.x(tip_bytes), frame.y(tip), None if level is None else frame.y(level)
    )
