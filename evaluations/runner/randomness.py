"""The state of every generator that training may draw from, kept with a checkpoint and taken up again."""

import base64
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch


def keep(path: Path) -> None:
    """Write the states of Python's, NumPy's and torch's generators, and of the GPU's where one is used."""
    version, numbers, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()
    state: dict[str, Any] = {
        "python": [version, list(numbers), gauss],
        "numpy": [name, np.asarray(keys).tolist(), position, has_gauss, cached],
        "torch": _text(torch.get_rng_state()),
        "cuda": _text(torch.cuda.get_rng_state()) if torch.cuda.is_initialized() else None,  # type: ignore[no-untyped-call]
    }
    path.write_text(json.dumps(state), encoding="utf-8")


def take_up(path: Path) -> None:
    """Go on drawing where `keep` was called."""
    state = json.loads(path.read_text(encoding="utf-8"))
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))
    torch.set_rng_state(_tensor(state["torch"]))
    if state["cuda"] is not None:
        torch.cuda.set_rng_state(_tensor(state["cuda"]))


def _text(state: torch.Tensor) -> str:
    return base64.b64encode(state.numpy().tobytes()).decode()


def _tensor(text: str) -> torch.Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)
