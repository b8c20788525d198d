"""A scored run on a GPU against the same training loop on its own: speed, cost of the audit, repeatability.

    python -m benchmarks.gpu_runner                        a 125M transformer in bf16 on the first GPU
    python -m benchmarks.gpu_runner --device cpu --tiny    the same steps with a toy, to check this script

Needs torch, numpy, tokenizers and safetensors alone. The text is the source of Python's standard library, the
tokens are its bytes. Exit status 3 where CUDA is asked for and is not there.
"""

import argparse
import hashlib
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evaluations.runner import devices
from evaluations.runner.constants import BF16, FLOAT32, TOLERANCE_NATS
from evaluations.runner.job import BundleSpec, Job, Limits, Schedule, StreamSpec
from evaluations.runner.manifest import read

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "transformer" / "architecture.py"
EXAMPLE_SIZE = "WIDTH, HEADS, LAYERS = 128, 4, 3"
NO_CUDA = 3

TRAINING = """
import torch
import torch.nn.functional as F

ROWS = {rows}


def train(ctx):
    model = ctx.build_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-4, betas=(0.9, 0.95), weight_decay=0.1)
    kind = torch.device(ctx.device).type
    for batch in ctx.iter_train_batches(model, batch_size=ROWS, seq_len=ctx.sequence_length + 1):
        tokens = batch.tokens.to(ctx.device)
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=ctx.precision == "bf16"):
            logits = model(tokens[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1).float(), tokens[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
"""


@dataclass(frozen=True)
class Size:
    """How large the model, its batches and the text are."""

    width: int
    heads: int
    layers: int
    rows: int
    sequence_length: int
    text_bytes: int


FULL = Size(width=896, heads=14, layers=13, rows=32, sequence_length=1_024, text_bytes=16 << 20)
TINY = Size(width=32, heads=2, layers=1, rows=4, sequence_length=64, text_bytes=4_608)


@dataclass(frozen=True)
class Row:
    """One measured run; what the plain loop does not have is None."""

    name: str
    wall_seconds: float
    train_seconds: float
    tokens: int
    bpb: float | None = None
    chunk_bits: tuple[float, ...] = ()
    gpu_bytes: int | None = None


