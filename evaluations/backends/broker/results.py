"""The sealed result of a job out of what its container printed.

Whoever gets to print may print marks, archives and files of any name. Only who read the order has its key,
and the submitted code cannot: a file counts if its hash stands in a seal that verifies, wherever it was
found.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from evaluations.backends.broker.archive import ArchiveRefused, unpack
from evaluations.backends.broker.contained import SEAL, mac
from evaluations.backends.broker.errors import ResultRefused
from evaluations.backends.broker.marks import OURS, Section, sections

MAX_SEAL_BYTES = 1 << 20
MAX_EXIT_CODE = 1 << 16


@dataclass(frozen=True)
class Result:
    """The files that a job's own program sealed, and how its referee ended."""

    files: dict[str, bytes]
    exit_code: int
    limit_passed: bool
    missing: tuple[str, ...]  # sealed, and not among what came back


def open_result(stdout: str, *, label: str, key: bytes, mount: int) -> Result:
    """The result of job `label` whose output was mount number `mount`.

    Raises:
        ResultRefused: `job_result_missing` where nothing was printed, `job_result_unsealed` where
            nothing of it is of this job, `job_archive_refused` where nothing of it can be read.
    """
    found = [section for section in sections(stdout) if section.owner == OURS or section.index == mount]
    if not found:
        raise _refused("job_result_missing", "no result was printed between marks")
    readable, problems = _readable(found)
    seal = next((seal for files in readable for seal in _seals(files, label, key)), None)
    if seal is None and not readable:
        raise _refused(ArchiveRefused.code, problems[-1])
    if seal is None:
        raise _refused(ResultRefused.code, "nothing that was printed bears the seal of this job")
    return _result(seal, readable)


def _readable(found: list[Section]) -> tuple[list[dict[str, bytes]], list[str]]:
    readable, problems = [], []
    for section in found:
        try:
            readable.append(unpack(section.archive))
        except ArchiveRefused as error:
            problems.append(str(error))
    return readable, problems


def _seals(files: dict[str, bytes], label: str, key: bytes) -> Iterable[dict[str, Any]]:
    """The seal among some files, if it is one, verifies and is of this job."""
    try:
        sealed = json.loads(files.get(SEAL, b"")[:MAX_SEAL_BYTES])
        body, claimed = str(sealed["body"]), str(sealed["mac"])
        if not hmac.compare_digest(mac(body, key).encode(), claimed.encode()):
            return
        said = json.loads(body)
        if said["label"] == label and _is_sound(said):
            yield said
    except (ValueError, KeyError, TypeError, RecursionError):
        return


def _is_sound(said: dict[str, Any]) -> bool:
    code, files = said["exit_code"], said["files"]
    hashes = isinstance(files, dict) and all(isinstance(value, str) for value in files.values())
    return hashes and type(code) is int and abs(code) < MAX_EXIT_CODE and type(said["limit_passed"]) is bool


def _result(seal: dict[str, Any], readable: list[dict[str, bytes]]) -> Result:
    wanted: dict[str, str] = seal["files"]
    files = {
        name: content
        for found in readable
        for name, content in found.items()
        if wanted.get(name) == hashlib.sha256(content).hexdigest()
    }
    missing = tuple(sorted(set(wanted) - set(files)))
    return Result(files, seal["exit_code"], seal["limit_passed"], missing)


def _refused(code: str, sentence: str) -> ResultRefused:
    refusal = ResultRefused(sentence)
    refusal.code = code
    return refusal
