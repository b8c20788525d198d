"""No `==` meets a secret: how long such a comparison takes tells how much of a guess is right."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from prism_site.config import ROOT

# Names of what a caller must not learn; constants are written in capitals, and model tokens are no secrets.
SECRET = re.compile(r"secret(?!s_of)|password|bearer|api_key|(?:shared|broker|metrics)_token|hmac")
ROOMS = ("prism_site", "evaluations", "reviews", "scoring", "clients")


def sources() -> list[Path]:
    found = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def compared_secrets(text: str) -> Iterator[int]:
    """Lines on which a secret is compared by its value; None, lengths and emptiness tell nothing."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Compare) or not _by_value(node):
            continue
        sides = [node.left, *node.comparators]
        if any(_harmless(side) for side in sides):
            continue
        if any(SECRET.search(name) for side in sides for name in _names(side)):
            yield node.lineno


def _by_value(node: ast.Compare) -> bool:
    return any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)


def _harmless(side: ast.expr) -> bool:
    if isinstance(side, ast.Call) and isinstance(side.func, ast.Name):
        return side.func.id in {"len", "type"}
    return isinstance(side, ast.Constant)  # what stands in the source is no secret


def _names(side: ast.expr) -> Iterator[str]:
    for node in ast.walk(side):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_no_secret_is_compared_by_value() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources()
        for line in compared_secrets(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "sent == env().shared_token",
        "env().shared_token.get_secret_value() != sent",
        "hmac_signature(token, message) == signature",
        "user.password == given",
        "x if secret == other else y",
    ],
)
def test_what_would_leak_is_found(line: str) -> None:
    assert list(compared_secrets(line)) == [1]


@pytest.mark.parametrize("line", ["secret is None", "len(secret) == 3", "secret == ''", "tokens == other"])
def test_what_leaks_nothing_is_not(line: str) -> None:
    assert list(compared_secrets(line)) == []
