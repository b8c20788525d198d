"""A run's final weights from their file back into a slot, for a predictor that starts anew."""

import json
from pathlib import Path
from typing import BinaryIO

from evaluations.runner.slot import Entry, Layout, Slot
from evaluations.runner.stopped import failed

LENGTH_BYTES = (
    8  # of the header's own length, little-endian: https://github.com/huggingface/safetensors#format
)


def restore(path: Path, layout: Layout, slot: Slot) -> None:
    """Copy every tensor of a safetensors file to its place in an open slot.

    The layout is what a model of today declares: raises `Stopped` (`model_mismatch`) where the file, which
    the referee wrote, holds another model. Then `build_model` does not give the same model every time.
    """
    assert slot.memory is not None
    with path.open("rb") as file, memoryview(slot.memory) as memory:
        header_bytes = int.from_bytes(file.read(LENGTH_BYTES), "little")
        header = json.loads(file.read(header_bytes))
        header.pop("__metadata__", None)
        if set(header) != {entry.name for entry in layout.entries}:
            raise failed("model_mismatch", "build_model declares other tensors than it did in the run")
        for entry in layout.entries:
            file.seek(LENGTH_BYTES + header_bytes + _start_of(entry, header[entry.name]))
            _fill(memory[entry.offset : entry.offset + entry.bytes], file)


def _start_of(entry: Entry, described: dict[str, object]) -> int:
    match described:
        case {"shape": list(shape), "data_offsets": [int(start), int(end)]}:
            if tuple(shape) == entry.shape and end - start == entry.bytes:
                return start
    raise failed("model_mismatch", f"{entry.name} has another shape or type than it had in the run")


def _fill(place: memoryview, file: BinaryIO) -> None:
    with place:
        if file.readinto(place) != len(place):  # type: ignore[attr-defined]  # a regular file reads whole
            raise OSError("the stored weights end early")
