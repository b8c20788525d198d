"""A bundle cut into units (functions, methods, what is left of classes and files), each a set of shingles.

A shingle is `SHINGLE_TOKENS` tokens in a row, in which own names are numbered by their first appearance: it
stays the same under renaming, and wherever its unit stands. Standard library only.
"""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reviews.duplicates.source.cleaning import clean
from reviews.duplicates.source.liveness import unreached
from reviews.duplicates.source.names import Scripts, names_of
from reviews.duplicates.source.shape import shape
from reviews.duplicates.source.tokens import Own, Token, Writer

SHINGLE_TOKENS = 6
SHORTEST_UNIT = 4


@dataclass(frozen=True)
class Unit:
    """One function, or the rest of a class or file."""

    file: str
    line: int
    live: bool  # whether anything that a run calls reaches it
    whole: int  # 64-bit hash of all its tokens
    shingles: list[int]  # 32-bit hashes, sorted, each once


def units_of(scripts: Scripts) -> Iterator[Unit]:
    """The units of a bundle's files, which are rewritten on the way."""
    clean(scripts)
    dead = unreached(scripts)
    names = names_of(scripts, dead)
    for file, tree in sorted(scripts.items()):
        shape(tree)
        writer = Writer(names, file)
        for line, nodes, live in _pieces(tree, dead):
            tokens = writer.unit(nodes)
            if len(tokens) >= SHORTEST_UNIT:
                yield Unit(file, line, live, _hash(_numbered(tokens), 8), _shingles(tokens))


def _pieces(tree: ast.Module, dead: set[ast.stmt]) -> Iterator[tuple[int, list[ast.AST], bool]]:
    rest: list[ast.AST] = []
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            yield from _class_pieces(statement, dead)
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield statement.lineno, [statement], statement not in dead
        elif not _is_setting(statement):
            rest.append(statement)
    yield 1, rest, True


def _class_pieces(node: ast.ClassDef, dead: set[ast.stmt]) -> Iterator[tuple[int, list[ast.AST], bool]]:
    live, rest = node not in dead, list[ast.AST](node.bases)
    for statement in node.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield statement.lineno, [statement], live and statement not in dead
        elif not _is_setting(statement):
            rest.append(statement)
    yield node.lineno, rest, live


def _is_setting(statement: ast.stmt) -> bool:
    """A name for a number or a string; where it is used, the name is a placeholder anyway."""
    match statement:
        case ast.Assign(value=value):
            return all(
                isinstance(
                    node,
                    (
                        ast.Constant,
                        ast.Tuple,
                        ast.List,
                        ast.UnaryOp,
                        ast.BinOp,
                        ast.Load,
                        ast.operator,
                        ast.unaryop,
                    ),
                )
                for node in ast.walk(value)
            )
    return False


def _shingles(tokens: Sequence[Token]) -> list[int]:
    starts = range(max(1, len(tokens) - SHINGLE_TOKENS + 1))
    return sorted({_hash(_numbered(tokens[at : at + SHINGLE_TOKENS]), 4) for at in starts})


def _numbered(tokens: Sequence[Token]) -> list[str]:
    """The tokens with own names as numbers in the order of their first appearance."""
    numbers: dict[Own, str] = {}
    return [
        token if isinstance(token, str) else numbers.setdefault(token, f"{token.kind}{len(numbers)}")
        for token in tokens
    ]


def _hash(words: list[str], size: int) -> int:
    return int.from_bytes(hashlib.blake2b("\0".join(words).encode(), digest_size=size).digest(), "big")
