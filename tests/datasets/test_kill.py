"""A preparation killed at any checkpoint goes on, and ends with the bytes of one never killed."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluations.datasets.journal import load_journal
from evaluations.datasets.plan import local_plan
from evaluations.datasets.prepare import prepare, prepared

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("killed_at_rename.py")
SHARD_BYTES = 60_000


def run_until(fatal_rename: int, source: Path, data_dir: Path) -> int:
    arguments = [str(source), str(data_dir), str(SHARD_BYTES), str(fatal_rename)]
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(data_dir.parent), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], env=environment, check=False, timeout=120
    ).returncode


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_repeated_kills_leave_no_trace(
    tmp_path: Path,
    kind: str,
    request: pytest.FixtureRequest,
    folder_bytes: Callable[[Path], dict[str, bytes]],
) -> None:
    source = request.getfixturevalue(kind)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    manifest = prepare(local_plan([source], shard_bytes=SHARD_BYTES), whole, whole / "secret")
    generations = []
    for fatal_rename in range(1, 40):
        code = run_until(fatal_rename, source, killed)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        assert prepared(killed, killed / "secret") in (None, manifest)
        journal = load_journal(killed / "secret")
        generations.append(journal.generation if journal else 0)
    assert folder_bytes(killed) == folder_bytes(whole)
    assert len(generations) >= 3
    assert max(generations) > min(generations)
