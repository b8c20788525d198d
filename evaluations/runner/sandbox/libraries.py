"""Which libraries a child may read: the system's, Python's and its packages'.

The embedded text is documentation that lies beside the interpreter. Whoever could read it there would know
what is about to be revealed, so the modules of `DOCUMENTED` are closed to every child, and so are other
Pythons. Nothing that trains a model imports them.
"""

import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64")
COMPILED = "__pycache__"
# Top-level names of the standard library that the embedded text is made of; no package holds copies of them.
# fmt: off
DOCUMENTED = frozenset((
    "aifc", "asynchat", "asyncore", "cgi", "cgitb", "chunk", "crypt", "curses", "dbm", "ensurepip",
    "ftplib", "idlelib", "imaplib", "imghdr", "mailbox", "mailcap", "modulefinder", "msilib", "netrc",
    "nntplib", "optparse", "pipes", "poplib", "pydoc_data", "rlcompleter", "sched", "shelve", "smtpd",
    "smtplib", "sndhdr", "sunau", "tabnanny", "telnetlib", "tkinter", "trace", "turtle", "turtledemo", "uu",
    "venv", "wsgiref", "xdrlib", "xmlrpc", "zipapp",
))
# fmt: on
CLOSED = DOCUMENTED | {"test", "tests", "site-packages", "dist-packages"}  # packages are granted as such
DRIVERS = frozenset({"cuda", "nvidia", "wsl"})
PYC_HEADER_BYTES = 16  # PEP 552: magic, flags, and the source's time and size


def standard_library() -> Path:
    """Folder of the interpreter's own modules; a child may list it and read what `readable` says of it."""
    return Path(os.path.realpath(sysconfig.get_path("stdlib")))


@cache
def readable() -> tuple[str, ...]:
    """Files and folders of all libraries that a child may read."""
    packages = [sysconfig.get_path(name) for name in ("purelib", "platlib")] + site.getsitepackages()
    own = [*_shared((*SYSTEM, f"{sys.base_prefix}/lib")), *_modules(standard_library())]
    return tuple(dict.fromkeys(os.path.realpath(path) for path in [*map(str, own), *packages]))


def _shared(folders: Iterable[str]) -> Iterator[Path]:
    """Shared libraries, and folders of nothing else."""
    for folder in dict.fromkeys(os.path.realpath(folder) for folder in folders):
        for path in _within(Path(folder)):
            if (
                ".so" in path.name
                or path.name.endswith(("-linux-gnu", "-linux-musl"))
                or path.name in DRIVERS
            ):
                yield path


def _modules(library: Path) -> Iterator[Path]:
    """Modules and packages of a standard library; of a module its compiled form, where there is one."""
    for path in _within(library):
        if path.name != COMPILED and path.name.partition(".")[0] not in CLOSED:
            compiled = Path(cache_from_source(str(path))) if path.suffix == ".py" else path
            yield compiled if compiled == path or _is_of(compiled, path) else path


def _is_of(compiled: Path, source: Path) -> bool:
    """Whether Python would take this compiled form without a look at the source."""
    try:
        with compiled.open("rb") as file:
            header, facts = file.read(PYC_HEADER_BYTES), source.stat()
    except OSError:
        return False
    words = [int.from_bytes(header[at : at + 4], "little") for at in (4, 8, 12)]
    return words == [0, int(facts.st_mtime) & 0xFFFFFFFF, facts.st_size & 0xFFFFFFFF]


def _within(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
