"""Writing what can be written in several ways in one way. Standard library only."""

import ast
from collections import Counter
from collections.abc import Iterator

FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}
BLOCKS = ("body", "orelse", "finalbody")


class Shaper(ast.NodeTransformer):
    """`a += b`, `a > b`, a list filled by a loop, a result named only to be used in the next line."""

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """`a += b` as `a = a + b`."""
        value = ast.BinOp(left=_loaded(node.target), op=node.op, right=node.value)
        return self.generic_visit(ast.copy_location(ast.Assign(targets=[node.target], value=value), node))

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """`a > b` as `b < a`."""
        self.generic_visit(node)
        flipped = FLIPPED.get(type(node.ops[0])) if len(node.ops) == 1 else None
        if flipped is None:
            return node
        return ast.Compare(left=node.comparators[0], ops=[flipped()], comparators=[node.left])

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        """A list and a generator say the same to whoever goes through them."""
        self.generic_visit(node)
        return ast.GeneratorExp(elt=node.elt, generators=node.generators)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Visit below, then the statements of a block together."""
        super().generic_visit(node)
        for name in BLOCKS:
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                setattr(node, name, list(_loops_as_lists(block)))
        return node


def shape(tree: ast.Module) -> None:
    """Rewrite a cleaned file in place."""
    Shaper().visit(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            _name_nothing_twice(node)


def _loops_as_lists(block: list[ast.stmt]) -> Iterator[ast.stmt]:
    """`xs = []` and `for t in it: xs.append(e)` as `xs = [e for t in it]`."""
    at = 0
    while at < len(block):
        joined = _joined(block[at], block[at + 1]) if at + 1 < len(block) else None
        yield joined or block[at]
        at += 2 if joined else 1


def _joined(one: ast.stmt, other: ast.stmt) -> ast.stmt | None:
    match one, other:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.List(elts=[])),
            ast.For(
                target=target,
                iter=source,
                body=[
                    ast.Expr(
                        value=ast.Call(func=ast.Attribute(value=ast.Name(id=to), attr="append"), args=[item])
                    )
                ],
                orelse=[],
            ),
        ) if name == to:
            each = ast.comprehension(target=target, iter=source, ifs=[], is_async=0)
            made = ast.GeneratorExp(elt=item, generators=[each])
            return ast.copy_location(ast.Assign(targets=one.targets, value=made), one)
    return None


def _name_nothing_twice(function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """Put a value that is named once and used once, in the next statement, where it is used."""
    stored, loaded = Counter[str](), Counter[str]()
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            (loaded if isinstance(node.ctx, ast.Load) else stored)[node.id] += 1
    passing = {name for name in stored if stored[name] == 1 and loaded[name] == 1}
    passing -= {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
    if not passing:
        return
    for node in ast.walk(function):
        for name in BLOCKS:
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                setattr(node, name, _handed_on(block, passing))


def _handed_on(block: list[ast.stmt], passing: set[str]) -> list[ast.stmt]:
    kept: list[ast.stmt] = []
    held: tuple[str, ast.expr, ast.stmt] | None = None
    for statement in block:
        if held is not None and not _put(statement, held[0], held[1]):
            kept.append(held[2])
        held = None
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in passing:
                held = name, value, statement
            case _:
                kept.append(statement)
    return kept if held is None else [*kept, held[2]]


class _Put(ast.NodeTransformer):
    def __init__(self, name: str, value: ast.expr) -> None:
        self.name, self.value, self.done = name, value, False

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id != self.name or not isinstance(node.ctx, ast.Load):
            return node
        self.done = True
        return self.value


def _put(statement: ast.stmt, name: str, value: ast.expr) -> bool:
    """Put the value in place of the name, but not into a block, where it would be computed again."""
    if hasattr(statement, "body"):
        return False
    put = _Put(name, value)
    put.visit(statement)
    return put.done


def _loaded(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(id=name):
            return ast.Name(id=name, ctx=ast.Load())
        case ast.Attribute(value=value, attr=attr):
            return ast.Attribute(value=value, attr=attr, ctx=ast.Load())
        case ast.Subscript(value=value, slice=index):
            return ast.Subscript(value=value, slice=index, ctx=ast.Load())
    return target
