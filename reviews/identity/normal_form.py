"""Source without what says nothing: docstrings, comments, layout, type hints, names of locals.

Whatever else is there stays: another number, another call, another order of statements gives another text.
A parameter that is passed by name anywhere keeps its name. Standard library only: the bounded child runs it.
"""

import ast
from collections.abc import Iterable, Iterator

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def normal_form(tree: ast.Module, keywords: frozenset[str]) -> str:
    """The text of a file's tree, which is rewritten on the way."""
    Normaliser(keywords).visit(tree)
    return ast.dump(tree, annotate_fields=False)


def keywords_of(trees: Iterable[ast.Module]) -> frozenset[str]:
    """Names that any call of the bundle passes an argument by."""
    nodes = (node for tree in trees for node in ast.walk(tree))
    return frozenset(node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg)


class Normaliser(ast.NodeTransformer):
    """Numbers the names that a function binds in the order in which it binds them."""

    def __init__(self, keywords: frozenset[str]) -> None:
        self.keywords = keywords
        self.scopes: list[dict[str, str]] = []  # own name -> number, innermost last

    def visit_Module(self, node: ast.Module) -> ast.AST:
        """A file without its docstring."""
        return self._body(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """What a class binds are attributes, which keep their names."""
        node.name = self._named(node.name)
        return self._body(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A function with locals of its own."""
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """As any function."""
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """As any function."""
        with_locals = self._locals(node)
        self.scopes.append(with_locals)
        self.generic_visit(node)
        self.scopes.pop()
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A local by its number."""
        node.id = self._named(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """A parameter by its number, without its hint."""
        node.arg, node.annotation, node.type_comment = self._named(node.arg), None, None
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        """`except E as e`: the name is a local."""
        node.name = self._named(node.name) if node.name else None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """An assignment with a hint is one without; a hint alone only says that there is a field."""
        self.generic_visit(node)
        if node.value is None:
            node.annotation = ast.Constant(value=None)
            return node
        return ast.Assign(targets=[node.target], value=node.value)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.name, node.returns = self._named(node.name), None
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        decorators, node.decorator_list = node.decorator_list, []
        self.scopes.append(self._locals(node))
        self._body(node)
        self.scopes.pop()
        node.decorator_list = decorators
        return node

    def _body(self, node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        if node.body and _is_text(node.body[0]):
            node.body = node.body[1:]
        return self.generic_visit(node)

    def _locals(self, node: FunctionNode) -> dict[str, str]:
        outer = sum(len(scope) for scope in self.scopes)
        bound = dict.fromkeys(name for name in bound_in(node) if name not in self.keywords)
        return {name: f"${outer + number}" for number, name in enumerate(bound)}

    def _named(self, name: str) -> str:
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), name)


def bound_in(function: FunctionNode) -> Iterator[str]:
    """Parameters and variables of a function in the order of the tree, without those of functions in it."""
    outside = {name for node in ast.walk(function) for name in _declared_outside(node)}
    waiting: list[ast.AST] = [function.args]
    waiting += function.body if isinstance(function.body, list) else [function.body]
    waiting.reverse()
    while waiting:
        node = waiting.pop()
        if (name := _bound(node)) and name not in outside:
            yield name
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _bound(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.ExceptHandler(name=str(name)):
            return name
    return None


def _declared_outside(node: ast.AST) -> list[str]:
    return node.names if isinstance(node, (ast.Global, ast.Nonlocal)) else []


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
