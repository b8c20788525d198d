"""A cleaned syntax tree as tokens in the order of reading. Standard library only.

A token is a word that means something to Python or torch, or a name of the author's own: variables,
attributes and numbers count as names, because other ones would do as well.
"""

# ruff: noqa: N802, N815 (methods are named after ast's classes, as those of ast.NodeVisitor are)

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reviews.duplicates.source.foreign import OF_MODULES, OF_VALUES
from reviews.duplicates.source.names import BUILTINS, KEPT, OWN_MODULE, FunctionNode, Names, bound_in

SMALL_NUMBERS = (0, 1, 2)  # axes, signs and halves; other numbers are settings


@dataclass(frozen=True, slots=True)
class Own:
    """A name of the author's own: `kind` is v (variable), a (attribute) or n (number)."""

    kind: str
    name: str


Token = str | Own


class Writer:
    """Tokens of one file's nodes."""

    def __init__(self, names: Names, file: str) -> None:
        self.imports, self.contexts = names.imports.get(file, {}), names.contexts
        self.bound: frozenset[str] = frozenset()  # in the unit that is being written

    def unit(self, nodes: list[ast.AST]) -> list[Token]:
        """Tokens of the statements of one unit."""
        self.bound = frozenset(name for node in nodes for name in bound_in(node))
        return [token for node in nodes for token in self.write(node)]

    def write(self, node: ast.AST) -> Iterator[Token]:
        """Tokens of a node and everything below it."""
        written: Iterator[Token] = getattr(self, f"_write_{type(node).__name__}", self._write_other)(node)
        return written

    def _write_other(self, node: ast.AST) -> Iterator[Token]:
        yield type(node).__name__
        yield from self._each(ast.iter_child_nodes(node))

    def _write_nothing(self, node: ast.AST) -> Iterator[Token]:
        return iter(())

    _write_Load = _write_Store = _write_Del = _write_nothing
    _write_Import = _write_ImportFrom = _write_Global = _write_Nonlocal = _write_nothing

    def _write_Name(self, node: ast.Name) -> Iterator[Token]:
        yield self._name(node.id)

    def _write_arg(self, node: ast.arg) -> Iterator[Token]:
        yield Own("v", node.arg)

    def _write_Constant(self, node: ast.Constant) -> Iterator[Token]:
        yield _constant(node.value)

    def _write_JoinedStr(self, node: ast.JoinedStr) -> Iterator[Token]:
        yield "str"

    def _write_Expr(self, node: ast.Expr) -> Iterator[Token]:
        return self.write(node.value)

    def _write_Call(self, node: ast.Call) -> Iterator[Token]:
        yield from self.write(node.func)
        yield "("
        yield from self._each(node.args)
        yield from self._keywords(node.keywords, own=self._is_own(node.func))
        yield ")"

    def _write_Assign(self, node: ast.Assign) -> Iterator[Token]:
        for target in node.targets:
            yield from self.write(target)
            yield "="
        yield from self.write(node.value)

    def _write_BinOp(self, node: ast.BinOp) -> Iterator[Token]:
        yield from self.write(node.left)
        yield type(node.op).__name__
        yield from self.write(node.right)

    def _write_Compare(self, node: ast.Compare) -> Iterator[Token]:
        yield from self.write(node.left)
        for compared, other in zip(node.ops, node.comparators, strict=True):
            yield type(compared).__name__
            yield from self.write(other)

    def _write_Subscript(self, node: ast.Subscript) -> Iterator[Token]:
        yield from self.write(node.value)
        yield "["
        yield from self.write(node.slice)
        yield "]"

    def _write_Tuple(self, node: ast.Tuple | ast.List) -> Iterator[Token]:
        yield "["
        yield from self._each(node.elts)
        yield "]"

    _write_List = _write_Tuple

    def _each(self, nodes: Iterable[ast.AST]) -> Iterator[Token]:
        for node in nodes:
            yield from self.write(node)

    def _keywords(self, keywords: list[ast.keyword], *, own: bool) -> Iterator[Token]:
        """In the order of their names, which is free; names of the bundle's own functions are its own."""
        for keyword in sorted(keywords, key=lambda keyword: keyword.arg or ""):
            name = keyword.arg
            if name is None:
                yield "**"
            elif not own:
                yield f"{name}="
            yield from self.write(keyword.value)

    def _is_own(self, function: ast.expr) -> bool:
        """Whether a call goes to something that the bundle defines."""
        match function:
            case ast.Name(id=name):
                return isinstance(self._name(name), Own)
            case ast.Attribute() if self._dotted(function) is None:
                return isinstance(self._own_attribute(function), Own)
        return False

    def _write_FunctionDef(self, node: FunctionNode) -> Iterator[Token]:
        yield "def"
        yield node.name if node.name in KEPT or node.name.startswith("__") else Own("v", node.name)
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if argument.arg != "self":
                yield Own("v", argument.arg)
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                yield from self.write(default)
        yield ":"
        yield from self._each(node.decorator_list)
        yield from self._each(node.body)

    _write_AsyncFunctionDef = _write_FunctionDef

    def _name(self, name: str) -> Token:
        dotted = self.imports.get(name)
        if dotted and dotted != OWN_MODULE:
            return dotted
        return name if name in BUILTINS and name not in self.bound else Own("v", name)

    def _write_Attribute(self, node: ast.Attribute) -> Iterator[Token]:
        dotted = self._dotted(node)
        if dotted is not None:
            yield dotted
            return
        base = node.value
        if isinstance(base, ast.Name) and self.imports.get(base.id) == OWN_MODULE:
            yield Own("v", node.attr)
            return
        if not _is_self(base):
            yield from self.write(base)
        yield self._own_attribute(node)

    def _own_attribute(self, node: ast.Attribute) -> Token:
        """Torch's attributes and the context's by name, all others as the author's own."""
        base, name = node.value, node.attr
        if _is_self(base):
            return f"self.{name}" if name in OF_MODULES else Own("a", name)
        of_context = isinstance(base, ast.Name) and base.id in self.contexts
        return f".{name}" if of_context or name in OF_VALUES else Own("a", name)

    def _dotted(self, node: ast.expr) -> str | None:
        """The full name of something imported from outside the bundle."""
        if isinstance(node, ast.Attribute):
            base = self._dotted(node.value)
            return base and f"{base}.{node.attr}"
        if isinstance(node, ast.Name):
            found = self.imports.get(node.id)
            return found if found and found != OWN_MODULE else None
        return None


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _constant(value: object) -> Token:
    match value:
        case bool() | None:
            return repr(value)
        case int() | float() if value in SMALL_NUMBERS:
            return repr(int(value))
        case int() | float() | complex():
            return Own("n", repr(value))
        case str() | bytes():
            return "str"
    return "..."
