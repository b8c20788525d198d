"""Reading what a job left in its folder, as if somebody wanted to do us harm with it."""

import os
import re
import stat
from pathlib import Path

CODE = re.compile(r"[a-z0-9_]{1,64}")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # what no database would take in a text


class FileRefused(Exception):
    """Not a plain file of a bearable size."""

    code = "file_refused"


def read_capped(path: Path, max_bytes: int) -> bytes:
    """The bytes of a plain file; empty where there is none.

    Raises:
        FileRefused: a link, a device, a pipe, or more than `max_bytes`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise FileRefused(f"{path.name}: {error.strerror}") from error
    try:
        content = _read_plain(descriptor, path.name, max_bytes + 1)
    finally:
        os.close(descriptor)
    if len(content) > max_bytes:
        raise FileRefused(f"{path.name}: more than {max_bytes} bytes")
    return content


def _read_plain(descriptor: int, name: str, max_bytes: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        raise FileRefused(f"{name}: not a plain file")
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(max_bytes)
