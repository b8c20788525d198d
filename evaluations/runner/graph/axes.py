"""Shapes of traced values, and which axis an operation runs along."""

from typing import Any

import torch
from torch.fx import Node

NOT_AXES = frozenset({"index_select"})


def shape_of(found: Any) -> tuple[int, ...]:
    """The shape of a traced value; empty for a number, or where it has none."""
    value = found.meta.get("val") if isinstance(found, Node) else None
    value = value[0] if isinstance(value, (list, tuple)) and value else value
    return tuple(int(size) for size in value.shape) if isinstance(value, torch.Tensor) else ()


def axis_of(node: Node, length: int) -> str:
    """`time` where an operation runs along an axis as long as the traced text."""
    first = node.args[0]
    shape = shape_of(first[0] if isinstance(first, (list, tuple)) and first else first)
    axes = [axis for axis in _axes(node) if -len(shape) <= axis < len(shape)]
    after = shape_of(node)  # a slice may cut what is longer, as after padding, down to the text
    lengths = [shape[axis] for axis in axes] + [after[axis] for axis in axes if len(after) == len(shape)]
    return "time" if length in lengths else ""


def is_size_only(node: Node, name: str) -> bool:
    """Whether an operation leaves every number where it is: a view, or an expansion to the same size."""
    if name == "expand":
        return len(shape_of(node.args[0])) < 4 or shape_of(node) == shape_of(node.args[0])
    if name == "slice":
        return shape_of(node) == shape_of(node.args[0])
    return False


def rank_of(node: Node, weights: tuple[str, ...], operands: list[Any]) -> int:
    """Axes longer than one of the operand that is a parameter."""
    for argument, value in zip(node.args, operands, strict=False):
        if getattr(value, "name", None) in weights:
            return sum(1 for size in shape_of(argument) if size > 1)
    return 0


def _axes(node: Node) -> list[int]:
    schema = getattr(node.target, "_schema", None)
    names = [argument.name for argument in schema.arguments] if schema else []
    given = dict(zip(names, node.args, strict=False)) | dict(node.kwargs)
    found = given.get("dim", given.get("dims", _default(schema)))
    axes = found if isinstance(found, (list, tuple)) else [found]
    return [axis for axis in axes if isinstance(axis, int)]


def _default(schema: Any) -> Any:
    found = [
        argument.default_value for argument in getattr(schema, "arguments", ()) if argument.name == "dim"
    ]
    return found[0] if found else None
