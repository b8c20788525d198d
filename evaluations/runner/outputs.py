"""Everything else that a run leaves in its folder: the curve as arrays and the final weights."""

from pathlib import Path

import numpy as np
from safetensors import TensorSpec, serialize_file

from evaluations.runner.ledger import Ledger
from evaluations.runner.slot import Layout, Slot

CURVE_NAME = "curve.npz"
WEIGHTS_NAME = "final.safetensors"


def present(folder: Path) -> list[str]:
    """Names of the files above that lie in a run's folder with something in them."""
    return [name for name in (CURVE_NAME, WEIGHTS_NAME) if _has_content(folder / name)]


def write_curve(folder: Path, ledger: Ledger) -> None:
    """Columns per chunk: stream_bytes, bits, chunk_bytes, chunk_bits, tokens, seconds, nonfinite."""
    names = ("stream_bytes", "bits", "chunk_bytes", "chunk_bits", "tokens", "seconds", "nonfinite")
    columns = {name: np.array([getattr(line, name) for line in ledger.lines]) for name in names}
    np.savez_compressed(folder / CURVE_NAME, **columns)  # type: ignore[arg-type]


def write_weights(folder: Path, layout: Layout, slot: Slot) -> None:
    """The last committed weights as safetensors, from the copy that only the referee could write."""
    assert slot.memory is not None
    memory = np.frombuffer(slot.memory, dtype=np.uint8)  # keeps the mapping alive while its address is used
    tensors = {
        entry.name: TensorSpec(
            dtype=entry.dtype,
            shape=list(entry.shape),
            data_ptr=memory.ctypes.data + entry.offset,
            data_len=entry.bytes,
        )
        for entry in layout.entries
    }
    serialize_file(tensors, str(folder / WEIGHTS_NAME))


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
