"""Walking the syntax tree of one file and noting which names break which rule."""

# ruff: noqa: N815 - visitors are named after the nodes they visit

import ast
import re
from collections.abc import Mapping

from evaluations.runner.hooks import NAMES as HOOKS
from reviews.static_checks.files import Files
from reviews.static_checks.found import Notes
from reviews.static_checks.members import broken_rule, import_rule, is_offered
from reviews.static_checks.names import (
    ATTRIBUTES,
    BUILTINS,
    DECODERS,
    LOOK_UP,
    PROCESS_METHODS,
    RESTRICTED,
    SETTINGS,
)
from reviews.static_checks.resolve import PYTHONS_OWN, Paths, Resolver
from reviews.static_checks.scopes import Scope, imported_module

# Called by whoever runs the bundle, or by torch.
ENTRIES = frozenset({*HOOKS, "build_model", "train", "forward", "backward", "step", "setup_context", "main"})
ABSENT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
# What str.format takes of its arguments: `"{0.__globals__}"`.
_FORMATTED = re.compile(r"(?<=\.)(__[a-z_]+__)(?=[^{}]*\})")
# Functions that may be given a module without it getting any further.
_LOOKERS = frozenset(
    {"getattr", "hasattr", "isinstance", "id", "print", "repr", "setattr", "delattr", "vars", "dir"}
)


