"""The documentation that ships with the Python interpreter: text for everyone, with no download.

Modules of the standard library are read and parsed, never imported: what `pydoc` would show of
them (signatures and docstrings), their longer comments, the language reference of
`pydoc_data/topics.py`, and the text files beside them (IDLE's news and manual). Only modules are
taken that the sandbox closes to submitted code, and nothing of them that stands in others too.
"""

import ast
import io
import os
import platform
import sysconfig
import tokenize
import warnings
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evaluations.datasets.documents import Document
from evaluations.datasets.passages import Passages, cut
from evaluations.runner.sandbox.libraries import DOCUMENTED

# Tests are not documentation, site-packages are not Python's, and lib-dynload holds binaries.
SKIPPED = frozenset(
    {"site-packages", "dist-packages", "test", "tests", "idle_test", "lib-dynload", "__pycache__"}
)
COMMENT_MIN_CHARS = 40
SELECTION = 2  # of modules: raise it with every change of what is taken

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def revision() -> str:
    """What the text depends on, such as `CPython-3.11.7-2`."""
    return f"{platform.python_implementation()}-{platform.python_version()}-{SELECTION}"


class PythonDocs:
    """Documents in order of file name; a repeated passage is kept only where it first stands."""

    def __init__(self, state: dict[str, Any] | None = None, *, root: Path | None = None) -> None:
        self._root = root or Path(sysconfig.get_path("stdlib"))
        self._documents = int(state["documents"]) if state else 0

    def state(self) -> dict[str, Any]:
        return {"documents": self._documents}

    def __iter__(self) -> Iterator[Document]:
        for number, document in enumerate(documents_under(self._root)):
            if number >= self._documents:
                self._documents += 1
                yield document


def documents_under(root: Path) -> Iterator[Document]:
    """Documents of the modules and text files below `root`, a standard library, that children cannot read."""
    names, passages = sorted(_names(root)), Passages()
    closed = [name for name in names if name.partition("/")[0].partition(".")[0] in DOCUMENTED]
    for name in set(names) - set(closed):
        deque(passages.unseen(_passages(root / name)), maxlen=0)  # what can be read there is known
    for name in closed:
        for number, text in enumerate(cut(passages.unseen(_passages(root / name)))):
            yield Document(text, f"python-docs:{name}:{number}")


def _names(root: Path) -> Iterator[str]:
    """Paths below `root` of what may document Python; skipped folders are not even entered."""
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in SKIPPED]
        for name in files:
            if name.endswith((".py", ".txt")):
                yield (Path(folder) / name).relative_to(root).as_posix()


def _passages(path: Path) -> Iterator[str]:
    """Passages of one file; a file that cannot be read as text or parsed gives none."""
    try:
        source = _read(path)
        tree = _parse(source) if path.suffix == ".py" else None
    except (SyntaxError, UnicodeDecodeError, ValueError):
        return
    if tree is None:
        yield source
        return
    if path.name == "topics.py":
        yield from _topics(tree)
    yield from _docstrings(tree)
    yield from _comments(source)


def _read(path: Path) -> str:
    if path.suffix == ".txt":
        return path.read_text(encoding="utf-8")
    with tokenize.open(path) as file:  # honours the source's own coding line
        return file.read()


def _parse(source: str) -> ast.Module:
    with warnings.catch_warnings():
        # A warning made an error by the caller would drop the file, and change the data.
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _topics(tree: ast.Module) -> Iterator[str]:
    """Values of `topics = {name: text}`, in order of name."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict):
            topics = ast.literal_eval(statement.value)
            yield from (topics[name] for name in sorted(topics))


def _docstrings(tree: ast.Module) -> Iterator[str]:
    if text := ast.get_docstring(tree):
        yield text
    yield from _members(tree, "")


def _members(parent: ast.AST, prefix: str) -> Iterator[str]:
    """Signature and docstring of each class and function, outer ones first, in source order."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.expr):  # no definition hides in one, and most nodes are
            continue
        if not isinstance(node, Definition):
            yield from _members(node, prefix)
            continue
        if text := ast.get_docstring(node):
            yield f"{_signature(node, prefix)}\n{_indented(text)}"
        yield from _members(node, f"{prefix}{node.name}.")


def _signature(node: Definition, prefix: str) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {prefix}{node.name}({bases})" if bases else f"class {prefix}{node.name}"
    return f"{prefix}{node.name}({ast.unparse(node.args)})"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _comments(source: str) -> Iterator[str]:
    """Blocks of whole-line comments that are long enough to be prose."""
    block: list[str] = []
    last_line = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or token.line[: token.start[1]].strip():
            continue
        if token.start[0] != last_line + 1:
            yield from _prose(block)
            block = []
        block.append(token.string.lstrip("#").removeprefix(" ").rstrip())
        last_line = token.start[0]
    yield from _prose(block)


def _prose(block: list[str]) -> Iterator[str]:
    text = "\n".join(block).strip("\n")
    if len(text) >= COMMENT_MIN_CHARS:
        yield text
