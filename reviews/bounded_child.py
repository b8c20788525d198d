"""Asking a bounded child that reads submitted source: a program of ours, started by file name. No ORM.

The child limits its own memory and processor time. Reaching those is the source's doing; a child that our
clock ends before has only waited for a processor, which says nothing of the source.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


class ChildEnded(Exception):
    """The child died, or gave no answer: more time or memory than any source needs."""

    code = "child_ended"


class HostBusy(Exception):
    """The child got no processor time to answer in."""

    code = "host_busy"


def ask(child: Path, question: object, *, wall_seconds: float) -> Any:
    """The child's answer, both as JSON; raises `ChildEnded` and `HostBusy`."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(child)],
            input=json.dumps(question),
            capture_output=True,
            encoding="utf-8",
            timeout=wall_seconds,
            env={},
            check=True,
        )
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise HostBusy(f"{child.stem} had no answer within {wall_seconds:g} s") from error
    except (subprocess.SubprocessError, ValueError) as error:
        raise ChildEnded(f"{child.stem} gave no answer: {type(error).__name__}") from error
