"""Normalising submitted source in a bounded child process. No ORM."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reviews.bounded_child import ChildEnded, HostBusy, ask
from reviews.duplicates.profile import UnitSet

CHILD = Path(__file__).with_name("normalise_child.py")
WALL_SECONDS = 20.0


class SourceUnreadable(Exception):
    """The source needs more time or memory to normalise than any model needs."""

    code = "duplicates_unreadable"


def normalise(files: Mapping[str, bytes], *, wall_seconds: float = WALL_SECONDS) -> tuple[UnitSet, ...]:
    """The units of all Python files of a bundle; raises `SourceUnreadable`."""
    sources = {name: raw.decode("utf-8") for name, raw in files.items() if name.endswith(".py")}
    try:
        answer = ask(CHILD, sources, wall_seconds=wall_seconds)
    except (ChildEnded, HostBusy) as error:
        raise SourceUnreadable(f"the source could not be normalised: {error}") from error
    return tuple(_unit(unit) for unit in answer["units"])


def _unit(unit: dict[str, Any]) -> UnitSet:
    return UnitSet(
        file=unit["file"],
        line=unit["line"],
        live=unit["live"],
        whole=unit["whole"],
        shingles=np.asarray(unit["shingles"], dtype=np.uint32),
    )
