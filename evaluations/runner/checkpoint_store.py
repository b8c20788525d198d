"""A run's checkpoints on the disk: written by the referee alone, whole or not at all, believed when proved.

```
<output>/resume/                  no child may read or write here
    commits.jsonl                 the hash of every commit since the first checkpoint
    at-12/                        before chunk 12 was scored
        state.json                a keyed hash of what follows, then where the run stood
        weights                   commit 12, as it lay in its slot
        counts                    the reference model's
        learner                   what lay in the learner's checkpoint folder, which stood still
```

The two newest are kept: a checkpoint is of use when a later commit bears witness to what its learner does.
"""

import errno
import hashlib
import hmac
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from evaluations.runner import kept_files
from evaluations.runner.commit_journal import Journal
from evaluations.runner.job import Job, Limits
from evaluations.runner.kept_files import KeptFile, Quota
from evaluations.runner.sandbox import removal
from evaluations.runner.sandbox.usage import disk_usage
from evaluations.runner.slot import Slot

FOLDER = "resume"
STATE, WEIGHTS, COUNTS, LEARNER = "state.json", "weights", "counts", "learner"
NAME = re.compile(r"at-(\d{1,9})")
KEPT = 2
STATE_CAP_BYTES = 256 << 20
WEIGHT_BYTES = 8  # of a stored number, at most
OTHER_BYTES = 512 << 20  # state and counts
FREE_SHARE = 2  # of a checkpoint's size must be free before it is written


class CheckpointDamaged(Exception):
    """A checkpoint is not what was written: torn, swapped, or by somebody else."""

    code = "checkpoint_damaged"


class CheckpointForeign(Exception):
    """A checkpoint of another run, bundle, text, code or machine."""

    code = "checkpoint_foreign"


class HashedFile:
    """A file that knows the hash of what was written; durable when its block ends."""

    def __init__(self, path: Path) -> None:
        self.file, self.hash = path.open("wb"), hashlib.sha256()

    def write(self, piece: bytes | memoryview) -> int:
        """Write and count in."""
        self.hash.update(piece)
        return self.file.write(piece)

    def __enter__(self) -> "HashedFile":
        return self

    def __exit__(self, *_: object) -> None:
        with self.file:
            self.file.flush()
            os.fsync(self.file.fileno())


@dataclass(frozen=True)
class Saved:
    """A checkpoint that was proved to be this run's own: where it stood before chunk `index` was scored."""

    index: int
    folder: Path
    facts: dict[str, Any]
    commits: dict[int, str]  # that were made from there on, this one first

    def fill(self, slot: Slot) -> None:
        """Put the committed weights into an open slot; raise `CheckpointDamaged` for another length."""
        assert slot.memory is not None
        with (self.folder / WEIGHTS).open("rb") as file, memoryview(slot.memory) as memory:
            if file.seek(0, os.SEEK_END) != len(memory):
                raise CheckpointDamaged("the weights have another length")
            file.seek(0)
            file.readinto(memory)  # a regular file reads whole

    def open_counts(self) -> BinaryIO:
        """The reference model's counts."""
        return (self.folder / COUNTS).open("rb")

    def lay_out(self, folder: Path) -> None:
        """Write the learner's own files into its empty checkpoint folder."""
        with (self.folder / LEARNER).open("rb") as file:
            kept_files.unpack(file, [KeptFile(**item) for item in self.facts["files"]], folder)


