"""Taking out what a run would not miss: hints, assertions, messages, dead code. Standard library only."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

from reviews.duplicates.source.conditions import is_empty, truth
from reviews.duplicates.source.liveness import drop_unread
from reviews.duplicates.source.names import FUNCTIONS, FunctionNode, Scripts

ROUNDS = 6  # of taking out what only dead code has used
TALK = frozenset({"print", "log", "debug", "info", "warning", "warn", "write", "flush", "set_postfix"})
# Calls that are made for their result: alone on a line they do nothing.
IDLE = frozenset(
    {
        "abs",
        "bool",
        "dict",
        "float",
        "hasattr",
        "hash",
        "id",
        "int",
        "isinstance",
        "len",
        "list",
        "max",
        "min",
    }
    | {"range", "repr", "set", "sorted", "str", "sum", "tuple", "type"}
    | {"arange", "clone", "empty", "eye", "full", "linspace", "ones", "ones_like", "rand", "randn", "tensor"}
    | {"zeros", "zeros_like"}
)
ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)


class Cleaner(ast.NodeTransformer):
    """Drops what does nothing, wherever it stands; `switches` are settings that never change."""

    def __init__(self, switches: Mapping[str, bool]) -> None:
        self.switches = switches

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """A docstring, a name alone, a comparison alone, a message."""
        value = node.value
        if isinstance(value, (ast.Yield, ast.YieldFrom, ast.Await)):
            return self.generic_visit(node)
        if not isinstance(value, ast.Call) or _is_idle(value):
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
            if isinstance(method, FUNCTIONS) and method.args.args and not _is_static(method):
                _call_self(method, method.args.args[0].arg)
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt] | None:
        """A branch that is decided already is its body or nothing."""
        decided = truth(node.test, self.switches)
        if decided is None:
            self.generic_visit(node)
            return node if node.body or node.orelse else None
        return [kept for part in (node.body if decided else node.orelse) for kept in self._kept(part)]

    def visit_While(self, node: ast.While) -> ast.AST | None:
        """A loop that never runs."""
        return None if truth(node.test, self.switches) is False else self.generic_visit(node)

    def visit_For(self, node: ast.For) -> ast.AST | None:
        """A loop over nothing."""
        return None if is_empty(node.iter) else self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Visit below, then drop what stands after a `return`."""
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                setattr(node, name, list(_until_end(block)))
        if isinstance(node, FUNCTIONS):
            node.returns = None
        return node

    def _kept(self, statement: ast.stmt) -> list[ast.stmt]:
        found = self.visit(statement)
        return found if isinstance(found, list) else [found] if found is not None else []


def clean(scripts: Scripts) -> None:
    """Take the dead statements out of all files of a bundle, in place."""
    for tree in scripts.values():
        Cleaner(_switches(tree)).visit(tree)
    for _ in range(ROUNDS):
        if not drop_unread(scripts):
            return


def _switches(tree: ast.Module) -> dict[str, bool]:
    """Names that a file binds once, at its top, to a number, a string, true or false."""
    bound = Counter(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    bound.update(node.arg for node in ast.walk(tree) if isinstance(node, ast.arg))
    found = {}
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)) if bound[name] == 1:
                found[name] = bool(value)
    return found


def _is_static(method: FunctionNode) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in method.decorator_list)


def _call_self(method: FunctionNode, name: str) -> None:
    for node in ast.walk(method):
        match node:
            case ast.Name(id=found) if found == name:
                node.id = "self"
            case ast.arg(arg=found) if found == name:
                node.arg = "self"


def _is_idle(call: ast.Call) -> bool:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in TALK or name in IDLE
    return False


def _until_end(block: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in block:
        yield statement
        if isinstance(statement, ENDS):
            return
