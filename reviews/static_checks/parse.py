"""Parsing submitted source in a bounded child process. No ORM."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reviews.ladder import Finding, Outcome

CHILD = Path(__file__).with_name("parse_child.py")
WALL_SECONDS = 10.0


@dataclass(frozen=True)
class Parsed:
    """What parsing gave: problems, and the top-level names of every readable file."""

    findings: tuple[Finding, ...]
    names: Mapping[str, frozenset[str]]


def parse(sources: Mapping[str, str], *, wall_seconds: float = WALL_SECONDS) -> Parsed:
    """Parse {file name: source}; a child that dies, is killed or hangs means `source_too_complex`."""
    try:
        child = subprocess.run(
            [sys.executable, "-I", "-S", str(CHILD)],
            input=json.dumps(dict(sources)),
            capture_output=True,
            encoding="utf-8",
            timeout=wall_seconds,
            env={},
            check=True,
        )
        return _read(json.loads(child.stdout))
    except (subprocess.SubprocessError, ValueError):
        return Parsed((_too_complex(),), {})


def _read(answer: dict[str, object]) -> Parsed:
    findings, names = answer["findings"], answer["names"]
    assert isinstance(findings, list)
    assert isinstance(names, dict)
    return Parsed(
        tuple(
            Finding(code=code, outcome=Outcome.REJECT, message=message, file=file, line=line)
            for code, message, file, line in findings
        ),
        {file: frozenset(bound) for file, bound in names.items()},
    )


def _too_complex() -> Finding:
    return Finding(
        code="source_too_complex",
        outcome=Outcome.REJECT,
        message="The source needs more time or memory to parse than any model needs.",
    )
