"""Long curves, packed: rows are the truth, and every full block of them is kept a second time as bytes.

A block of chunks n·BLOCK to (n + 1)·BLOCK - 1 is packed once all of its rows are there. No index comes twice,
so a full block never changes, and whoever reads may take it instead of its rows.
"""

import numpy as np
import numpy.typing as npt

from evaluations.models import CurveBlock, CurvePoint
from evaluations.points import COLUMNS, RECORD

BLOCK = 4096

Records = npt.NDArray[np.void]


def pack(attempt_id: int) -> int:
    """Pack every block that is full by now; return how many were. Called where points are stored."""
    packed, first = 0, CurveBlock.objects.filter(attempt_id=attempt_id).count()
    while len(records := _rows(attempt_id, (first + packed) * BLOCK, BLOCK)) == BLOCK:
        CurveBlock.objects.bulk_create(
            [CurveBlock(attempt_id=attempt_id, number=first + packed, records=records.tobytes())],
            ignore_conflicts=True,  # another tick packs the same bytes
        )
        packed += 1
    return packed


def read(attempt_id: int, *, after: int = -1, packed: bool = True) -> Records:
    """The points of the chunks behind `after`, ascending, shape (chunks,); of rows alone without `packed`."""
    if not packed:
        return _rows(attempt_id, after + 1)
    blocks = CurveBlock.objects.filter(attempt_id=attempt_id, number__gte=(after + 1) // BLOCK)
    found = list(blocks.order_by("number").values_list("number", "records"))
    behind = (found[-1][0] + 1) * BLOCK if found else after + 1
    taken = [np.frombuffer(records, RECORD) for _, records in found]
    whole = np.concatenate([*taken, _rows(attempt_id, behind)])
    return whole[np.searchsorted(whole["index"], after, side="right") :]


def count(attempt_id: int) -> int:
    """How many points there are."""
    blocks = CurveBlock.objects.filter(attempt_id=attempt_id).count()
    behind = CurvePoint.objects.filter(attempt_id=attempt_id, index__gte=blocks * BLOCK)
    return blocks * BLOCK + behind.count()


def _rows(attempt_id: int, first: int, chunks: int | None = None) -> Records:
    """The rows of some chunks; of all from `first` on, where no number is given."""
    rows = CurvePoint.objects.filter(attempt_id=attempt_id, index__gte=first)
    if chunks is not None:
        rows = rows.filter(index__lt=first + chunks)
    return np.array(list(rows.order_by("index").values_list(*COLUMNS)), RECORD)
