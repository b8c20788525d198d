"""The bounded child that reads submitted source, started by file name; standard library only.

Reads `{"sources": {file: source}, "entrypoints": [file]}` as JSON from standard input; writes
`{"findings": [[code, message, file, line]], "names": {file: [...]}, "broken": [[rule, detail, file, line]]}`,
the names being those that a file's top level binds and the rules those of `rules.py`. Whatever the source
does to the parser (nesting, memory, time) ends this process and no other; the parent reads a dead child as
`source_too_complex`.
"""

import ast
import io
import json
import resource
import sys
import tokenize
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MEMORY_BYTES = 1024**3
CPU_SECONDS = 5
MAX_NODES = 50_000  # of one file
MAX_ALL_NODES = 200_000
WALK_RECURSION = 20_000  # frames of our own walk; the parser keeps the interpreter's limit
MAX_IDENTIFIER = 200
MAX_INTEGER_BITS = 4096

Problem = tuple[str, str, int]  # code, message, line


def main() -> None:
    """Parse what stands on standard input under limits that nothing here can lift."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked = json.load(sys.stdin)
    json.dump(answer(asked["sources"], asked["entrypoints"]), sys.stdout)


def answer(sources: dict[str, str], entrypoints: list[str]) -> dict[str, object]:
    """Everything that is to be said of a bundle's source; rules are looked at once all of it parses."""
    findings: list[list[str | int]] = []
    names: dict[str, list[str]] = {}
    trees: dict[str, ast.Module] = {}
    count = 0
    for file, source in sorted(sources.items()):
        read = examine(source, file)
        names[file] = []
        if isinstance(read, tuple):
            code, message, line = read
            findings.append([code, message, file, line])
            continue
        trees[file], names[file] = read.tree, sorted(set(bound_names(read.tree.body)))
        count += read.count
        if count > MAX_ALL_NODES:
            message = f"The files have more than {MAX_ALL_NODES} syntax nodes together."
            findings.append(["source_too_many_nodes", message, file, 0])
            break
    broken = [] if findings else _broken(trees, sources, entrypoints)
    return {"findings": findings, "names": names, "broken": broken}


def _broken(
    trees: dict[str, ast.Module], sources: dict[str, str], entrypoints: list[str]
) -> list[tuple[str, str, str, int]]:
    """The rules that the source breaks. Its modules are data and code of ours, found beside this file."""
    root = str(Path(__file__).resolve().parents[2])
    if root not in sys.path:
        sys.path.append(root)
    from reviews.static_checks.examine import broken_rules

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(WALK_RECURSION)
    try:
        return broken_rules(trees, sources, entrypoints)
    finally:
        sys.setrecursionlimit(before)


@dataclass(frozen=True)
class Read:
    """A file that keeps the limits."""

    tree: ast.Module
    count: int  # of nodes


def examine(source: str, file: str) -> Read | Problem:
    """The tree of one file, or its first problem."""
    try:
        tree = ast.parse(source, filename=file)
    except SyntaxError as error:
        return _syntax(error)
    except (MemoryError, RecursionError, ValueError) as error:
        return "source_too_complex", f"The parser gave up: {type(error).__name__}.", 0
    read = walked(tree)
    return read if isinstance(read, tuple) else disguised_name(source) or read


def walked(tree: ast.Module) -> Read | Problem:
    """The tree with its size, or the first node over a limit; walks without recursion."""
    waiting: list[ast.AST] = [tree]
    seen = 0
    while waiting:
        node = waiting.pop()
        seen += 1
        if seen > MAX_NODES:
            return "source_too_many_nodes", f"The file has more than {MAX_NODES} syntax nodes.", 0
        problem = _check(node)
        if problem is not None:
            return problem
        waiting.extend(ast.iter_child_nodes(node))
    return Read(tree, seen)


def _check(node: ast.AST) -> Problem | None:
    line = getattr(node, "lineno", 0)
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        if node.value.bit_length() > MAX_INTEGER_BITS:
            return "source_int_too_large", f"An integer has more than {MAX_INTEGER_BITS} bits.", line
        return None
    if any(len(name) > MAX_IDENTIFIER for name in _identifiers(node)):
        return "source_identifier", f"A name is longer than {MAX_IDENTIFIER} characters.", line
    return None


def disguised_name(source: str) -> Problem | None:
    """A name that Python reads as another one: it folds identifiers by NFKC before anyone sees the tree."""
    if source.isascii():
        return None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and unicodedata.normalize("NFKC", token.string) != token.string:
            return (
                "source_identifier",
                "A name is written in characters that Python reads as others.",
                token.start[0],
            )
    return None


def _identifiers(node: ast.AST) -> Iterator[str]:
    for field in ("id", "name", "attr", "arg", "asname", "module"):
        value = getattr(node, field, None)
        if isinstance(value, str):
            yield value


def _syntax(error: SyntaxError) -> Problem:
    message = str(error.msg)
    if "too many" in message or "too complex" in message or "recursion" in message:
        return "source_too_complex", f"The parser gave up: {message}.", error.lineno or 0
    return "source_syntax_error", f"Python cannot read this line: {message}.", error.lineno or 0


def bound_names(body: list[ast.stmt]) -> Iterator[str]:
    """Names bound where a module's top level can bind them, also inside if, try, with and loops.

    `*` stands for a star import, of which nothing can be said here.
    """
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((alias.asname or alias.name).split(".")[0] for alias in names)
            case _:
                yield from _bound_inside(statement)


def _bound_inside(statement: ast.stmt) -> Iterator[str]:
    for field in ("targets", "target"):
        target = getattr(statement, field, None)
        for node in target if isinstance(target, list) else [target]:
            if node is not None:
                yield from _stored_names(node)
    for field in ("body", "orelse", "finalbody"):
        yield from bound_names(getattr(statement, field, []))
    for handler in getattr(statement, "handlers", []):
        yield from bound_names(handler.body)


def _stored_names(target: ast.AST) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


if __name__ == "__main__":
    main()