class Finder(ast.NodeVisitor):
    """Visits one file. `called` counts how often the bundle refers to each name."""

    def __init__(self, resolver: Resolver, package: str, called: Mapping[str, int], notes: Notes) -> None:
        self.resolver, self.package, self.called, self.notes = resolver, package, called, notes
        self.files = Files(resolver, notes)
        self.scope: Scope = resolver.module
        self.is_guarded = False  # inside a try that handles a missing module
        self.own_references: dict[ast.AST, int] = {}
        self.functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []  # around the node

    # imports

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = imported_module(node, self.package)
        if node.level:
            return
        self._import(module, node)
        if self.resolver.project.is_own(module):
            return
        for alias in node.names:
            path = f"{module}.{alias.name}"
            rule_id = None if alias.name == "*" else broken_rule(path)
            if rule_id is not None and import_rule(module) in {None, "import_noted"}:
                self.notes.add(rule_id, node.lineno, path)
            if alias.name in ATTRIBUTES:
                self.notes.add(ATTRIBUTES[alias.name], node.lineno, alias.name)

    def _import(self, module: str, node: ast.stmt) -> None:
        if self.resolver.project.is_own(module):
            return
        rule_id = import_rule(module)
        if rule_id == "import_not_allowed" and (self.is_guarded or self._is_idle()):
            rule_id = "import_optional"
        if rule_id is not None:
            self.notes.add(rule_id, node.lineno, module)

    # names and attributes

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            return
        if node.id in BUILTINS and self.resolver.means_builtin(node, self.scope):
            self.notes.add(BUILTINS[node.id], node.lineno, node.id)
        elif node.id in LOOK_UP and self.scope.holder(node.id) is None:
            rule_id = "namespace_access" if node.id == "globals" else "builtin_passed"
            self.notes.add(rule_id, node.lineno, node.id)
        else:
            self._use(node, self.resolver.paths(node, self.scope), is_whole=True)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        paths = self.resolver.paths(node, self.scope)
        if node.attr in ATTRIBUTES:
            self.notes.add(ATTRIBUTES[node.attr], node.lineno, node.attr)
        elif node.attr == "__self__" and isinstance(node.value, ast.Name) and self._is_builtin(node.value):
            self.notes.add("dunder_walk", node.lineno, node.attr)
        if isinstance(node.ctx, ast.Load):
            self._use(node, paths, is_whole=True)
        elif any(self._is_patch(path) for path in paths):
            self.notes.add("monkey_patch", node.lineno, min(paths))
        if node.attr in PROCESS_METHODS and not paths:
            self.notes.add("suspicious_method", node.lineno, node.attr)
        self._inner(node.value)

    def _inner(self, base: ast.expr) -> None:
        """Below an attribute: its object was judged as part of the whole path, if it has one."""
        if isinstance(base, ast.Attribute):
            if base.attr in ATTRIBUTES:
                self.notes.add(ATTRIBUTES[base.attr], base.lineno, base.attr)
            if not self.resolver.paths(base, self.scope):
                self.visit(base)
            else:
                self._inner(base.value)
        elif not isinstance(base, ast.Name) or not self.resolver.paths(base, self.scope):
            self.visit(base)

    def _use(self, node: ast.expr, paths: Paths, *, is_whole: bool) -> None:
        for path in paths:
            if self._own(path) or path == "builtins.open":  # judged where it is called
                continue
            rule_id = broken_rule(path)
            if rule_id is not None:
                self.notes.add(rule_id, node.lineno, path)
            elif path == "torch.load":  # but where it is called, which `files.py` judges
                self.notes.add("deserialises", node.lineno, path)
            elif is_whole and path in RESTRICTED:
                self.notes.add("restricted_module_passed", node.lineno, path)
            elif is_whole and path in {"torch", "numpy"}:
                self.notes.add("module_passed", node.lineno, path)

    def _is_patch(self, path: str) -> bool:
        is_library = is_offered(path) and not self._own(path)
        return is_library and "." in path and not f"{path}.".startswith(SETTINGS)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        key = self.resolver.text(node.slice, self.scope)
        if key in ATTRIBUTES:
            self.notes.add(ATTRIBUTES[key], node.lineno, key)
        if key in BUILTINS and isinstance(node.value, ast.Call):
            self.notes.add(BUILTINS[key], node.lineno, key)
        if isinstance(node.ctx, ast.Store) and self.resolver.paths(node.value, self.scope) & {"os.environ"}:
            self.notes.add("environment_written", node.lineno)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if not isinstance(node.value, str) or "__" not in node.value:
            return
        if node.value in ATTRIBUTES:
            self.notes.add("dunder_in_text", node.lineno, node.value)
        for name in _FORMATTED.findall(node.value):
            if name in ATTRIBUTES:
                self.notes.add(ATTRIBUTES[name], node.lineno, name)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        for attribute in node.kwd_attrs:
            if attribute in ATTRIBUTES:
                self.notes.add(ATTRIBUTES[attribute], node.lineno, attribute)
        self.generic_visit(node)

    def visit_Match(self, node: ast.Match) -> None:
        """A class pattern takes attributes of the subject: `match os: case object(system=f)`."""
        subjects = self.resolver.paths(node.subject, self.scope)
        patterns = [part for case in node.cases for part in ast.walk(case.pattern)] if subjects else []
        for pattern in patterns:
            if isinstance(pattern, ast.MatchClass):
                taken = frozenset(f"{path}.{name}" for path in subjects for name in pattern.kwd_attrs)
                self._use(node.subject, taken, is_whole=False)
        self.generic_visit(node)

    # calls

    def visit_Call(self, node: ast.Call) -> None:
        paths = self._called(node.func)
        self.files.check(node, paths, self.scope)
        for path in paths:
            self._judge_call(node, path)
        looks = isinstance(node.func, ast.Name) and node.func.id in _LOOKERS and self._is_builtin(node.func)
        if looks:
            self._look_up(node)
        elif "torch.load" in paths:
            self._inner(node.func)
        elif not (isinstance(node.func, ast.Name) and self._shadowed(node.func)):
            self.visit(node.func)
        for position, argument in enumerate(node.args):
            if not (looks and position == 0 and self.resolver.paths(argument, self.scope)):
                self.visit(argument)
        for keyword in node.keywords:
            self.visit(keyword)

    def _called(self, function: ast.expr) -> Paths:
        if isinstance(function, ast.Name) and self._is_builtin(function):
            return frozenset({f"builtins.{function.id}"})
        return self.resolver.paths(function, self.scope)

    def _is_builtin(self, node: ast.Name) -> bool:
        return node.id in PYTHONS_OWN and self.resolver.means_builtin(node, self.scope)

    def _shadowed(self, node: ast.Name) -> bool:
        """Note a call of a function of the bundle's that is named like one that runs code."""
        if node.id not in {"exec", "eval", "__import__"} or self._is_builtin(node):
            return False
        self.notes.add("builtin_shadowed", node.lineno, node.id)
        return True

    def _judge_call(self, node: ast.Call, path: str) -> None:
        if path == "builtins.globals" or (path == "builtins.vars" and not node.args):
            self.notes.add("namespace_access", node.lineno, path.removeprefix("builtins."))
        elif path in {"operator.attrgetter", "operator.methodcaller"}:
            self._operator(node)
        elif path.startswith(DECODERS) and any(self.resolver.text(arg, self.scope) for arg in node.args):
            self.notes.add("decoder", node.lineno, path)
        elif path.startswith("sys.path."):
            self.notes.add("search_path", node.lineno, path)
        elif path in {"os.environ.setdefault", "os.environ.update", "os.putenv"}:
            self.notes.add("environment_written", node.lineno)

    def _operator(self, node: ast.Call) -> None:
        for argument in node.args[:1] if getattr(node.func, "attr", "") == "methodcaller" else node.args:
            text = self.resolver.text(argument, self.scope)
            if text is None:
                self.notes.add("computed_getattr", node.lineno)
                continue
            for part in text.split("."):
                if part in ATTRIBUTES:
                    self.notes.add(ATTRIBUTES[part], node.lineno, part)
                elif part in PROCESS_METHODS:
                    self.notes.add("suspicious_method", node.lineno, part)

    def _look_up(self, node: ast.Call) -> None:
        """getattr and its kin, with a name that the source shows or hides."""
        function = node.func.id if isinstance(node.func, ast.Name) else ""
        if not node.args:
            return
        bases = {path for path in self.resolver.paths(node.args[0], self.scope) if not self._own(path)}
        if function == "vars" and bases:
            self.notes.add("module_namespace", node.lineno, min(bases))
        if function not in {"getattr", "setattr", "delattr"} or len(node.args) < 2:
            return
        name = self.resolver.text(node.args[1], self.scope)
        if name in ATTRIBUTES:
            self.notes.add(ATTRIBUTES[name], node.lineno, name)
        if function == "getattr":
            self._getattr(node, name, bases)
        elif any(self._is_patch(f"{path}.{name}") for path in bases):
            self.notes.add("monkey_patch", node.lineno, min(bases))

    def _getattr(self, node: ast.Call, name: str | None, bases: set[str]) -> None:
        if name is None:
            rule_id = "computed_member" if bases & RESTRICTED else "computed_getattr"
            self.notes.add(rule_id, node.lineno)
            return
        self._use(node, frozenset(f"{path}.{name}" for path in bases), is_whole=False)
        if not bases and name in PROCESS_METHODS:
            self.notes.add("suspicious_method", node.lineno, name)

    def _own(self, path: str) -> bool:
        return self.resolver.project.is_own(path)

    # statements

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        body = [] if self.resolver.is_for_types(node, self.scope) else node.body
        for statement in [*body, *node.orelse]:
            self.visit(statement)

    def visit_Try(self, node: ast.Try) -> None:
        before, self.is_guarded = self.is_guarded, self.is_guarded or _handles_absence(node)
        for statement in node.body:
            self.visit(statement)
        self.is_guarded = before
        for part in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(part)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name in ATTRIBUTES:
            self.notes.add(ATTRIBUTES[node.name], node.lineno, node.name)
        for outside in (*node.decorator_list, node.args, *([node.returns] if node.returns else [])):
            self.visit(outside)
        self.functions.append(node)
        self._inside(node, node.body)
        self.functions.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def _is_idle(self) -> bool:
        """Whether the node is in a function that nothing refers to, but perhaps the function itself."""
        for function in self.functions:
            own = self._references_within(function)
            plain = all(
                getattr(d, "id", "") in {"classmethod", "staticmethod"} for d in function.decorator_list
            )
            called_by_name = function.name.startswith("__") or function.name in ENTRIES
            if plain and not called_by_name and self.called[function.name] <= own:
                return True
        return False

    def _references_within(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        if function not in self.own_references:
            found = sum(reference(part) == function.name for part in ast.walk(function))
            self.own_references[function] = found
        return self.own_references[function]

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for outside in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outside)
        self._inside(node, node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.args)
        self._inside(node, [node.body])

    def visit_ListComp(self, node: ast.expr) -> None:
        self._inside(node, list(ast.iter_child_nodes(node)))

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def _inside(self, node: ast.AST, body: list[ast.stmt] | list[ast.AST] | list[ast.expr]) -> None:
        before, self.scope = self.scope, self.resolver.scopes[node]
        for inner in body:
            self.visit(inner)
        self.scope = before


def _handles_absence(node: ast.Try) -> bool:
    """Whether a missing module is expected: some handler takes an ImportError."""
    for handler in node.handlers:
        kinds = [handler.type] if not isinstance(handler.type, ast.Tuple) else handler.type.elts
        if any(kind is None or getattr(kind, "id", "") in ABSENT for kind in kinds):
            return True
    return False


def reference(node: ast.AST) -> str:
    """The name that a node refers to, also as text that may be looked up; empty for none."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
            return name
        case ast.Constant(value=str(text)) if text.isidentifier():
            return text
    return ""
