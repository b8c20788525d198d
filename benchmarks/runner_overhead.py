"""What a scored run costs over the same training loop in plain PyTorch.

Each pair trains the same bundle on the same text twice: once by the runner (a referee, three children behind
walls, commits, scoring and auditing of a share of the windows), once by the submitted `train(ctx)` in a plain
process with a context that hands out the same chunks and does nothing else. Both start with torch not yet
imported. The figure is the ratio of their wall times, pair by pair, since machines are noisy.

    .venv/bin/python -m benchmarks.runner_overhead --pairs 5 --fractions 0.25 1.0
"""

import argparse
import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from pydoc_data.topics import topics

from rich.console import Console
from rich.table import Table

from evaluations.runner.job import BundleSpec, Job, Schedule, StreamSpec

ROOT = Path(__file__).resolve().parent.parent
PLAIN = "benchmarks.plain_loop"


def main() -> None:
    """Run the pairs and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bundle", type=Path, default=ROOT / "examples" / "transformer")
    parser.add_argument("--bytes", type=int, default=524_288)
    parser.add_argument("--audit", type=float, default=0.1, help="audit_fraction; 0 for no audit")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--fractions", type=float, nargs="+", default=[0.25, 1.0])
    options = parser.parse_args()
    table = Table("score_fraction", "runner, s", "plain loop, s", "ratio, median", "ratio, range")
    for fraction in options.fractions:
        schedule = Schedule(score_fraction=fraction, audit_fraction=options.audit)
        pairs = [measure(options.bundle, options.bytes, schedule) for _ in range(options.pairs)]
        ratios = sorted(scored / plain for scored, plain in pairs)
        table.add_row(
            f"{fraction:g}",
            f"{statistics.median(scored for scored, _ in pairs):.1f}",
            f"{statistics.median(plain for _, plain in pairs):.1f}",
            f"{statistics.median(ratios):.3f}",
            f"{ratios[0]:.3f} … {ratios[-1]:.3f}",
        )
    Console().print(table)


def measure(bundle: Path, size: int, schedule: Schedule) -> tuple[float, float]:
    """Wall seconds of a scored run and of the plain loop."""
    with tempfile.TemporaryDirectory(prefix="prism-overhead-") as name:
        path = Path(name) / "job.json"
        path.write_text(job(bundle, Path(name), size, schedule).to_json())
        return timed("evaluations.runner", "run", str(path)), timed(PLAIN, str(path))


def timed(module: str, *arguments: str) -> float:
    """Wall seconds of a module's run as a process of its own."""
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    return time.monotonic() - began


def job(bundle: Path, folder: Path, size: int, schedule: Schedule) -> Job:
    """A run of `bundle` on `size` bytes of Python's own documentation."""
    text = "\n\n".join(topics[name] for name in sorted(topics)).encode()
    data = (text * (size // len(text) + 1))[:size].decode("utf-8", "ignore").encode()
    stream = folder / "stream.txt"
    stream.write_bytes(data)
    return Job(
        submission_id="benchmark",
        run_id="benchmark",
        mode="local_cpu_smoke",
        seed=1337,
        bundle=BundleSpec(folder=str(bundle.resolve())),
        stream=StreamSpec(
            path=str(stream),
            sha256=hashlib.sha256(data).hexdigest(),
            bytes=len(data),
            source="pydoc",
            revision="",
            manifest_sha256="",
            order_seed=0,
        ),
        output_folder=str(folder / "out"),
        run_secret="00" * 32,
        schedule=schedule,
    )


if __name__ == "__main__":
    main()
