"""Taking out what a run would not miss: hints, assertions, messages, dead code. Standard library only."""

import ast
from collections import Counter
from collections.abc import Iterator

from reviews.duplicates.source.conditions import truth
from reviews.duplicates.source.names import KEPT, ROOTS, FunctionNode, Scripts

ROUNDS = 6  # of taking out what only dead code has used
TALK = frozenset({"print", "log", "debug", "info", "warning", "warn", "write", "flush", "set_postfix"})
ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Cleaner(ast.NodeTransformer):
    """Drops what does nothing, wherever it stands."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """A docstring, a name alone, a comparison alone, a message."""
        value = node.value
        if isinstance(value, (ast.Yield, ast.YieldFrom, ast.Await)):
            return self.generic_visit(node)
        if not isinstance(value, ast.Call) or _is_talk(value):
            return None
        return self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        """Gone."""

    def visit_Pass(self, node: ast.Pass) -> None:
        """Gone."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        """An assignment without its hint; a hint without an assignment is nothing."""
        if node.value is None:
            return None
        plain = ast.Assign(targets=[node.target], value=node.value)
        return self.generic_visit(ast.copy_location(plain, node))

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """A parameter without its hint."""
        node.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Methods whose first parameter is `self`, whatever the author calls it."""
        for method in node.body:
            if isinstance(method, _FUNCTIONS) and method.args.args and not _is_static(method):
                _call_self(method, method.args.args[0].arg)
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt] | None:
        """A branch that is decided already is its body or nothing."""
        decided = truth(node.test)
        if decided is None:
            self.generic_visit(node)
            return node if node.body or node.orelse else None
        return [kept for part in (node.body if decided else node.orelse) for kept in self._kept(part)]

    def visit_While(self, node: ast.While) -> ast.AST | None:
        """A loop that never runs."""
        return None if truth(node.test) is False else self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Visit below, then drop what stands after a `return`."""
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                setattr(node, name, list(_until_end(block)))
        if isinstance(node, _FUNCTIONS):
            node.returns = None
        return node

    def _kept(self, statement: ast.stmt) -> list[ast.stmt]:
        found = self.visit(statement)
        return found if isinstance(found, list) else [found] if found is not None else []


def clean(scripts: Scripts) -> None:
    """Take the dead statements out of all files of a bundle, in place."""
    for tree in scripts.values():
        Cleaner().visit(tree)
    for _ in range(ROUNDS):
        if not _drop_unread(scripts):
            return


def unreached(scripts: Scripts) -> set[ast.stmt]:
    """Top-level functions and classes, and methods, that nothing which a run calls ever names."""
    definitions: dict[str, list[ast.stmt]] = {}
    waiting: list[ast.stmt] = []
    for tree in scripts.values():
        for statement in tree.body:
            name = getattr(statement, "name", None)
            if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)) and name not in ROOTS:
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
        if isinstance(inner, _FUNCTIONS) and inner.name not in KEPT and not inner.name.startswith("__"):
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


def _drop_unread(scripts: Scripts) -> int:
    """Drop assignments to variables and own attributes that are read nowhere; how many there were."""
    read = Counter[str]()
    for tree in scripts.values():
        read.update(name for statement in tree.body for name in _read(statement))
    dropped = 0
    for tree in scripts.values():
        for node in ast.walk(tree):
            for field in ("body", "orelse", "finalbody"):
                block = getattr(node, field, None)
                if isinstance(block, list) and not isinstance(node, ast.ClassDef):
                    kept = [statement for statement in block if not _is_unread(statement, read)]
                    dropped += len(block) - len(kept)
                    setattr(node, field, kept)
    return dropped


def _read(statement: ast.AST) -> Iterator[str]:
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name, ctx=ast.Load()):
                yield name
            case ast.Constant(value=str(name)) if name.isidentifier():
                yield name
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                yield from names


def _is_unread(statement: ast.stmt, read: Counter[str]) -> bool:
    match statement:
        case ast.Assign(targets=targets):
            return all(_is_unread_target(target, read) for target in targets)
        case ast.AugAssign(target=ast.Name() as target):
            return _is_unread_target(target, read)
    return False


def _is_unread_target(target: ast.expr, read: Counter[str]) -> bool:
    match target:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name not in read
        case ast.Tuple(elts=parts):
            return all(_is_unread_target(part, read) for part in parts)
    return False


def _is_static(method: FunctionNode) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in method.decorator_list)


def _call_self(method: FunctionNode, name: str) -> None:
    for node in ast.walk(method):
        match node:
            case ast.Name(id=found) if found == name:
                node.id = "self"
            case ast.arg(arg=found) if found == name:
                node.arg = "self"


def _is_talk(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in TALK
    return False


def _until_end(block: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in block:
        yield statement
        if isinstance(statement, ENDS):
            return
