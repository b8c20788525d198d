"""How a curve is looked at: its axes, what smooths the line, and which part of the plane is zoomed in to."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluations.points import Floats, XAxis
from evaluations.smoothing import Smoothing

Scale = Literal["linear", "log"]
Window = tuple[float, float]

MOST_POINTS = 2_000  # of a line; more would be slow to draw and show nothing else
MARGIN = 0.5  # of what is in sight, on either side of it: a small move needs no new answer


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the reader chose. `sight` is the part of x that is seen, `window` the wider one that is drawn."""

    x: XAxis = "bytes"
    x_scale: Scale = "log"
    y_scale: Scale = "linear"
    smoothing: Smoothing = "none"
    span: int = 10  # chunks
    sight: Window | None = None
    window: Window | None = None
    y_window: Window | None = None  # bits per byte; outside of it a value is clipped

    @property
    def log(self) -> bool:
        """Whether every decade of x is as wide as another."""
        return self.x_scale == "log"

    def inside(self, along: Floats) -> slice:
        """Which of some ascending places are drawn: those in the window, with one more on either side.

        All of them where they are few, so that a small curve is whole wherever the reader moves.
        """
        if self.window is None or len(along) <= MOST_POINTS:
            return slice(None)
        first, last = np.searchsorted(along, self.window[0]), np.searchsorted(along, self.window[1], "right")
        return slice(max(0, int(first) - 1), int(last) + 1)

    def seen(self, along: Floats) -> slice:
        """Which of some ascending places are in sight."""
        if self.sight is None:
            return slice(None)
        return slice(
            int(np.searchsorted(along, self.sight[0])), int(np.searchsorted(along, self.sight[1], "right"))
        )


def widened(sight: Window, scale: Scale) -> Window:
    """The part of an axis that is drawn where a part of it is seen."""
    if scale == "log" and sight[0] > 0:
        low, high = widened((math.log(sight[0]), math.log(sight[1])), "linear")
        return math.exp(low), math.exp(high)
    more = MARGIN * (sight[1] - sight[0])
    return sight[0] - more, sight[1] + more
