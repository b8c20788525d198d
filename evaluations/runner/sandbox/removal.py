"""Removing what a child wrote, however deep it nested it.

A tree deeper than paths are long cannot be walked by path, nor by recursion. So subfolders are moved up to
the top one level at a time, and every folder is then flat when its turn comes.
"""

import os
from contextlib import suppress
from pathlib import Path


def empty(folder: Path) -> None:
    """Remove everything below a folder, following no link; only for a folder whose writers are dead."""
    if not folder.is_dir() or folder.is_symlink():
        return
    number = 0
    waiting = _clear_files(folder)
    while waiting:
        current = waiting.pop()
        for child in _clear_files(current):
            number += 1
            waiting.append(child.rename(folder / f".removed.{os.getpid()}.{number}"))
        current.rmdir()


def remove(folder: Path) -> None:
    """Remove a folder with everything below it; nothing where there is none."""
    empty(folder)
    with suppress(FileNotFoundError):
        folder.rmdir()


def _clear_files(folder: Path) -> list[Path]:
    """Unlink what is no folder; give the folders."""
    folder.chmod(0o700)
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if not entry.is_dir(follow_symlinks=False):
            Path(entry.path).unlink()
    return [Path(entry.path) for entry in found if entry.is_dir(follow_symlinks=False)]
