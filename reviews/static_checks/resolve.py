"""What an expression means as far as the source alone tells: dotted paths, constant text, folders of ctx."""

import ast
import builtins
from collections.abc import Iterator, Mapping

from reviews.static_checks.scopes import Binding, Scope, elements

MAX_ORIGINS = 16
MAX_SEGMENTS = 16
MAX_TEXT = 4096
PYTHONS_OWN = frozenset(dir(builtins))
CTX_FOLDERS = frozenset({"artifacts_dir", "checkpoint_dir"})

Paths = frozenset[str]
NOTHING: Paths = frozenset()


class Project:
    """The module scopes of the bundle's files by dotted name, as imports see them."""

    def __init__(self, modules: Mapping[str, "Resolver"]) -> None:
        self.modules = modules
        self.tops = frozenset(name.split(".")[0] for name in modules)

    def library_paths(self, path: str, depth: int = 8) -> Paths:
        """The path as one of the library's: own modules are followed to what they import."""
        if path.split(".", maxsplit=1)[0] not in self.tops or self._is_folder(path):
            return frozenset({path})
        module, rest = self._split(path)
        if module is None or depth == 0:
            return NOTHING
        if not rest:
            return frozenset({path})
        found = module.top_level(rest[0], depth - 1)
        return frozenset(".".join([base, *rest[1:]]) for base in found)

    def is_own(self, path: str) -> bool:
        """Whether a path leads to a file or folder of the bundle."""
        return path.split(".", maxsplit=1)[0] in self.tops

    def _is_folder(self, path: str) -> bool:
        return path not in self.modules and any(name.startswith(f"{path}.") for name in self.modules)

    def _split(self, path: str) -> tuple["Resolver | None", list[str]]:
        parts = path.split(".")
        for size in range(len(parts), 0, -1):
            module = self.modules.get(".".join(parts[:size]))
            if module is not None:
                return module, parts[size:]
        return None, []


