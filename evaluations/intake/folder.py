"""A folder as the files of a bundle, under the rules of an archive: for work at the author's own desk."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from evaluations.intake.archive import ArchiveLimits
from evaluations.intake.archive_names import check_name, check_suffix, check_tree
from evaluations.intake.refusals import BundleRefused


def read_tree(folder: Path, limits: ArchiveLimits) -> dict[str, bytes]:
    """The files under `folder` by name, sorted; `__pycache__` and dot-files are left aside.

    Raises:
        BundleRefused: the code that the archive of this folder would get.
        NotADirectoryError: `folder` is none.
    """
    if not folder.is_dir():
        raise NotADirectoryError(folder)
    sizes: dict[str, int] = {}
    for entry, name in _walk(folder, ""):
        _check(entry, name)
        sizes[name] = entry.stat(follow_symlinks=False).st_size
        if len(sizes) > limits.max_files:
            raise BundleRefused("zip_too_many_files")
    if not sizes:
        raise BundleRefused("zip_empty")
    check_tree(sizes)
    limits.check_sizes(sizes)
    return {name: (folder / name).read_bytes() for name in sorted(sizes)}


def _walk(folder: Path, prefix: str) -> Iterator[tuple[os.DirEntry[str], str]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith(".") or entry.name == "__pycache__":
                continue
            name = f"{prefix}{entry.name}"
            if not entry.is_dir(follow_symlinks=False):
                yield entry, name
                continue
            check_name(os.fsencode(f"{name}/"))
            yield from _walk(folder / entry.name, f"{name}/")


def _check(entry: os.DirEntry[str], name: str) -> None:
    check_name(os.fsencode(name))
    if entry.is_symlink():
        raise BundleRefused("zip_symlink", file=name)
    if not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
        raise BundleRefused("zip_special_file", file=name)
    check_suffix(name)
