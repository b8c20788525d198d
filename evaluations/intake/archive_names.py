"""Names within a bundle: one spelling on every file system, and no way out of the folder."""

import re
from collections.abc import Iterable

from evaluations.intake.refusals import BundleRefused

MAX_NAME_CHARS = 200
MAX_SEGMENTS = 6
SUFFIXES = (".py", ".yaml", ".yml", ".json", ".txt", ".md", ".toml")
ARCHIVE_SUFFIXES = (
    ".zip",
    ".tar",
    ".gz",
    ".tgz",
    ".bz2",
    ".xz",
    ".zst",
    ".7z",
    ".rar",
    ".whl",
    ".egg",
    ".jar",
)
GENERATED_FOLDERS = frozenset({"__macosx", "__pycache__"})
# Windows resolves these to devices, with any suffix and in any case.
DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
)

_SEGMENT = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.\-]*[A-Za-z0-9_\-])?")
_DRIVE = re.compile(r"[A-Za-z]:")


def check_name(raw: bytes) -> str:
    """The name of a record, decoded; a directory's keeps its trailing '/'.

    Raises:
        BundleRefused: zip_name_*.
    """
    code = _fault(raw)
    if code:
        raise BundleRefused(code, file=raw)
    return raw.decode("ascii")


def _fault(raw: bytes) -> str | None:
    if not raw.isascii():
        return "zip_name_not_ascii"
    name = raw.decode("ascii")
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in name):
        return "zip_name_control"
    if "\\" in name:
        return "zip_name_backslash"
    if name.startswith("/") or _DRIVE.match(name):
        return "zip_name_absolute"
    if len(name) > MAX_NAME_CHARS:
        return "zip_name_too_long"
    return _segments_fault(name.removesuffix("/").split("/"))


def _segments_fault(segments: list[str]) -> str | None:
    if any(segment in {"", ".", ".."} for segment in segments):
        return "zip_name_traversal"
    if len(segments) > MAX_SEGMENTS:
        return "zip_name_too_deep"
    if any(segment.casefold() in GENERATED_FOLDERS for segment in segments):
        return "zip_name_not_allowed"
    if not all(_SEGMENT.fullmatch(segment) for segment in segments):
        return "zip_name_charset"
    if any(segment.split(".")[0].casefold() in DEVICES for segment in segments):
        return "zip_name_charset"
    return None


def check_suffix(name: str) -> None:
    """Refuse a file whose suffix is not in the list: zip_nested_archive, zip_file_type."""
    if name.casefold().endswith(ARCHIVE_SUFFIXES):
        raise BundleRefused("zip_nested_archive", file=name)
    if not name.endswith(SUFFIXES):
        raise BundleRefused("zip_file_type", file=name)


def check_tree(names: Iterable[str]) -> None:
    """Refuse names that cannot stand beside each other: zip_duplicate_name, zip_name_conflict.

    Compared without case, as some file systems do: `Model.py` and `model.py` would be one file there.
    """
    directories: dict[str, str] = {}
    files: set[str] = set()
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise BundleRefused("zip_duplicate_name", file=name)
        seen.add(name.casefold())
        if not name.endswith("/"):
            files.add(name.casefold())
        _add_directories(directories, name)
    both = files.intersection(directories)
    if both:
        raise BundleRefused("zip_name_conflict", file=min(both))


def _add_directories(directories: dict[str, str], name: str) -> None:
    segments = name.split("/")[:-1]
    for depth in range(1, len(segments) + 1):
        directory = "/".join(segments[:depth])
        if directories.setdefault(directory.casefold(), directory) != directory:
            raise BundleRefused("zip_duplicate_name", file=name)
