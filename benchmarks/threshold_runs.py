"""Small real runs for `benchmarks.threshold_power`: one bundle, the same text, one run per training seed.

Each run goes through the whole runner, walls included. Its manifest is kept: a later call goes on from there.
"""

import hashlib
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

from evaluations.runner.constants import MANIFEST_NAME
from evaluations.runner.job import BundleSpec, Job, Limits, Schedule, StreamSpec
from evaluations.runner.manifest import read

ROOT = Path(__file__).resolve().parent.parent

WINDOW = """
import torch
import torch.nn.functional as F
from torch import nn

BACK = 4


class Window(nn.Module):
    def __init__(self, vocabulary, width):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.mix = nn.Linear(BACK * width, 2 * width)
        self.head = nn.Linear(2 * width, vocabulary)

    def forward(self, tokens):
        x = F.pad(self.embed(tokens), (0, 0, BACK - 1, 0))
        near = torch.cat([x[:, k : k + tokens.shape[1]] for k in range(BACK)], dim=-1)
        return self.head(torch.relu(self.mix(near)))


def build_model(ctx):
    return Window(ctx.vocab_size, 48)
"""

TABLE = """
from torch import nn


class Bigram(nn.Module):
    def __init__(self, vocabulary, width):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, tokens):
        return self.head(self.embed(tokens))


def build_model(ctx):
    return Bigram(ctx.vocab_size, 48)
"""

TRAINING = """
import torch
import torch.nn.functional as F

PEAK = 6e-3


def train(ctx):
    model = ctx.build_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=PEAK)
    for batch in ctx.iter_train_batches(model, batch_size=8, seq_len=65):
        tokens = batch.tokens
        share = batch.metadata["stream_bytes"] / ctx.byte_budget
        optimizer.param_groups[0]["lr"] = PEAK * (1 - 0.9 * share)
        loss = F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
"""

MODELS = {"table": TABLE, "window": WINDOW}  # what follows one byte, and what follows four


def manifests(model: str, seeds: int, size: int, kept: Path) -> list[dict[str, Any]]:
    """Manifests of runs that differ in their seed alone, by seed; what is kept is not run again."""
    return [_manifest(model, seed, size, kept / f"{model}-{size}-{seed}") for seed in range(seeds)]


def _manifest(model: str, seed: int, size: int, folder: Path) -> dict[str, Any]:
    if not (folder / MANIFEST_NAME).is_file():
        with tempfile.TemporaryDirectory(prefix="prism-threshold-") as place:
            path = Path(place) / "job.json"
            path.write_text(_job(model, seed, size, Path(place), folder).to_json())
            command = [sys.executable, "-m", "evaluations.runner", "run", str(path)]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return asdict(read(folder / MANIFEST_NAME))


def _job(model: str, seed: int, size: int, place: Path, output: Path) -> Job:
    bundle, stream = place / "bundle", place / "stream.txt"
    bundle.mkdir()
    (bundle / "architecture.py").write_text(MODELS[model])
    (bundle / "training.py").write_text(TRAINING)
    stream.write_bytes(data := _text(size))
    return Job(
        submission_id="benchmark",
        run_id=f"seed-{seed}",
        mode="local_cpu_smoke",
        seed=seed,
        bundle=BundleSpec(folder=str(bundle)),
        stream=StreamSpec(
            path=str(stream),
            sha256=hashlib.sha256(data).hexdigest(),
            bytes=len(data),
            source="pydoc",
            revision="",
            manifest_sha256="",
            order_seed=0,
        ),
        output_folder=str(output),
        run_secret="00" * 32,
        schedule=Schedule(byte_budget=len(data), audit_fraction=0.0),
        limits=Limits(wall_seconds=3_600.0),
    )


def _text(size: int) -> bytes:
    text = "\n\n".join(topics[name] for name in sorted(topics)).encode()
    return text[:size].decode("utf-8", "ignore").encode()
