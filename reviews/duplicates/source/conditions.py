"""Conditions whose outcome can be seen without running anything. Standard library only."""

import ast
import operator

COMPARED = {ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.Gt: operator.gt}


def truth(test: ast.expr) -> bool | None:
    """What a condition is; null where it depends."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = truth(operand)
            return None if inner is None else not inner
        case ast.BoolOp():
            return _joined(test)
        case ast.Compare():
            return _compared(test)
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return False
    return None


def _joined(test: ast.BoolOp) -> bool | None:
    known = [truth(value) for value in test.values]
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
