"""Conditions whose outcome can be seen without running anything. Standard library only."""

import ast
import operator
from collections.abc import Mapping

COMPARED = {ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.Gt: operator.gt}


def truth(test: ast.expr, switches: Mapping[str, bool]) -> bool | None:
    """What a condition is, given what some names stand for; null where it depends."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _of_name(name, switches if isinstance(test, ast.Name) else {})
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = truth(operand, switches)
            return None if inner is None else not inner
        case ast.BoolOp():
            return _joined(test, switches)
        case ast.Compare():
            return _compared(test)
    return None


def _of_name(name: str, switches: Mapping[str, bool]) -> bool | None:
    return False if name == "TYPE_CHECKING" else switches.get(name)


def is_empty(source: ast.expr) -> bool:
    """Whether a loop over this never begins."""
    match source:
        case ast.List(elts=[]) | ast.Tuple(elts=[]) | ast.Constant(value=""):
            return True
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=0)]):
            return True
    return False


def _joined(test: ast.BoolOp, switches: Mapping[str, bool]) -> bool | None:
    known = [truth(value, switches) for value in test.values]
    decisive = isinstance(test.op, ast.Or)
    if decisive in known:
        return decisive
    return None if None in known else not decisive


def _compared(test: ast.Compare) -> bool | None:
    """Two numbers; and `__name__`, because nobody runs a submitted file as a script."""
    match test:
        case ast.Compare(left=ast.Name(id="__name__")):
            return False
        case ast.Compare(
            left=ast.Constant(value=int() | float() as left),
            ops=[op],
            comparators=[ast.Constant(value=int() | float() as right)],
        ) if type(op) in COMPARED:
            return bool(COMPARED[type(op)](left, right))
    return None
