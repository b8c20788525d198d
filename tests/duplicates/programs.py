"""The labelled programs: ten, each in the manner of another author; three of them know the same GPT-2."""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from reviews.duplicates.boilerplate import boilerplate
from reviews.duplicates.profile import Profile, UnitSet
from reviews.duplicates.source.units import units_of

DATA = Path(__file__).with_name("data")
NAMES = sorted(folder.name for folder in DATA.iterdir())


@cache
def program(name: str) -> Mapping[str, str]:
    """{file: source} of one of them."""
    return {file.name: file.read_text() for file in sorted((DATA / name).glob("*.py"))}


def profile(sources: Mapping[str, str]) -> Profile:
    """What the review compares, normalised here instead of in a child."""
    scripts = {file: ast.parse(source) for file, source in sources.items()}
    units = (
        UnitSet(unit.file, unit.line, unit.live, unit.whole, np.asarray(unit.shingles, dtype=np.uint32))
        for unit in units_of(scripts)
    )
    return Profile(tuple(units)).without(boilerplate())


@cache
def profile_of(name: str) -> Profile:
    """The profile of one of the programs."""
    return profile(program(name))
