"""The columns of a curve, one record a chunk: what is read from rows, cut to a window, and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

XAxis = Literal["bytes", "chunks", "tokens", "flops", "seconds"]
Floats = npt.NDArray[np.float64]

# `stream_bytes`, `bits` and `tokens` are totals since the start, `seconds` the time since then.
RECORD = np.dtype(
    [
        ("index", "<i8"),
        ("stream_bytes", "<i8"),
        ("bits", "<f8"),
        ("chunk_bytes", "<i8"),
        ("chunk_bits", "<f8"),
        ("tokens", "<i8"),
        ("seconds", "<f8"),
        ("nonfinite", "<i8"),
    ]
)
COLUMNS: tuple[str, ...] = RECORD.names or ()
AXIS_COLUMNS = {"bytes": "stream_bytes", "tokens": "tokens", "flops": "tokens", "seconds": "seconds"}


class AxisUnknown(Exception):
    """FLOPs are known once the run's manifest counts them."""

    code = "axis_unavailable"


@dataclass(frozen=True, eq=False)
class Points:
    """Records of shape (chunks,), ascending by `index`; `flops_per_token` where the manifest counts them."""

    records: npt.NDArray[np.void]
    flops_per_token: float | None = None

    @classmethod
    def of(cls, *, flops_per_token: float | None = None, **columns: Sequence[float]) -> "Points":
        """From columns by name; one that is missing is 0, and `index` counts from 0."""
        count = max(map(len, columns.values()), default=0)
        records = np.zeros(count, RECORD)
        records["index"] = np.arange(count)
        for name, values in columns.items():
            records[name] = values
        return cls(records, flops_per_token)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """A column by its name."""
        return self.records[name]

    def knows(self, x: XAxis) -> bool:
        """Whether these points have a place on an axis."""
        return x != "flops" or self.flops_per_token is not None

    def along(self, x: XAxis) -> Floats:
        """Where the points stand on an axis, shape (chunks,); raises `AxisUnknown`."""
        if x == "chunks":
            return self["index"] + 1.0  # a chunk counts when it is read
        place: Floats = self[AXIS_COLUMNS[x]].astype(np.float64)
        if x != "flops" or not len(self):
            return place
        if self.flops_per_token is None:
            raise AxisUnknown(AxisUnknown.__doc__)
        return place * self.flops_per_token

    def since(self, index: int) -> "Points":
        """The points of the chunks after `index`."""
        return self.cut(slice(int(np.searchsorted(self["index"], index, side="right")), None))

    def cut(self, places: slice | npt.NDArray[np.int64]) -> "Points":
        """The points at some places, which ascend."""
        return replace(self, records=self.records[places])

    @property
    def bpb(self) -> Floats:
        """Bits per byte over everything read so far, shape (chunks,)."""
        return ratio(self["bits"], self["stream_bytes"])

    @property
    def chunk_bpb(self) -> Floats:
        """Bits per byte of each chunk by itself, shape (chunks,)."""
        return ratio(self["chunk_bits"], self["chunk_bytes"])


def ratio(bits: npt.NDArray[Any], read: npt.NDArray[Any]) -> Floats:
    """Bits per byte, NaN where nothing was read: progress lines are another process's word."""
    known = np.full(len(bits), np.nan)
    np.divide(bits, read, out=known, where=read > 0)
    return known


NONE = Points(np.zeros(0, RECORD))
