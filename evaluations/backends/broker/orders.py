"""A job as it is sent: the run with paths below its workspace, bundle, texts, the program around it."""

import dataclasses
import hashlib
import hmac
import json
import os
from pathlib import Path, PurePosixPath

from evaluations.backends.broker import contained
from evaluations.backends.broker.archive import pack
from evaluations.backends.broker.errors import JobTooLarge
from evaluations.backends.broker.request import Mount
from evaluations.backends.folders import KEPT
from evaluations.backends.machine import TORCH_THREADS_PER_CORE
from evaluations.runner.constants import MANIFEST_NAME
from evaluations.runner.devices import CUDA
from evaluations.runner.job import Job, PackSpec, StreamSpec
from prism_site.config import persistent_secret

WORKSPACE, OUTPUT = "/workspace", "/artifacts"
OUTPUT_MOUNT = 1  # its number among the mounts
COMMAND = ["python", f"{WORKSPACE}/contained.py", WORKSPACE, OUTPUT]
BACKEND = "broker"
MAX_PACKED_BYTES = 64 << 20
MAX_FILE_BYTES = 64 << 20  # of a result; larger final weights stay where they are
RETURNED = sorted(KEPT - {"handle.json", "exit.json"})


def seal_key(label: str) -> bytes:
    """The key of an attempt's seal: whoever has the run secret can make it again, nobody else."""
    return hmac.new(
        persistent_secret("run_secret").encode(), f"seal:{label}".encode(), hashlib.sha256
    ).digest()


def mounts_of(job: Job, *, label: str, limit_seconds: float, texts_dir: str) -> list[Mount]:
    """The workspace, filled, and the empty output folder.

    `texts_dir` is where the broker itself mounts the texts of this host under the same names; empty: they are
    sent.

    Raises:
        JobTooLarge: the texts are too much to be sent.
        OSError: a file is not there.
    """
    files = _bundle(Path(job.bundle.folder))
    sent = _Sent(files, texts_dir)
    packed_job = dataclasses.replace(
        job,
        bundle=dataclasses.replace(job.bundle, folder="bundle"),
        stream=sent.text(job.stream),
        heldout=sent.text(job.heldout) if job.heldout else None,
        packs=tuple(sent.pack(pack) for pack in job.packs),
        reference_tokenizers={name: sent.file(Path(path)) for name, path in job.reference_tokenizers.items()},
        gpus=(),
        backend=BACKEND,
    )
    files["contained.py"] = Path(contained.__file__).read_bytes()
    files[contained.ORDER] = _order(packed_job, label, limit_seconds)
    return [
        Mount(target=WORKSPACE, archive=pack(files, max_bytes=MAX_PACKED_BYTES)),
        Mount(target=OUTPUT, archive=pack({}, max_bytes=MAX_PACKED_BYTES), read_only=False),
    ]


def gpu_count_of(job: Job) -> int | None:
    """How many GPUs a job is to get; which, the broker says."""
    return job.world_size if job.device == CUDA else None


def _order(job: Job, label: str, limit_seconds: float) -> bytes:
    order = {
        "label": label,
        "key": seal_key(label).hex(),
        "job": dataclasses.asdict(job),
        "limit_seconds": limit_seconds,
        "threads": job.limits.threads - TORCH_THREADS_PER_CORE * (os.cpu_count() or 1),
        "gpu_count": gpu_count_of(job),
        "keep": RETURNED,
        "first": MANIFEST_NAME,
        "max_file_bytes": MAX_FILE_BYTES,
    }
    return json.dumps(order, sort_keys=True).encode()


def _bundle(folder: Path) -> dict[str, bytes]:
    plain = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return {
        str(PurePosixPath("bundle") / path.relative_to(folder).as_posix()): path.read_bytes()
        for path in plain
    }


class _Sent:
    """Adds files to those that are sent, and says under which path each will lie."""

    def __init__(self, files: dict[str, bytes], texts_dir: str) -> None:
        self._files, self._texts_dir, self._bytes = files, texts_dir, 0

    def text(self, spec: StreamSpec) -> StreamSpec:
        return dataclasses.replace(spec, path=self._mounted(Path(spec.path)))

    def pack(self, spec: PackSpec) -> PackSpec:
        return dataclasses.replace(spec, path=self._mounted(Path(spec.path)))

    def _mounted(self, path: Path) -> str:
        if self._texts_dir:
            return str(PurePosixPath(self._texts_dir) / path.parent.name / path.name)
        return self.file(path)

    def file(self, path: Path) -> str:
        """Four times as much as may be sent packed is not even read: text packs to no less than a quarter."""
        self._bytes += path.stat().st_size
        if self._bytes > 4 * MAX_PACKED_BYTES:
            raise JobTooLarge(f"{path.name} and the rest are {self._bytes} bytes")
        name = f"texts/{len(self._files)}-{path.name}"[:100]
        self._files[name] = path.read_bytes()
        return name