def main(argv: list[str] | None = None) -> int:
    """Measure what is asked for; print one table."""
    options = _parser().parse_args(argv)
    if options.device == devices.CUDA and not cuda_is_there():
        print("CUDA is not available here: no GPU, no driver, or a torch that is built for CPUs alone.")
        return NO_CUDA
    size = TINY if options.tiny else FULL
    size = replace(size, text_bytes=options.bytes or size.text_bytes)
    rows = []
    for name, changes in variants(options.tiny).items():
        rows.append(measure(name, size, options, changes))
        print(f"{name}: {rows[-1].wall_seconds:.1f} s", file=sys.stderr, flush=True)
    print("\n".join(report(rows, options)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", choices=(devices.CUDA, devices.CPU), default=devices.CUDA)
    parser.add_argument("--precision", choices=(BF16, FLOAT32), default=BF16)
    parser.add_argument("--sandbox", choices=("required", "off"), default="required")
    parser.add_argument("--tiny", action="store_true", help="a toy model on little text")
    parser.add_argument("--bytes", type=int, default=0, help="of text; default: what fits the model")
    return parser


def cuda_is_there() -> bool:
    """Asked in a process of its own, so that this one never holds a GPU."""
    asked = [sys.executable, "-c", "import sys, torch; sys.exit(not torch.cuda.is_available())"]
    return subprocess.run(asked, check=False).returncode == 0


def variants(tiny: bool) -> dict[str, dict[str, Any] | None]:
    """Name to what differs from an audited run; None for the plain loop."""
    audited: dict[str, Any] = {}
    if tiny:
        return {"plain loop": None, "audited": audited}
    return {
        "plain loop": None,
        "not audited": {"audit_fraction": 0.0},
        "audited": audited,
        "audited again": audited,
        "audited, 8 looks": {"diagnostics": 8},
    }


def measure(name: str, size: Size, options: argparse.Namespace, changes: dict[str, Any] | None) -> Row:
    """One run in a folder of its own; raises where it is not scored."""
    with tempfile.TemporaryDirectory(prefix="prism-gpu-") as folder:
        job = make_job(Path(folder), size, options, changes or {})
        path = Path(folder) / "job.json"
        path.write_text(job.to_json())
        began = time.monotonic()
        if changes is None:
            said = _run("benchmarks.plain_loop", str(path))
            train_seconds = float(said.splitlines()[-1].rpartition(" ")[2])
            return Row(name, time.monotonic() - began, train_seconds, job.stream.bytes)
        _run("evaluations.runner", "run", str(path))
        return _scored(name, time.monotonic() - began, Path(job.output_folder))


def make_job(folder: Path, size: Size, options: argparse.Namespace, changes: dict[str, Any]) -> Job:
    """A run of the example's transformer at another size; `changes` to the schedule or the job."""
    bundle, data = folder / "bundle", text(size.text_bytes)
    bundle.mkdir()
    source = EXAMPLE.read_text(encoding="utf-8")
    assert EXAMPLE_SIZE in source
    scaled = f"WIDTH, HEADS, LAYERS = {size.width}, {size.heads}, {size.layers}"
    (bundle / "architecture.py").write_text(source.replace(EXAMPLE_SIZE, scaled), encoding="utf-8")
    (bundle / "training.py").write_text(TRAINING.format(rows=size.rows), encoding="utf-8")
    (folder / "stream.txt").write_bytes(data)
    of_schedule = {name: value for name, value in changes.items() if name in Schedule.__dataclass_fields__}
    of_job = {name: value for name, value in changes.items() if name not in of_schedule}
    schedule = Schedule(
        byte_budget=len(data),
        chunk_max_bytes=1 << 20,
        sequence_length=size.sequence_length,
        audit_tolerance_nats=TOLERANCE_NATS[options.precision],
    )
    found = devices.gpus() if options.device == devices.CUDA else []
    return Job(
        submission_id="benchmark",
        run_id="benchmark",
        mode="gpu_proxy_eval",
        seed=1337,
        bundle=BundleSpec(folder=str(bundle)),
        stream=StreamSpec(
            path=str(folder / "stream.txt"),
            sha256=hashlib.sha256(data).hexdigest(),
            bytes=len(data),
            source="standard library",
            revision="",
            manifest_sha256="",
            order_seed=0,
        ),
        output_folder=str(folder / "out"),
        run_secret="00" * 32,
        schedule=replace(schedule, **of_schedule),
        limits=Limits(wall_seconds=3_600.0, memory_bytes=64 << 30, threads=4_096),
        device=options.device,
        precision=options.precision,
        gpus=tuple(gpu.uuid for gpu in found[:1]),
        sandbox=options.sandbox,
        **of_job,
    )


def text(size: int) -> bytes:
    """The first `size` bytes of the standard library's source, a whole number of characters."""
    data, root = bytearray(), Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        if len(data) >= size:
            break
        if "site-packages" not in path.parts:
            data += path.read_bytes()
    return bytes(data)[:size].decode("utf-8", "ignore").encode()


def _run(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{module} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def _scored(name: str, wall_seconds: float, folder: Path) -> Row:
    manifest = read(folder / "prism_run_manifest.v2.json")
    assert manifest.score is not None
    assert manifest.training is not None
    assert manifest.curve is not None
    learner = manifest.run["memory"].get("learner", {})
    return Row(
        name,
        wall_seconds,
        manifest.training["learner_seconds"],
        manifest.score["bytes"],
        manifest.score["bpb"],
        tuple(manifest.curve["bits"]),
        learner.get("gpu_bytes"),
    )


def report(rows: list[Row], options: argparse.Namespace) -> Iterator[str]:
    """The table, and the three figures that it is for."""
    by_name = {row.name: row for row in rows}
    yield f"device {options.device}, precision {options.precision}, {rows[0].tokens:,} bytes of text"
    yield f"{'':<18}{'wall s':>9}{'train s':>9}{'tokens/s':>11}{'over plain':>12}{'bpb':>10}{'GPU MiB':>9}"
    plain = rows[0].train_seconds
    for row in rows:
        bpb = "" if row.bpb is None else f"{row.bpb:.6f}"
        gpu = "" if row.gpu_bytes is None else f"{row.gpu_bytes >> 20:,}"
        speed, ratio = row.tokens / row.train_seconds, row.train_seconds / plain
        yield (
            f"{row.name:<18}{row.wall_seconds:>9.1f}{row.train_seconds:>9.1f}{speed:>11,.0f}{ratio:>12.3f}"
            f"{bpb:>10}{gpu:>9}"
        )
    if "not audited" in by_name:
        cost = by_name["audited"].wall_seconds / by_name["not audited"].wall_seconds - 1
        yield f"the audit adds {100 * cost:.1f} % to the wall time"
    if "audited again" in by_name:
        yield f"twice the same run: {repeated(by_name['audited'], by_name['audited again'])}"


def repeated(first: Row, second: Row) -> str:
    """Whether two runs agree bit for bit, or by how much they differ."""
    if first.chunk_bits == second.chunk_bits:
        return "the same bits"
    pairs = zip(first.chunk_bits, second.chunk_bits, strict=True)
    return f"up to {max(abs(a / b - 1) for a, b in pairs):.2e} apart, as a share of the code length so far"


if __name__ == "__main__":
    sys.exit(main())
