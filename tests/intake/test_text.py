"""Every file is text that people and the interpreter read alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.intake.bundle import pack, read_bundle
from evaluations.intake.refusals import BundleRefused
from evaluations.intake.text import check_text
from tests.intake.crafted import CONTRACT, LIMITS

CASES = {
    "96 UTF-16": ("x = 1\n".encode("utf-16"), "text_nul", 1),
    "96 UTF-16 without NUL": ("\u4e01\u4e02".encode("utf-16"), "text_not_utf8", 1),
    "97 byte order mark": (b"\xef\xbb\xbfx = 1\n", "text_bom", 1),
    "98 NUL": (b"x = 1\ny = '\0'\n", "text_nul", 2),
    "99 Latin-1": (b"x = 1\n# caf\xe9\n", "text_not_utf8", 2),
    "99 overlong": (b"# \xc0\xaf\n", "text_not_utf8", 1),
    "99 surrogate": (b"# \xed\xa0\x80\n", "text_not_utf8", 1),
    "100 coding UTF-7": (b"# coding: utf-7\n", "text_coding_cookie", 1),
    "100 coding rot13 on the second line": (b"#!/x\n# -*- coding: rot13 -*-\n", "text_coding_cookie", 2),
    "100 vim's coding": (b"# vim: set fileencoding=latin-1 :\n", "text_coding_cookie", 1),
    "101 override": ("x = 1\n# \u202e\n".encode(), "text_control_chars", 2),
    "101 isolate": ("# \u2066\n".encode(), "text_control_chars", 1),
    "101 invisible tags": ("# \U000e0041\n".encode(), "text_control_chars", 1),
    "102 escape sequence": (b"# \x1b[2J\n", "text_control_chars", 1),
    "102 C1 control": ("# \x9b2J\n".encode(), "text_control_chars", 1),
    "102 lone carriage return": (b"# harmless\rimport os\n", "text_control_chars", 1),
    "112 long line": (b"x = 1\n# " + b"a" * 2000 + b"\n", "source_line_too_long", 2),
}


@pytest.mark.parametrize(("data", "code", "line"), CASES.values(), ids=CASES.keys())
def test_misleading_text_is_refused_with_its_line(data: bytes, code: str, line: int) -> None:
    with pytest.raises(BundleRefused) as refused:
        check_text("a.py", data)
    assert (refused.value.code, refused.value.file, refused.value.line) == (code, "a.py", line)


def test_every_file_of_a_bundle_is_checked() -> None:
    for name in ("notes.md", "pkg/model.py", "config.toml", "vocabulary.json", "prism.yaml"):
        with pytest.raises(BundleRefused) as refused:
            read_bundle(pack({**CONTRACT, name: b"\xff"}), LIMITS)
        assert (refused.value.code, refused.value.file) == ("text_not_utf8", name)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x = 1\r\ny = 2\r\n",
        b"# -*- coding: utf-8 -*-\n\tx = 1\n",
        "# \u4f60\u597d \u0645\u0631\u062d\u0628\u0627 \u26a0\ufe0f\n".encode(),
        b"x = 1\n\n# coding: latin-1 on the third line means nothing\n",
        b"# " + b"a" * 1998,
    ],
)
def test_ordinary_source_passes(data: bytes) -> None:
    assert check_text("a.py", data) == data.decode()


def test_vocabulary_may_hold_long_lines_and_formatting_characters() -> None:
    data = ('{"model": "' + "\u200e\u202e\x7f" * 1000 + '"}').encode()
    assert check_text("tokenizer.json", data) == data.decode()


def test_configuration_may_hold_long_lines() -> None:
    assert check_text("config.yaml", b"# " + b"a" * 5000)


def test_control_characters_are_no_json() -> None:
    with pytest.raises(BundleRefused) as refused:
        check_text("tokenizer.json", b'{"a": "\x1b"}')
    assert refused.value.code == "text_control_chars"


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        assert check_text("a.py", data).encode() == data
    except BundleRefused as error:
        refused = error
    else:
        return
    assert refused.line is not None or refused.code == "zip_nested_archive"
