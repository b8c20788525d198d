"""What nothing reaches and nobody reads. Standard library only."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from reviews.duplicates.source.names import FUNCTIONS, KEPT, ROOTS, FunctionNode, Scripts

BLOCKS = ("body", "orelse", "finalbody")


@dataclass(frozen=True)
class Reads:
    """How often names are read: variables where the statement stands, attributes in the whole bundle."""

    variables: Counter[str]
    attributes: Counter[str]


def unreached(scripts: Scripts) -> set[ast.stmt]:
    """Top-level functions and classes, and methods, that nothing which a run calls ever names."""
    definitions: dict[str, list[ast.stmt]] = {}
    waiting: list[ast.stmt] = []
    for tree in scripts.values():
        for statement in tree.body:
            name = getattr(statement, "name", None)
            if isinstance(statement, (*FUNCTIONS, ast.ClassDef)) and name not in ROOTS:
                definitions.setdefault(str(name), []).append(statement)
                for method in _methods(statement):
                    definitions.setdefault(method.name, []).append(method)
            else:
                waiting.append(statement)
    reached: set[ast.stmt] = set()
    while waiting:
        statement = waiting.pop()
        if statement in reached:
            continue
        reached.add(statement)
        for name in _mentioned(statement):
            waiting += definitions.get(name, [])
    return {one for found in definitions.values() for one in found} - reached


def _methods(statement: ast.stmt) -> Iterator[FunctionNode]:
    """Methods that only the bundle's own code can call."""
    if not isinstance(statement, ast.ClassDef):
        return
    for inner in statement.body:
        if isinstance(inner, FUNCTIONS) and inner.name not in KEPT and not inner.name.startswith("__"):
            yield inner


def _mentioned(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement reads; a class does not speak for its methods, which are reached by name."""
    apart = set(_methods(statement))
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                yield name
            case ast.Constant(value=str(name)) if name.isidentifier():
                yield name  # getattr(self, "name")
        waiting += [child for child in ast.iter_child_nodes(node) if child not in apart]


def drop_unread(scripts: Scripts) -> int:
    """Drop assignments to variables and own attributes that are read nowhere; how many there were."""
    everywhere = Counter[str]()
    for tree in scripts.values():
        everywhere.update(_read(tree))
        everywhere.subtract(_read_for_itself(tree))
    return sum(_drop_in(tree, Reads(everywhere, everywhere)) for tree in scripts.values())


def _drop_in(node: ast.AST, reads: Reads) -> int:
    dropped = 0
    for name in BLOCKS:
        block = getattr(node, name, None)
        if isinstance(block, list) and not isinstance(node, ast.ClassDef):
            kept = [statement for statement in block if not _is_unread(statement, reads)]
            dropped += len(block) - len(kept)
            setattr(node, name, kept)
    for child in ast.iter_child_nodes(node):
        dropped += _drop_in(child, _within(child, reads))
    return dropped


def _within(node: ast.AST, reads: Reads) -> Reads:
    """Inside an outermost function its own variables count alone."""
    if not isinstance(node, FUNCTIONS) or reads.variables is not reads.attributes:
        return reads
    own = Counter(_read(node))
    own.subtract(_read_for_itself(node))
    return Reads(own, reads.attributes)


def _read(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name, ctx=ast.Load()):
                yield name
            case ast.Constant(value=str(name)) if name.isidentifier():
                yield name
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                yield from names


def _read_for_itself(tree: ast.AST) -> Iterator[str]:
    """Names read in their own assignment: `n = n + 1` reads nothing that is not written again."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield from (read for read in _read(value) if read == name)


def _is_unread(statement: ast.stmt, reads: Reads) -> bool:
    match statement:
        case ast.Assign(targets=targets):
            return all(_is_unread_target(target, reads) for target in targets)
        case ast.AugAssign(target=ast.Name() as target):
            return _is_unread_target(target, reads)
        case ast.If(body=[], orelse=[]) | ast.For(body=[], orelse=[]):
            return True  # whatever was in it is gone
    return False


def _is_unread_target(target: ast.expr, reads: Reads) -> bool:
    match target:
        case ast.Name(id=name):
            return reads.variables[name] <= 0
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return reads.attributes[name] <= 0
        case ast.Tuple(elts=parts):
            return all(_is_unread_target(part, reads) for part in parts)
    return False
