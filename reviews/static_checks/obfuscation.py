"""Signs that a source was made not to be read. Each is a flag: none proves anything."""

import ast
import re
from collections.abc import Iterable, Iterator

from reviews.static_checks.found import Notes

LONG_LINE_CHARS = 500
CHR_CALLS = 4
NESTED_LAMBDAS = 4
ESCAPES = 16
UNREADABLE_NAMES = 5

_ESCAPE = re.compile(r"\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[0-3][0-7]{2}")
_UNREADABLE = re.compile(r"_*0x[0-9a-f]+|_0x[0-9a-f]+|[Il1O0]{5,}|[oO0]{5,}|_{3,}[a-z0-9]?")


def note_obfuscation(tree: ast.Module, nodes: Iterable[ast.AST], source: str, notes: Notes) -> None:
    """Note long lines, escapes, chains of chr, nested lambdas and odd names; `nodes` are all of the tree."""
    for number, line in enumerate(source.split("\n"), start=1):
        if len(line) > LONG_LINE_CHARS and not line.lstrip().startswith("#"):
            notes.add("long_line", number)
        if len(_ESCAPE.findall(line)) >= ESCAPES:
            notes.add("escaped_text", number)
    _note_nested(tree, notes)
    odd = sorted({name for name in _names(nodes) if _UNREADABLE.fullmatch(name)})
    if len(odd) >= UNREADABLE_NAMES:
        notes.add("unreadable_names", 1, ", ".join(odd[:3]))


def _note_nested(tree: ast.Module, notes: Notes) -> None:
    """Lambdas within lambdas, and statements that call chr on constants again and again."""
    waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
    chr_calls: dict[int, int] = {}
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, ast.Lambda):
            depth += 1
            if depth == NESTED_LAMBDAS:
                notes.add("nested_lambdas", node.lineno)
        line = getattr(node, "lineno", 0)
        chr_calls[line] = chr_calls.get(line, 0) + _character_codes(node)
        waiting.extend((child, depth) for child in ast.iter_child_nodes(node))
    for line, count in chr_calls.items():
        if count >= CHR_CALLS:
            notes.add("chr_chain", line)


def _character_codes(node: ast.AST) -> int:
    """How many characters a call makes from codes in the source."""
    match node:
        case ast.Call(func=ast.Name(id="chr"), args=[ast.Constant()]):
            return 1
        case ast.Call(
            func=ast.Name(id="map"), args=[ast.Name(id="chr"), ast.List(elts=codes) | ast.Tuple(elts=codes)]
        ):
            return len(codes)
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Name(id="bytes"), args=[ast.List(elts=codes)]), attr="decode"
            )
        ):
            return len(codes)
    return 0


def _names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        for field in ("id", "name", "arg", "attr"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                yield value
