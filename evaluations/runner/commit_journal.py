"""The commits of a run by their hashes, one line each: what a run that goes on has to do again."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JOURNAL = "commits.jsonl"
CAP_BYTES = 64 << 20  # some hundred thousand commits


@dataclass
class Journal:
    """`commits` by number, and from which commits the run has been taken up again so far."""

    path: Path
    commits: dict[int, str] = field(default_factory=dict)
    resumed: list[int] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> "Journal":
        """The journal in a folder. A line that was not written to its end is dropped."""
        journal = cls(folder / JOURNAL)
        if not journal.path.is_file() or journal.path.is_symlink():
            return journal
        with journal.path.open("rb") as file:
            whole = file.read(CAP_BYTES)
        end = whole.rfind(b"\n") + 1
        if end < len(whole):
            os.truncate(journal.path, end)
        for line in whole[:end].splitlines():
            journal._enter(_object(line))
        return journal

    def enter(self, index: int, sha256: str) -> None:
        """Note a commit once; returns when it would survive a power cut."""
        if index not in self.commits:
            self._append({"commit": index, "sha256": sha256})

    def enter_resumption(self, index: int) -> None:
        """Note that the run goes on from a commit."""
        self._append({"resumed": index})

    def after(self, index: int) -> dict[int, str]:
        """The commits after `index` that have been seen."""
        return {number: found for number, found in self.commits.items() if number > index}

    def _append(self, line: dict[str, Any]) -> None:
        with self.path.open("ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._enter(line)

    def _enter(self, line: dict[str, Any]) -> None:
        match line:
            case {"commit": int(index), "sha256": str(sha256)}:
                self.commits[index] = sha256
            case {"resumed": int(index)}:
                self.resumed.append(index)


def sha256_of(memory: Any) -> str:
    """The hash (hex) of a commit as it lies in its slot."""
    with memoryview(memory) as view:
        return hashlib.sha256(view).hexdigest()


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