class Store:
    """The checkpoints of one run's output folder."""

    def __init__(self, job: Job, identity: str) -> None:
        self.folder, self.identity = Path(job.output_folder) / FOLDER, identity
        self.quota = Quota(learner_bytes(job.limits), job.limits.artifact_files)
        secret = bytes.fromhex(job.run_secret)
        self.key = hmac.new(secret, f"checkpoints of {job.run_id}".encode(), hashlib.sha256).digest()
        self.journal = Journal.read(self.folder)

    def write(
        self,
        index: int,
        facts: dict[str, Any],
        weights: Slot,
        counts: Callable[[Any], None],
        learner_files: Path,
    ) -> None:
        """Keep where a run stands before chunk `index`; `counts` writes those of the reference model.

        Raises `FilesRefused` for what the learner keeps, `OSError` for the disk; then nothing is left of it.
        """
        assert weights.memory is not None
        part = self.folder / f"at-{index}.part"
        removal.remove(part)
        part.mkdir(parents=True)
        try:
            self._check_room(len(weights.memory) + disk_usage((learner_files,)).bytes)
            with HashedFile(part / WEIGHTS) as file, memoryview(weights.memory) as memory:
                file.write(memory)
            with HashedFile(part / COUNTS) as counted:
                counts(counted)
            with HashedFile(part / LEARNER) as learner:
                kept = kept_files.pack(learner_files, learner, self.quota)
            hashes = {WEIGHTS: file, COUNTS: counted, LEARNER: learner}
            facts = facts | {
                "identity": self.identity,
                "index": index,
                "files": [asdict(item) for item in kept],
                "sha256": {name: hashed.hash.hexdigest() for name, hashed in hashes.items()},
            }
            self._write_state(part / STATE, facts)
            self._name(part, index)
        finally:
            removal.remove(part)
        self.journal.enter(index, facts["sha256"][WEIGHTS])
        for _, older in self._present()[KEPT:]:
            removal.remove(older)

    def find(self) -> Saved | None:
        """The newest checkpoint that a later commit bears witness to; None where there is none.

        Raises `CheckpointDamaged` or `CheckpointForeign` where there are some and none is any good.
        """
        refused: CheckpointDamaged | CheckpointForeign | None = None
        for index, folder in self._present():
            later = self.journal.after(index)
            if not later:
                continue
            try:
                facts = self._proved(folder, index)
            except (CheckpointDamaged, CheckpointForeign) as error:
                refused = refused or error
                continue
            return Saved(index, folder, facts, {index: facts["sha256"][WEIGHTS], **later})
        if refused:
            raise refused
        return None

    def forget_after(self, index: int) -> None:
        """The run goes on from a checkpoint: what was kept later is kept again when it gets there."""
        for newer, folder in self._present():
            if newer > index:
                removal.remove(folder)

    def forget(self) -> None:
        """The run begins anew or is over."""
        if self.folder.is_symlink():
            self.folder.unlink()
        removal.remove(self.folder)
        self.journal = Journal.read(self.folder)

    def _present(self) -> list[tuple[int, Path]]:
        """(index, folder) of every checkpoint, newest first."""
        if self.folder.is_symlink() or not self.folder.is_dir():
            return []
        named = [(NAME.fullmatch(path.name), path) for path in self.folder.iterdir() if path.is_dir()]
        found = [(int(match[1]), path) for match, path in named if match and not path.is_symlink()]
        return sorted(found, reverse=True)

    def _proved(self, folder: Path, index: int) -> dict[str, Any]:
        facts = self._facts(folder / STATE)
        if facts["identity"] != self.identity or facts["index"] != index:
            raise CheckpointForeign("the checkpoint belongs to another run, text, code or machine")
        for name, sha256 in facts["sha256"].items():
            path = folder / name
            if path.is_symlink() or not path.is_file():
                raise CheckpointDamaged(f"{name} is no plain file")
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    raise CheckpointDamaged(f"{name} is not what was written")
        return facts

    def _facts(self, path: Path) -> dict[str, Any]:
        """What `_write_state` wrote, by whoever holds the run's secret."""
        if path.is_symlink() or not path.is_file() or path.stat().st_size > STATE_CAP_BYTES:
            raise CheckpointDamaged("there is no state")
        mac, _, body = path.read_bytes().partition(b"\n")
        if not hmac.compare_digest(mac, self._mac(body)):
            raise CheckpointDamaged("the state is not what was written")
        facts: dict[str, Any] = json.loads(body)
        return facts

    def _write_state(self, path: Path, facts: dict[str, Any]) -> None:
        body = json.dumps(facts, allow_nan=False).encode()
        with HashedFile(path) as file:
            file.write(self._mac(body) + b"\n" + body)

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self.key, body, hashlib.sha256).hexdigest().encode()

    def _name(self, part: Path, index: int) -> None:
        whole = self.folder / f"at-{index}"
        removal.remove(whole)
        part.rename(whole)
        _sync(whole)
        _sync(self.folder)

    def _check_room(self, size: int) -> None:
        if shutil.disk_usage(self.folder).free < FREE_SHARE * size:
            raise OSError(errno.ENOSPC, "a checkpoint would fill the disk")


def learner_bytes(limits: Limits) -> int:
    """What a learner may keep for itself with a checkpoint."""
    return limits.artifacts_quota_bytes // 2


def most_bytes(limits: Limits) -> int:
    """What the checkpoints of a run take up at most: those that are kept, and one that is being written."""
    one = learner_bytes(limits) + WEIGHT_BYTES * limits.max_parameters + OTHER_BYTES
    return (KEPT + 1) * one


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
