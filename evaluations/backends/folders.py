"""Where attempts keep their files, and which folders may still have a job in them."""

import shutil
from contextlib import suppress
from pathlib import Path

from evaluations.backends.kept_checkpoints import set_aside
from evaluations.runner.constants import MANIFEST_NAME, learner_log
from evaluations.runner.job import MOST_RANKS
from prism_site.config import env

# What outlives an attempt: the referee's results and the logs.
KEPT = frozenset(
    {
        MANIFEST_NAME,
        "curve.npz",
        "final.safetensors",
        *(learner_log(rank) for rank in range(MOST_RANKS)),
        "predictor.log",
        "progress.jsonl",
        "referee.log",
        "handle.json",
        "exit.json",
    }
)
_MARKERS = ".jobs"


def folder_of(label: str) -> Path:
    """The folder of an attempt, `<run id>.<fencing token>`."""
    return env().artifact_path / label


def mark(label: str) -> None:
    """Remember that this host has files of an attempt to look after."""
    marker = env().artifact_path / _MARKERS / label
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()


def marked() -> list[str]:
    """Labels of the attempts that have not been cleaned up on this host."""
    markers = env().artifact_path / _MARKERS
    return sorted(path.name for path in markers.iterdir()) if markers.is_dir() else []


def clean(label: str) -> None:
    """Remove what an ended attempt need not keep; may be repeated, and is while the mark stays.

    A disk that refuses leaves the mark, so that the next sweep tries again.
    """
    with suppress(OSError):
        folder = folder_of(label)
        set_aside(label, folder)
        for path in folder.iterdir() if folder.is_dir() else ():
            _remove_unless_kept(path)
        (env().artifact_path / _MARKERS / label).unlink(missing_ok=True)


def _remove_unless_kept(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.name not in KEPT:
        path.unlink(missing_ok=True)
