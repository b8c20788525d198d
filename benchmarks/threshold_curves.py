"""Logged training losses as pairs of runs for `benchmarks.threshold_power`: what one log can tell of noise.

A log has one loss per step, each on text of its own. Of every two neighbouring steps one is given to the one
run and one to the other, by lot: two runs of the same model that differ by nothing but which text they met.
What differs between seeds for long is not in there.
"""

import csv
import math
import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

STEP_BYTES = 1 << 20  # of text to a step; only the ratio to the code length matters
LOSS = "train_loss"  # nats per token

Pair = tuple[dict[str, Any], dict[str, Any]]


def read_losses(folder: Path) -> dict[str, list[float]]:
    """Losses of every CSV file with a column `train_loss`, by name; steps without one are left out."""
    found = {}
    for path in sorted(folder.rglob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            losses = [float(row[LOSS]) for row in csv.DictReader(file) if row.get(LOSS)]
        if losses:
            found[path.stem] = losses
    return found


def split(losses: list[float], bytes_per_token: float, draws: int) -> Iterator[Pair]:
    """Pairs of manifests, each by another lot."""
    for seed in range(draws):
        rng = random.Random(seed)
        pairs = [
            rng.sample([first, second], 2) for first, second in zip(losses[::2], losses[1::2], strict=False)
        ]
        yield (
            as_manifest([first for first, _ in pairs], bytes_per_token),
            as_manifest([second for _, second in pairs], bytes_per_token),
        )


def as_manifest(losses: list[float], bytes_per_token: float) -> dict[str, Any]:
    """A run whose chunks are steps, as far as a comparison reads it."""
    bits = list(accumulate(loss / math.log(2) / bytes_per_token * STEP_BYTES for loss in losses))
    return {
        "curve": {"bytes": [STEP_BYTES * (k + 1) for k in range(len(losses))], "bits": bits},
        "data": {"stream_sha256": ""},
        "run": {"seed": 0},
    }
