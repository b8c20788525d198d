"""Constants that nobody can read: large ones, and ones that look random.

Entropy is that of the single characters or bytes (Shannon 1948), in bits each: English prose has about 4.3,
hexadecimal text up to 4, base64 up to 6, random bytes up to 8.
"""

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator

from reviews.static_checks.found import Notes

LARGE_BYTES = 4096
RANDOM_BYTES = 1024
SUSPECT_BYTES = 128
NUMBER_BYTES = 8
FEW_NUMBERS = 128
BIG_INTEGER_BITS = 128
RUN_BITS, TEXT_BITS, BYTE_BITS = 4.8, 5.7, 5.5
_DIGITS = re.compile(r"[0-9a-fA-F]+")
_LITERALS = (ast.List, ast.Tuple, ast.Set, ast.Dict)


def note_constants(tree: ast.Module, notes: Notes) -> int:
    """Note the constants of one file; return how many bytes of it look random."""
    suspect = 0
    for node, size, limit in _constants(tree):
        rule_id = "opaque_constant" if size > limit else "random_looking_constant"
        notes.add(rule_id, node.lineno, f"{size} bytes")
        suspect += size if size <= limit else 0
    return suspect


def _constants(tree: ast.Module) -> Iterator[tuple[ast.expr, int, int]]:
    """(node, bytes, limit above which it is opaque) of what is large or looks random; a list is one."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        document = _document(node)
        if document is not None:
            yield from _prose(document)
        elif isinstance(node, (*_LITERALS, ast.BinOp, ast.JoinedStr, ast.Constant)):
            text, numbers, rest = _parts(node)
            yield from _judged(node, text)
            if numbers > FEW_NUMBERS:
                yield node, numbers * NUMBER_BYTES, LARGE_BYTES
            waiting.extend(rest)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _document(node: ast.AST) -> ast.expr | None:
    """The text of a docstring or of an assignment to `__doc__`."""
    match node:
        case ast.Expr(value=ast.Constant() as value):
            return value
        case ast.Assign(targets=[ast.Attribute(attr="__doc__")], value=value):
            return value
    return None


def _prose(node: ast.expr) -> Iterator[tuple[ast.expr, int, int]]:
    """Documentation may be long; but it can be read as data, so it must look like prose."""
    size = random_bytes(_parts(node)[0])
    if size:
        yield node, size, RANDOM_BYTES


def _judged(node: ast.expr, text: "Text") -> Iterator[tuple[ast.expr, int, int]]:
    size = len(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else len(text)
    if size > LARGE_BYTES:
        yield node, size, LARGE_BYTES
    elif unread := random_bytes(text):
        yield node, unread, RANDOM_BYTES


Text = str | bytes


def _parts(root: ast.expr) -> tuple[Text, int, list[ast.AST]]:
    """The text and how many numbers a literal, a sum or a list of them holds, and what else is in it."""
    words: list[str] = []
    raw: list[bytes] = []
    numbers = 0
    rest: list[ast.AST] = []
    waiting: list[ast.AST] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (*_LITERALS, ast.BinOp, ast.JoinedStr, ast.UnaryOp, ast.operator, ast.unaryop)):
            waiting.extend(ast.iter_child_nodes(node))
        elif isinstance(node, ast.Constant):
            value = node.value
            if isinstance(value, str):
                words.append(value)
            elif isinstance(value, bytes):
                raw.append(value)
            elif isinstance(value, int) and value.bit_length() > BIG_INTEGER_BITS:
                raw.append(value.to_bytes(value.bit_length() // 8 + 1, "big"))
            elif isinstance(value, int | float | complex) and not isinstance(value, bool):
                numbers += 1
        elif not isinstance(node, ast.expr_context):
            rest.append(node)
    if raw:
        return b"".join(raw) + "".join(words).encode("utf-8", "surrogatepass"), numbers, rest
    # Members of a list are words: a list of names is no unbroken text.
    return (" " if isinstance(root, _LITERALS) else "").join(reversed(words)), numbers, rest


def random_bytes(text: Text) -> int:
    """How much of it nobody has typed: long unbroken runs, or all of it where it is too varied for prose."""
    if len(text) < SUSPECT_BYTES:
        return 0
    if isinstance(text, bytes):
        return len(text) if _entropy(text) >= BYTE_BITS else random_bytes(text.decode("latin-1"))
    unbroken = "".join(text.split())
    if unbroken.isascii() and len(unbroken) >= RANDOM_BYTES and _entropy(unbroken) >= TEXT_BITS:
        return len(text)
    return sum(len(run) for run in text.split() if len(run) >= SUSPECT_BYTES and _is_random(run))


def _is_random(run: str) -> bool:
    """Whether a run without blanks is coded data: hexadecimal, or as varied as base64."""
    varied = _entropy(run)
    return varied >= RUN_BITS or (varied >= 3 and _DIGITS.fullmatch(run) is not None)


def _entropy(text: Text) -> float:
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
