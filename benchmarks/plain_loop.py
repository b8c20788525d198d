"""The yardstick of `runner_overhead`: a submission's own loop in one plain process, and nothing around it."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from evaluations.runner import loading
from evaluations.runner.context import PrismChunk, PrismContext
from evaluations.runner.devices import CPU
from evaluations.runner.job import Job
from evaluations.runner.stream import chunk_cuts, chunks
from evaluations.runner.tokenizers import ByteCoder


class PlainDoor:
    """Hands out the chunks of the text."""

    def __init__(self, job: Job) -> None:
        self.data, self.device = Path(job.stream.path).read_bytes(), job.device
        self.cuts = chunk_cuts(
            self.data,
            first_bytes=job.schedule.chunk_first_bytes,
            growth=job.schedule.chunk_growth,
            max_bytes=job.schedule.chunk_max_bytes,
        )

    def stream(self, model: nn.Module) -> Iterator[PrismChunk]:
        """Every chunk, whatever the model."""
        for chunk in chunks(self.data, self.cuts):
            tokens = torch.from_numpy(ByteCoder().encode(chunk.text).astype(np.int64))
            yield PrismChunk(tokens.to(self.device), chunk.index, len(chunk.text), chunk.end)

    def tokenizer(self, name: str) -> Any:
        """Bytes only."""
        return ByteCoder()

    def on_checkpoint(self, save: Callable[[], bool | None]) -> None:
        """Nothing is saved."""

    def is_declared(self, tokenizer: Any) -> bool:
        """Bytes only."""
        return True


def main(job: Job) -> None:
    """Train once; the last line printed says for how long."""
    folder = Path(job.bundle.folder)
    training = str(job.bundle.training)
    loading.prepare(folder, [job.bundle.architecture, training])
    architecture = loading.load(folder, job.bundle.architecture)
    ctx = PrismContext(
        vocab_size=256,
        sequence_length=job.schedule.sequence_length,
        max_parameters=job.limits.max_parameters,
        max_layers=job.limits.max_layers,
        seed=job.seed,
        device=job.device,
        precision=job.precision,
        token_budget=job.stream.bytes,
        byte_budget=job.stream.bytes,
        artifacts_dir="",
        checkpoint_dir="",
        data_dir="",
        _build=lambda ctx: loading.build_model(architecture, ctx),
        _door=PlainDoor(job),
    )
    train, began = loading.load(folder, training).train, time.monotonic()
    train(ctx)
    if job.device != CPU:
        torch.cuda.synchronize()
    print("seconds", round(time.monotonic() - began, 3))


if __name__ == "__main__":
    main(Job.read(Path(sys.argv[1])))
