"""A run's checkpoints between two attempts on one host: set aside, handed over, and thrown away in time.

Whoever cleans up after an attempt sets aside what its referee kept; the next attempt of the same run is given
it. The referee throws its checkpoints away with any verdict, so that there are some only where it had none;
and it believes none that is not provably this run's own.
"""

import json
import shutil
from contextlib import suppress
from pathlib import Path

from evaluations.backends.hostile_files import FileRefused, read_capped
from evaluations.backends.launcher import EXIT
from evaluations.enums import AttemptState, RunState
from evaluations.models import Attempt, Run
from evaluations.runner.checkpoint_store import FOLDER
from prism_site.config import env

ASIDE = ".checkpoints"
OUTPUTS = ("", "output")  # where a referee writes: into the attempt's folder, or into one that is mounted
EXIT_CAP_BYTES = 4096
# Endings that another try from the same place would not mend, or that no referee of ours wrote.
NOT_GONE_ON_FROM = frozenset(
    {
        "manifest_invalid",
        "manifest_foreign",
        "file_refused",
        "limit_passed",
        "output_quota",
        "container_out_of_memory",
    }
)
LIVE_RUNS = (RunState.QUEUED, RunState.RUNNING)


def set_aside(label: str, folder: Path) -> None:
    """Save an ended attempt's checkpoints from being removed with its folder; may be repeated."""
    if _limit_passed(folder):
        return
    for output in OUTPUTS:
        kept = folder / output / FOLDER
        if kept.is_dir() and not kept.is_symlink() and not kept.parent.is_symlink():
            aside = env().artifact_path / ASIDE
            aside.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(aside / label, ignore_errors=True)
            kept.rename(aside / label)


def hand_over(attempt: Attempt, folder: Path) -> bool:
    """Give a new attempt the newest checkpoints of its run on this host; whether there were any."""
    earlier = Attempt.objects.filter(
        run=attempt.run_id,
        host=attempt.host,
        backend=attempt.backend,
        state=AttemptState.LOST,
        fencing_token__lt=attempt.fencing_token,
    )
    found = [before for before in earlier.order_by("-fencing_token") if _aside(before).is_dir()]
    if found and found[0].reason not in NOT_GONE_ON_FROM:
        _aside(found[0]).rename(folder / FOLDER)
    for before in found:
        shutil.rmtree(_aside(before), ignore_errors=True)
    return (folder / FOLDER).is_dir()


def throw_away() -> None:
    """Remove what was set aside for runs that wait for no further attempt."""
    aside = env().artifact_path / ASIDE
    for path in sorted(aside.iterdir()) if aside.is_dir() else ():
        run_id = path.name.partition(".")[0]
        if not Run.objects.filter(pk=run_id, state__in=LIVE_RUNS).exists():
            shutil.rmtree(path, ignore_errors=True)


def _aside(attempt: Attempt) -> Path:
    return env().artifact_path / ASIDE / attempt.label


def _limit_passed(folder: Path) -> bool:
    """Whether the backend ended a run that took too long."""
    with suppress(FileRefused, ValueError, RecursionError):
        ending = json.loads(read_capped(folder / EXIT, EXIT_CAP_BYTES) or b"null")
        return isinstance(ending, dict) and ending.get("limit_passed") is True
    return False