class Resolver:
    """Resolution within one file. Every answer is remembered, so a file costs time linear in its size."""

    def __init__(self, scopes: Mapping[ast.AST, Scope], module: Scope) -> None:
        self.scopes, self.module = scopes, module
        self.project = Project({})
        self.folder_attributes = CTX_FOLDERS
        self._paths: dict[tuple[ast.expr, int], Paths] = {}
        self._top: dict[str, Paths] = {}
        self._text: dict[ast.expr, str | None] = {}
        self._folder: dict[ast.expr, bool] = {}

    # dotted paths

    def paths(self, node: ast.expr, scope: Scope) -> Paths:
        """The library paths that an expression may stand for; nothing where the source does not tell."""
        key = (node, id(scope))
        if key not in self._paths:
            self._paths[key] = NOTHING  # for what refers to itself
            found = frozenset(self._find(node, scope))
            self._paths[key] = found if len(found) <= MAX_ORIGINS else NOTHING
        return self._paths[key]

    def _find(self, node: ast.expr, scope: Scope) -> Iterator[str]:
        match node:
            case ast.Name(id=name):
                yield from self.name_paths(name, scope)
            case ast.Attribute(value=base, attr=attribute):
                yield from self._member(base, attribute, scope)
            case ast.Call(func=ast.Name(id="getattr"), args=[base, name, *_]):
                shown = self.text(name, scope)
                if shown is not None and shown.isidentifier():
                    yield from self._member(base, shown, scope)
            case ast.NamedExpr(value=value):
                yield from self.paths(value, scope)
            case ast.IfExp(body=one, orelse=other):
                yield from self.paths(one, scope) | self.paths(other, scope)
            case ast.BoolOp(values=values):
                for value in values:
                    yield from self.paths(value, scope)
            case ast.Subscript(value=container):
                for value in elements(container):
                    yield from self.paths(value, scope)

    def _member(self, base: ast.expr, attribute: str, scope: Scope) -> Iterator[str]:
        for path in self.paths(base, scope):
            if path.count(".") < MAX_SEGMENTS:
                yield from self.project.library_paths(f"{path}.{attribute}")

    def name_paths(self, name: str, scope: Scope) -> Paths:
        """What a name may stand for where it is used."""
        found: set[str] = set()
        for binding, home in self.bindings(name, scope):
            if binding.path:
                found |= self.project.library_paths(binding.path)
            for value in binding.values:
                found |= self.paths(value, home)
        if scope.holder(name) is None:
            found |= {"builtins.open"} if name == "open" else self._from_stars(name)
        return frozenset(found)

    def bindings(self, name: str, scope: Scope) -> Iterator[tuple[Binding, Scope]]:
        """The bindings that a use may mean, without those for type checkers only."""
        holder = scope.holder(name)
        if holder is None:
            return
        for binding in holder.names[name]:
            if binding.guard is None or not self.is_for_types(binding.guard, holder):
                yield binding, holder

    def top_level(self, name: str, depth: int) -> Paths:
        """What another file gets that imports `name` from this one."""
        if name not in self._top and depth:
            self._top[name] = NOTHING
            self._top[name] = self.name_paths(name, self.module)
        return self._top.get(name, NOTHING)

    def _from_stars(self, name: str) -> Paths:
        if name in PYTHONS_OWN or name.startswith("_"):
            return NOTHING
        found: set[str] = set()
        for star in self.module.stars:
            found |= self.project.library_paths(f"{star}.{name}")
        return frozenset(found)

    def is_for_types(self, node: ast.If, scope: Scope) -> bool:
        """Whether the body is for type checkers: the test is typing's constant and nothing else."""
        match node.test:
            case ast.Name(id=name):
                ways = scope.names.get(name) or scope.module.names.get(name, [])
                return bool(ways) and all(way.path == "typing.TYPE_CHECKING" for way in ways)
            case ast.Attribute(value=ast.Name(id=name), attr="TYPE_CHECKING"):
                ways = scope.names.get(name) or scope.module.names.get(name, [])
                return bool(ways) and all(way.path == "typing" for way in ways)
        return False

    def means_builtin(self, node: ast.Name, scope: Scope) -> bool:
        """Whether a name can mean Python's own; binding it where that may not happen hides nothing."""
        holder = scope.holder(node.id)
        if holder is None:
            return True
        if holder is not self.module and not holder.is_class:
            return False
        ways = holder.names[node.id]
        if node.id == "compile":  # a common name of a switch, and harmless alone
            return False
        if holder.is_class or node.id in holder.deleted or not any(way.is_certain for way in ways):
            return True
        return scope is holder and node.lineno < min(way.line for way in ways)

    # text

    def text(self, node: ast.expr, scope: Scope) -> str | None:
        """The string that an expression makes of constants alone, or None."""
        if node not in self._text:
            self._text[node] = None
            made = self._make(node, scope)
            self._text[node] = made if made is not None and len(made) <= MAX_TEXT else None
        return self._text[node]

    def _make(self, node: ast.expr, scope: Scope) -> str | None:  # noqa: PLR0911 - one return per form
        match node:
            case ast.Constant(value=str(value)):
                return value
            case ast.Constant(value=bytes(value)):
                return value.decode("latin-1")
            case ast.Name(id=name):
                ways = list(self.bindings(name, scope))
                if len(ways) == 1 and len(ways[0][0].values) == 1:
                    return self.text(ways[0][0].values[0], ways[0][1])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([left, right], scope)
            case ast.JoinedStr(values=values):
                return self._joined(values, scope)
            case ast.FormattedValue(value=value, format_spec=None):
                return self.text(value, scope)
            case ast.Subscript(value=value, slice=ast.Slice() as cut):
                return self._cut(value, cut, scope)
            case ast.Call(func=ast.Name(id="chr"), args=[ast.Constant(value=int(code))]):
                return chr(code) if 0 <= code < 0x110000 else None
            case ast.Call(func=ast.Name(id="str"), args=[value]):
                return self.text(value, scope)
            case ast.Call(func=ast.Attribute(value=base, attr=method), args=arguments):
                return self._method(base, method, arguments, scope)
        return None

    def _joined(self, nodes: list[ast.expr], scope: Scope, separator: str = "") -> str | None:
        parts = [self.text(node, scope) for node in nodes]
        known = [part for part in parts if part is not None]
        return separator.join(known) if len(known) == len(parts) else None

    def _cut(self, node: ast.expr, cut: ast.Slice, scope: Scope) -> str | None:
        text = self.text(node, scope)
        given = [bound for bound in (cut.lower, cut.upper, cut.step) if bound is not None]
        if text is None or any(_integer(bound) is None for bound in given):
            return None
        lower, upper, step = (
            _integer(bound) if bound else None for bound in (cut.lower, cut.upper, cut.step)
        )
        return None if step == 0 else text[lower:upper:step]

    def _method(self, base: ast.expr, method: str, arguments: list[ast.expr], scope: Scope) -> str | None:
        text = self.text(base, scope)
        if text is None:
            return None
        if method == "join" and len(arguments) == 1:
            return self._joined(elements(arguments[0]), scope, text) if elements(arguments[0]) else None
        known = [self.text(argument, scope) for argument in arguments]
        if method == "replace" and len(known) == 2 and None not in known:
            return text.replace(str(known[0]), str(known[1])) if len(text) < MAX_TEXT // 8 else None
        if method in {"encode", "decode"}:
            return text
        is_plain = method in {"lower", "upper", "strip", "swapcase", "title"} and not arguments
        return str(getattr(text, method)()) if is_plain else None

    # folders of ctx

    def below_ctx(self, node: ast.AST, scope: Scope) -> bool:
        """Whether an expression is made from `ctx.artifacts_dir` or `ctx.checkpoint_dir`."""
        if isinstance(node, ast.Attribute) and node.attr in self.folder_attributes:
            return True
        if isinstance(node, ast.Name):
            return node.id in CTX_FOLDERS or self._name_below_ctx(node, scope)
        return any(self.below_ctx(child, scope) for child in ast.iter_child_nodes(node))

    def _name_below_ctx(self, node: ast.Name, scope: Scope) -> bool:
        if node not in self._folder:
            self._folder[node] = False
            self._folder[node] = any(
                self.below_ctx(value, home)
                for binding, home in self.bindings(node.id, scope)
                for value in binding.values
            )
        return self._folder[node]


def _integer(node: ast.expr) -> int | None:
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
    return None
