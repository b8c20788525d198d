"""The list of codes is complete and is the only one."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.intake import refusals
from evaluations.intake.refusals import MESSAGES, BundleRefused, shown

INTAKE = Path(refusals.__file__).parent
# Raised by the checks of parsed source, which live in another room, and where two bundles become one.
OF_SOURCE = {"source_too_complex", "source_too_many_nodes", "source_int_too_large", "source_identifier"}
ELSEWHERE = {*OF_SOURCE, "family_file_clash"}
CODE = re.compile(r'"((?:zip|text|yaml|contract|source)_[a-z0-9_]+)"')


def codes_in_use() -> set[str]:
    sources = [path.read_text() for path in INTAKE.glob("*.py") if path.name != "refusals.py"]
    return {code for source in sources for code in CODE.findall(source)}


def test_every_code_in_use_has_its_message() -> None:
    assert codes_in_use() <= MESSAGES.keys()


def test_every_message_is_in_use() -> None:
    assert MESSAGES.keys() - codes_in_use() == ELSEWHERE


def test_codes_without_a_message_cannot_be_raised() -> None:
    with pytest.raises(KeyError):
        BundleRefused("zip_misspelt")


@given(st.text() | st.binary())
def test_shown_text_is_short_and_printable(text: str | bytes) -> None:
    assert shown(text).isascii()
    assert shown(text).isprintable() or not shown(text)
    assert len(shown(text)) <= 63


def test_refusal_says_what_where_and_why() -> None:
    refused = BundleRefused("yaml_duplicate_key", file="prism.yaml", line=3, detail="name")
    assert str(refused) == "yaml_duplicate_key: a key occurs twice in prism.yaml: name (prism.yaml, line 3)"
