import pytest

from reviews.duplicates.boilerplate import boilerplate
from reviews.duplicates.normalise import SourceUnreadable, normalise
from reviews.duplicates.profile import Profile
from tests.duplicates.programs import profile_of, program


def test_the_child_says_what_the_process_itself_would() -> None:
    files = {name: source.encode() for name, source in program("classic").items()}
    found = Profile(normalise(files)).without(boilerplate())
    assert found.live.tolist() == profile_of("classic").live.tolist()
    assert [unit.whole for unit in found.units] == [unit.whole for unit in profile_of("classic").units]


def test_files_that_are_no_source_are_not_read() -> None:
    assert normalise({"tokenizer.json": b"{}", "notes.txt": b"def f(:"}) == ()


@pytest.mark.parametrize(
    "source",
    [
        b"def f(:\n",
        b"x = " + b"(" * 300 + b")" * 300,
        b"x = 1" + b"+1" * 50_000,
        b"x = a" + b".b" * 30_000,
        b"a;" * 250_000,
        b"x = " + b"lambda: " * 5_000 + b"1",
        b"x = " + b"[" * 90 + b"]" * 90 + b"\n" + b"if a:\n pass\n" + b"elif a:\n pass\n" * 18_000,
    ],
    ids=lambda source: source[:12].decode(),
)
def test_source_that_hurts_a_parser_is_unreadable_and_harms_nobody(source: bytes) -> None:
    with pytest.raises(SourceUnreadable):
        normalise({"a.py": source})


def test_a_child_past_its_time_is_ended() -> None:
    with pytest.raises(SourceUnreadable):
        normalise({"a.py": b"x = 1\n"}, wall_seconds=1e-3)


def test_dead_code_may_bind_what_it_likes() -> None:
    """Names that dead definitions import or bind do not change how the living are read."""
    poison = """

def never():
    import numpy as torch
    import math as nn
    view = transpose = split = len = None
    return view, transpose, split, len, torch, nn
"""
    files = {name: (source + poison).encode() for name, source in program("classic").items()}
    found = Profile(normalise(files)).without(boilerplate())
    assert found.live.tolist() == profile_of("classic").live.tolist()
