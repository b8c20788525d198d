"""Scored manifests of made-up runs, as far as scoring reads them."""

from itertools import accumulate
from typing import Any

STREAM = "ab" * 32


def manifest(
    chunk_bits: list[float],
    chunk_bytes: list[int] | None = None,
    *,
    seed: int = 1337,
    stream_sha256: str = STREAM,
    **sections: Any,
) -> dict[str, Any]:
    """A run whose curve has these chunks (1,000 bytes each by default); `sections` are merged over it."""
    sizes = chunk_bytes or [1_000] * len(chunk_bits)
    bits, ends = list(accumulate(chunk_bits)), list(accumulate(sizes))
    found: dict[str, Any] = {
        "score": {"bpb": bits[-1] / ends[-1], "bits": bits[-1], "bytes": ends[-1], "multiplier": 1.0},
        "curve": {
            "bytes": ends,
            "bits": bits,
            "bpb": [b / n for b, n in zip(chunk_bits, sizes, strict=True)],
        },
        "integrity": {"tokenizer": "bytes"},
        "heldout": {"bpb": 2.0, "bpb_init": 8.0},
        "model": {"body_parameters": 1_000, "flops_per_token": 2_000.0},
        "training": {"stopped_reason": "returned"},
        "data": {"stream_sha256": stream_sha256},
        "run": {"seed": seed},
        "diagnostics": [],
    }
    for name, section in sections.items():
        merged = isinstance(section, dict) and isinstance(found[name], dict)
        found[name] = found[name] | section if merged else section
    return found
