"""The interpreter's documentation: enough, English, the same every time, and never executed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pytest

from evaluations.datasets.baselines import ppmd_bits
from evaluations.datasets.documents import Document
from evaluations.datasets.passages import DOCUMENT_MAX_CHARS, DOCUMENT_MIN_CHARS, Passages, cut
from evaluations.datasets.python_docs import PythonDocs, documents_under

ROOT = Path(__file__).parents[2]
READABLE = "A sentence that stands in a module which submitted code may import, and therefore is known to it."
DIGEST = """
from hashlib import sha256
from evaluations.datasets.python_docs import PythonDocs
print(sha256(b"".join(document.data for document in PythonDocs())).hexdigest())
"""


def test_the_interpreter_documents_itself_at_length_in_english() -> None:
    documents = list(PythonDocs())
    texts = [document.data for document in documents]
    assert sum(map(len, texts)) >= 600_000
    assert len({document.sha256 for document in documents}) == len(documents)
    assert len({document.source_id for document in documents}) == len(documents)
    assert min(len(document.text) for document in documents) >= DOCUMENT_MIN_CHARS

    stream = b"\n\n".join(texts)[:500_000]
    assert 1.5 < ppmd_bits(stream, [len(stream)])[0] / len(stream) < 2.5

    other_process = subprocess.run(
        [sys.executable, "-c", DIGEST],
        env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "12345", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert other_process.stdout.strip() == sha256(b"".join(texts)).hexdigest()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A small standard library; importing any of it would be noticed."""
    root = tmp_path / "lib"
    (root / "xmlrpc" / "tests").mkdir(parents=True)
    (root / "pydoc_data").mkdir()
    prose = "This sentence documents the behaviour that a reader may rely on, at some length. " * 3
    (root / "turtle.py").write_text(
        f'"""{prose}"""\nopen({str(tmp_path / "executed")!r}, "w")\n\n'
        "# A comment that is long enough to explain why the code below is as it is,\n"
        "# and goes on for a second line.\n"
        'class Thing(Base):\n    """A thing."""\n'
        "    def act(self, size: int = -1, *, by: str) -> None:\n"
        '        """Act once.\n\n        Twice is too often."""\n'
    )
    (root / "xmlrpc" / "warned.py").write_text(f'"""Escaped \\d. {prose[::-1]}"""\n')
    (root / "xmlrpc" / "broken.py").write_text("def broken(:\n")
    (root / "xmlrpc" / "binary.py").write_bytes(b"\xff\xfe\x00")
    (root / "xmlrpc" / "surrogate.py").write_text(f'"""\\ud800 {prose.upper()}"""\n')
    (root / "xmlrpc" / "tests" / "test_it.py").write_text(f'"""Test. {prose}"""\n')
    (root / "pydoc_data" / "topics.py").write_text(
        f"topics = {{'b': {prose + 'B'!r}, 'a': {prose + 'A'!r}}}\n"
    )
    (root / "idlelib").mkdir()
    (root / "idlelib" / "NEWS.txt").write_text(f"{prose.swapcase()}\n\n{READABLE}")
    (root / "random.py").write_text(f'"""{READABLE}"""\n')
    return root


def by_file(documents: Iterator[Document]) -> dict[str, str]:
    return {document.source_id: document.text for document in documents}


def test_signatures_docstrings_and_comments_become_text(library: Path) -> None:
    text = by_file(documents_under(library))["python-docs:turtle.py:0"]
    assert "class Thing(Base)\n    A thing." in text
    assert "Thing.act(self, size: int=-1, *, by: str)\n    Act once.\n\n    Twice is too often." in text
    assert "A comment that is long enough to explain why the code below is as it is,\nand goes on" in text


def test_nothing_is_executed_and_what_is_no_source_is_passed_over(library: Path) -> None:
    found = by_file(documents_under(library))
    assert not (library.parent / "executed").exists()
    assert {name.split(":")[1] for name in found} == {
        "idlelib/NEWS.txt",
        "turtle.py",
        "xmlrpc/surrogate.py",
        "xmlrpc/warned.py",
        "pydoc_data/topics.py",
    }


def test_what_submitted_code_can_read_is_no_part_of_the_text(library: Path) -> None:
    assert not [text for text in by_file(documents_under(library)).values() if READABLE in text]


def test_the_source_goes_on_after_the_documents_it_gave(library: Path) -> None:
    source = PythonDocs(root=library)
    first, second, third = islice(source, 3)
    assert source.state() == {"documents": 3}
    assert next(iter(PythonDocs({"documents": 2}, root=library))) == third
    assert len({first.sha256, second.sha256, third.sha256}) == 3


def test_topics_come_in_order_of_name(library: Path) -> None:
    text = by_file(documents_under(library))["python-docs:pydoc_data/topics.py:0"]
    assert text.endswith("A\n\n" + text.split("\n\n")[1])
    assert text.endswith("B")


def test_a_repeated_paragraph_is_let_through_once_whatever_its_layout() -> None:
    passages = Passages()
    assert list(passages.unseen(["one two\n\nthree", "three\n\nfour"])) == ["one two\n\nthree", "four"]
    assert list(passages.unseen(["  one\n   two", "\n\n"])) == []


def test_long_text_is_cut_between_paragraphs_and_nothing_is_lost() -> None:
    paragraphs = [f"{number} " + "x" * 900 for number in range(100)]
    documents = list(cut(["\n\n".join(paragraphs[:60]), *paragraphs[60:]]))
    assert "\n\n".join(documents).split("\n\n") == paragraphs
    assert all(len(document) <= DOCUMENT_MAX_CHARS for document in documents)


def test_a_lone_scrap_is_no_document() -> None:
    assert list(cut(["short"])) == []
