"""Real runs of small bundles: the files are written, the referee is started, the manifest is read back."""

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

from evaluations.runner.job import BundleSpec, Job, Limits, Schedule, StreamSpec
from evaluations.runner.manifest import RunManifest, read

ROOT = Path(__file__).resolve().parents[2]
TEXT = "\n\n".join(topics[name] for name in sorted(topics)).encode()

TABLE_MODEL = '''
import torch
from torch import nn


class Bigram(nn.Module):
    """log p(next | current) as a table: its code length can be computed by hand."""

    def __init__(self, vocabulary):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(vocabulary, vocabulary))

    def forward(self, tokens):
        return self.table[tokens]


def build_model(ctx):
    return Bigram(ctx.vocab_size)
'''

COUNTING_TRAINER = """
import torch


def train(ctx):
    model = ctx.build_model()
    counts = torch.ones(ctx.vocab_size, ctx.vocab_size)
    last = None
    for chunk in ctx.stream(model):
        line = chunk.tokens if last is None else torch.cat([last, chunk.tokens])
        counts.index_put_((line[:-1], line[1:]), torch.ones(len(line) - 1), accumulate=True)
        last = line[-1:]
        with torch.no_grad():
            model.table.copy_((counts / counts.sum(1, keepdim=True)).log())
"""

IDLE_TRAINER = "def train(ctx):\n    return\n"


@dataclass
class Outcome:
    """What one run left behind."""

    status: int
    lines: list[dict[str, Any]]
    folder: Path
    stderr: str
    manifest: RunManifest | None = field(default=None)

    @property
    def score(self) -> dict[str, Any]:
        assert self.manifest is not None
        assert self.manifest.score is not None, self.manifest.reason + self.manifest.traceback
        return self.manifest.score

    @property
    def bpb(self) -> float:
        return float(self.score["bpb"])

    @property
    def chunks(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["type"] == "chunk"]

    @property
    def log(self) -> str:
        return (self.folder / "learner.log").read_text(errors="replace")


def make_job(
    folder: Path,
    files: dict[str, str | bytes],
    *,
    data: bytes = TEXT[:16_384],
    schedule: Schedule | None = None,
    limits: Limits | None = None,
    tokenizer: str = "bytes",
    architecture: str = "architecture.py",
    training: str | None = "training.py",
    **changes: Any,
) -> Job:
    """A job on `data` with the bundle of `files`, everything below `folder`."""
    bundle = folder / "bundle"
    for name, content in files.items():
        path = bundle / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    stream = folder / "stream.bin"
    stream.write_bytes(data)
    job = Job(
        submission_id="submission",
        run_id="run",
        mode="local_cpu_smoke",
        seed=1337,
        bundle=BundleSpec(
            folder=str(bundle), architecture=architecture, training=training, tokenizer=tokenizer
        ),
        stream=StreamSpec(
            path=str(stream),
            sha256=hashlib.sha256(data).hexdigest(),
            bytes=len(data),
            source="test",
            revision="",
            manifest_sha256="",
            order_seed=0,
        ),
        output_folder=str(folder / "out"),
        run_secret="5e" * 32,
        schedule=schedule or Schedule(sequence_length=64, score_fraction=1.0),
        limits=limits or Limits(wall_seconds=60),
    )
    return replace(job, **{"sandbox": "required", **changes})


def execute(job: Job) -> Outcome:
    """Run a job in a referee process of its own."""
    folder = Path(job.output_folder)
    path = folder.with_name(folder.name + ".json")
    path.write_text(job.to_json())
    done = subprocess.run(
        [sys.executable, "-m", "evaluations.runner", "run", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    written = folder / "prism_run_manifest.v2.json"
    return Outcome(done.returncode, lines, folder, done.stderr, read(written) if written.exists() else None)
