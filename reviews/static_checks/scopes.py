"""Which names a file binds, where, and to what: the ground that resolution stands on. No evaluation."""

# ruff: noqa: N815 - visitors are named after the nodes they visit

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Scoped = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.expr


@dataclass(frozen=True, slots=True)
class Binding:
    """One way in which a name gets a value.

    `path` is a dotted import (relative ones resolved), `values` are expressions of which it is one;
    with neither, nothing is known. `is_certain`: it happens whenever its scope runs.
    """

    line: int
    path: str = ""
    values: tuple[ast.expr, ...] = ()
    is_certain: bool = True
    guard: ast.If | None = None  # the innermost `if` whose body holds it

    @property
    def is_known(self) -> bool:
        return bool(self.path or self.values)


@dataclass(slots=True)
class Scope:
    """The names of a module, class, function or comprehension."""

    parent: "Scope | None"
    is_class: bool = False
    names: dict[str, list[Binding]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)  # declared global or nonlocal
    stars: list[str] = field(default_factory=list)  # modules of star imports
    deleted: set[str] = field(default_factory=set)

    @property
    def module(self) -> "Scope":
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def bind(self, name: str, binding: Binding) -> None:
        """Add a binding where the language puts it."""
        scope = self.module if name in self.outer else self
        scope.names.setdefault(name, []).append(binding)

    def holder(self, name: str) -> "Scope | None":
        """The scope whose `name` a use in this one means; None for a builtin or a star import's."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope is self or not scope.is_class):
                return scope
            scope = scope.parent
        return None


def scopes_of(tree: ast.Module, package: str) -> dict[ast.AST, Scope]:
    """The scope of every node that opens one; `package` is the dotted folder of the file."""
    binder = _Binder(package)
    binder.open(tree, None)
    for statement in tree.body:
        binder.visit(statement)
    return binder.scopes


class _Binder(ast.NodeVisitor):
    def __init__(self, package: str) -> None:
        self.package = package
        self.scopes: dict[ast.AST, Scope] = {}
        self.scope = Scope(None)
        self.guard: ast.If | None = None
        self.depth = 0  # of statements that may not happen

    def open(self, node: ast.AST, parent: Scope | None) -> None:
        self.scope = self.scopes[node] = Scope(parent, is_class=isinstance(node, ast.ClassDef))

    def bind(
        self,
        name: str,
        node: ast.AST,
        *,
        path: str = "",
        values: Sequence[ast.expr] = (),
        certain: bool = True,
    ) -> None:
        binding = Binding(
            getattr(node, "lineno", 0), path, tuple(values), certain and not self.depth, self.guard
        )
        self.scope.bind(name, binding)

    # statements that bind

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                self.bind(alias.asname, node, path=alias.name)
            else:
                root = alias.name.split(".")[0]
                self.bind(root, node, path=root)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = imported_module(node, self.package)
        for alias in node.names:
            if alias.name == "*":
                self.scope.stars.append(module)
            else:
                self.bind(alias.asname or alias.name, node, path=f"{module}.{alias.name}".lstrip("."))

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        self.scope.outer.update(node.names)

    visit_Nonlocal = visit_Global

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._assign(target, [node.value])
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._assign(node.target, [node.value] if node.value else [], certain=node.value is not None)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._assign(node.target, [])
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._assign(node.target, [node.value])
        self.generic_visit(node)

    def visit_For(self, node: ast.For | ast.AsyncFor | ast.comprehension) -> None:
        self._assign(node.target, elements(node.iter), certain=False)
        self.generic_visit(node)

    visit_AsyncFor = visit_For
    visit_comprehension = visit_For

    def visit_withitem(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            self._assign(node.optional_vars, [])
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bind(node.name, node, certain=False)
        self.generic_visit(node)

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                (self.scope.module if target.id in self.scope.outer else self.scope).deleted.add(target.id)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self.bind(node.name, node, certain=False)
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.bind(node.rest, node, certain=False)
        self.generic_visit(node)

    def _assign(self, target: ast.expr, values: Sequence[ast.expr], *, certain: bool = True) -> None:
        match target:
            case ast.Name(id=name):
                self.bind(name, target, values=values, certain=certain)
            case ast.Starred(value=inner):
                self._assign(inner, [], certain=certain)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                for position, inner in enumerate(targets):
                    self._assign(inner, list(_nth(values, position, len(targets))), certain=certain)

    # what opens a scope, and what may not happen

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.bind(node.name, node)
        for outside in (*node.decorator_list, *_defaults(node.args)):
            self.visit(outside)
        self._inside(node, node.body, node.args)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for outside in _defaults(node.args):
            self.visit(outside)
        self._inside(node, [node.body], node.args)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bind(node.name, node)
        for outside in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outside)
        self._inside(node, node.body, None)

    def visit_ListComp(self, node: ast.expr) -> None:
        self._inside(node, list(ast.iter_child_nodes(node)), None)

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        before, self.guard = self.guard, node
        self._perhaps(node.body)
        self.guard = before
        self._perhaps(node.orelse)

    def visit_Try(self, node: ast.Try | ast.While | ast.Match | ast.TryStar) -> None:
        self._perhaps(list(ast.iter_child_nodes(node)))

    visit_While = visit_Match = visit_TryStar = visit_Try

    def _perhaps(self, body: Sequence[ast.AST]) -> None:
        self.depth += 1
        for node in body:
            self.visit(node)
        self.depth -= 1

    def _inside(self, node: ast.AST, body: Sequence[ast.AST], arguments: ast.arguments | None) -> None:
        before, depth = self.scope, self.depth
        self.open(node, before)
        self.depth = 0
        if arguments is not None:
            for name, default in _parameters(arguments):
                self.bind(name, node, values=[default] if default is not None else [])
        for inner in body:
            self.visit(inner)
        self.scope, self.depth = before, depth


def imported_module(node: ast.ImportFrom, package: str) -> str:
    """The dotted module of `from ... import`, a relative one seen from `package`; own files stay own."""
    if not node.level:
        return node.module or ""
    parts = package.split(".") if package else []
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def elements(node: ast.expr) -> list[ast.expr]:
    """The members of a literal list, tuple, set or dictionary's values; nothing of anything else."""
    match node:
        case ast.List(elts=inner) | ast.Tuple(elts=inner) | ast.Set(elts=inner):
            return list(inner)
        case ast.Dict(values=inner):
            return list(inner)
    return []


def _nth(values: Sequence[ast.expr], position: int, count: int) -> Iterator[ast.expr]:
    """The element that unpacking gives the target at `position`, where the source shows it."""
    for value in values:
        inner = elements(value)
        if len(inner) == count and not isinstance(value, ast.Dict | ast.Set):
            yield inner[position]


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    """What a definition evaluates in the scope around it."""
    yield from arguments.defaults
    yield from (default for default in arguments.kw_defaults if default is not None)


def _parameters(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr | None]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    padding: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [
        *zip(positional, [*padding, *arguments.defaults], strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    yield from ((argument.arg, default) for argument, default in pairs)
    yield from ((extra.arg, None) for extra in (arguments.vararg, arguments.kwarg) if extra)
