"""Where things lie in a container: every path of a job becomes a fixed one, and a mount.

The names tell a run nothing of its host, and a job is the same bytes wherever its host keeps its files.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from evaluations.runner.job import Job, PackSpec, StreamSpec

ROOT = PurePosixPath("/prism")
JOB, BUNDLE, OUTPUT = str(ROOT / "JOB.json"), str(ROOT / "bundle"), str(ROOT / "output")


@dataclass(frozen=True)
class Mount:
    """A file or folder of the host and where it lies in the container; read-only unless it is the output."""

    source: Path
    target: str
    read_only: bool = True


@dataclass(frozen=True)
class Inside:
    """A job as its container sees it, and the mounts that make it so."""

    job: Job
    mounts: tuple[Mount, ...]


def inside(job: Job, *, backend: str, job_file: Path, output: Path) -> Inside:
    """The job with paths of the container; `job_file` is where the caller will write it on the host."""
    stream = _text(job.stream, "stream.txt")
    heldout = _text(job.heldout, "heldout.txt") if job.heldout else None
    packs = [(pack, str(ROOT / "packs" / f"{number}.json")) for number, pack in enumerate(job.packs)]
    tokenizers = {name: str(ROOT / "tokenizers" / f"{name}.json") for name in job.reference_tokenizers}
    translated = dataclasses.replace(
        job,
        bundle=dataclasses.replace(job.bundle, folder=BUNDLE),
        stream=stream,
        heldout=heldout,
        packs=tuple(_pack(pack, target) for pack, target in packs),
        reference_tokenizers=tokenizers,
        output_folder=OUTPUT,
        backend=backend,
    )
    mounts = [
        Mount(job_file, JOB),
        Mount(Path(job.bundle.folder), BUNDLE),
        Mount(Path(job.stream.path), stream.path),
        *([Mount(Path(job.heldout.path), heldout.path)] if job.heldout and heldout else []),
        *(Mount(Path(pack.path), target) for pack, target in packs),
        *(Mount(Path(path), tokenizers[name]) for name, path in job.reference_tokenizers.items()),
        Mount(output, OUTPUT, read_only=False),
    ]
    return Inside(translated, tuple(mounts))


def _text(spec: StreamSpec, name: str) -> StreamSpec:
    return dataclasses.replace(spec, path=str(ROOT / name))


def _pack(spec: PackSpec, target: str) -> PackSpec:
    return dataclasses.replace(spec, path=target)
