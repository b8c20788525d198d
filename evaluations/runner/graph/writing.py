"""One operator for each traced operation, under a name that leaves out size and way of writing."""

from collections.abc import Callable

import torch
from torch.fx import Node

from evaluations.runner.graph import names
from evaluations.runner.graph.axes import axis_of, rank_of, shape_of
from evaluations.runner.graph.operators import Operator
from evaluations.runner.graph.values import Draft, Value, Weight, parts_of

Writer = Callable[[Draft, Node, str, list[Value]], Value]


def write_any(draft: Draft, node: Node, name: str, operands: list[Value]) -> Value:
    data, weights, has_constant = parts_of(operands)
    axis = axis_of(node, draft.length) if name in names.ALONG else ""
    detail = [axis, "weight" if weights else "", "constant" if has_constant else ""]
    return draft.add(Operator(name, data, " ".join(part for part in detail if part), weights))


def _write_split(draft: Draft, node: Node, name: str, operands: list[Value]) -> Value:
    """Cut along time is an operation; along anything else it only names the parts."""
    (data, *_), _, _ = parts_of(operands)
    return draft.add(Operator("cut", (data,), "time")) if axis_of(node, draft.length) else data


def _write_slice(draft: Draft, node: Node, name: str, operands: list[Value]) -> Value:
    (data, *_), _, _ = parts_of(operands)
    if not axis_of(node, draft.length):
        return draft.add(Operator("piece", (data,)))
    if name == "select":
        return draft.add(Operator("step", (data,)))
    begin = node.args[2] if len(node.args) > 2 else 0
    return draft.add(Operator("stretch", (data,), "head" if begin in (0, None) else "tail"))


def _write_product(draft: Draft, node: Node, name: str, operands: list[Value]) -> Value:
    """With weights a linear map, whose bias says nothing; of two computed things a product."""
    factors = (
        operands[1:] if name in names.WITH_BIAS_FIRST else operands[:2] if name == "linear" else operands
    )
    data, weights, has_constant = parts_of(factors)
    mixes_time = "time" if _contracts_time(draft, node, name, factors) else ""
    if len(data) > 1 and not weights:
        return draft.add(Operator("matmul", data))
    detail = " ".join(part for part in (mixes_time, "" if weights else "constant" * has_constant) if part)
    return draft.add(Operator("linear", data, detail, weights))


def _contracts_time(draft: Draft, node: Node, name: str, factors: list[Value]) -> bool:
    """Whether a weighted sum runs over time."""
    if len([factor for factor in factors if isinstance(factor, int)]) != 1 or name == "einsum":
        return False
    at = 1 if name in names.WITH_BIAS_FIRST else 0
    shapes = [shape_of(argument) for argument in node.args[at : at + 2]]
    if name == "linear" or isinstance(factors[0], int):
        return bool(shapes[0]) and shapes[0][-1] == draft.length
    return len(shapes) > 1 and len(shapes[1]) > 1 and shapes[1][-2] == draft.length


def _write_convolution(draft: Draft, node: Node, name: str, operands: list[Value]) -> Value:
    """Of width one and whole it is a linear map; else how the channels are grouped matters."""
    data, weights, _ = parts_of(operands[:2])
    kernel = shape_of(node.args[1])
    channels = shape_of(node.args[0])[1]
    if kernel[1] == channels:
        kind = "" if any(size > 1 for size in kernel[2:]) else "pointwise"
    else:
        kind = "depthwise" if kernel[1] == 1 else "grouped"
    if kind == "pointwise":
        return draft.add(Operator("linear", data, "", weights))
    return draft.add(Operator("conv", data, kind, weights))


def _write_lookup(draft: Draft, node: Node, name: str, operands: list[Value]) -> Value:
    data, weights, has_constant = parts_of(operands)
    if not isinstance(operands[0], int):
        return draft.add(Operator("embedding" if weights else "table", data, "", weights))
    return draft.add(Operator("gather", data, "constant" if has_constant else "", weights))


def _write_norm(draft: Draft, node: Node, name: str, operands: list[Value]) -> Value:
    """Scale and shift belong to the norm, whether it has them or not."""
    data, weights, _ = parts_of(operands)
    return draft.add(Operator(name, data[:1], "", weights))


def _write_recurrence(draft: Draft, node: Node, name: str, operands: list[Value]) -> Value:
    """How many layers it has, and that its first state is zero, says nothing."""
    data, weights, _ = parts_of(operands)
    return draft.add(Operator(name, data, "", weights))


def _write_sum(draft: Draft, node: Node, name: str, operands: list[Value]) -> Value:
    """A bias after a linear map, scale and shift after a norm say nothing."""
    data, weights, has_constant = parts_of(operands)
    if len(data) == 1 and weights and len(operands) == 2 and rank_of(node, weights, operands) <= 1:
        before = draft.operators[data[0]].name
        if before.endswith("_norm") or (name in ("add", "sub") and before in ("linear", "conv")):
            return data[0]
    if len(data) == 1 and not weights and not has_constant:
        number = {"add": "offset", "sub": "offset", "rsub": "offset", "mul": "scale", "div": "scale"}[name]
        return draft.add(Operator(number, data, _numerator(node, name)))
    return write_any(draft, node, name, _in_order(node, name, operands))


def _numerator(node: Node, name: str) -> str:
    return "inverse" if name == "div" and not isinstance(node.args[0], Node) else ""


def _in_order(node: Node, name: str, operands: list[Value]) -> list[Value]:
    return operands[::-1] if name == "rsub" else operands


def _write_power(draft: Draft, node: Node, name: str, operands: list[Value]) -> Value:
    data, weights, _ = parts_of(operands)
    exponent = node.args[1] if name == "pow" and len(node.args) > 1 else 2
    detail = f"{float(exponent):g}" if isinstance(exponent, (int, float)) else ""
    if detail == "1":
        return data[0]
    return draft.add(Operator({"0.5": "sqrt", "-0.5": "rsqrt"}.get(detail, "pow"), data, detail, weights))


def _write_attention(draft: Draft, node: Node, name: str, operands: list[Value]) -> Value:
    """Queries, keys, values; a mask that is no bias, and the causal one, say nothing."""
    inputs = [value for value in operands[:3] if isinstance(value, int)]
    weights = tuple(value.name for value in operands if isinstance(value, Weight))
    detail = "bias" if len(operands) > 3 and not _is_boolean(node) else ""
    if node.kwargs.get("enable_gqa"):
        inputs[1:] = [draft.add(Operator("repeat", (at,))) for at in inputs[1:]]
    more = [value for value in operands[3:] if isinstance(value, int)]
    return draft.add(Operator("attention", (*inputs, *more), detail, weights))


def _is_boolean(node: Node) -> bool:
    mask = node.kwargs.get("attn_mask") or (node.args[3] if len(node.args) > 3 else None)
    value = mask.meta.get("val") if isinstance(mask, Node) else None
    return isinstance(value, torch.Tensor) and value.dtype == torch.bool


def _write_mask(draft: Draft, node: Node, name: str, operands: list[Value]) -> Value:
    """`where` chooses; with one thing computed and the rest fixed it hides."""
    data, weights, _ = parts_of(operands)
    if len(data) == 1 and not weights:
        return draft.add(Operator("mask", data))
    return draft.add(Operator("where", data, "", weights))


WRITERS: dict[str, Writer] = {
    **dict.fromkeys(names.SPLITS, _write_split),
    **dict.fromkeys(names.PRODUCTS, _write_product),
    **dict.fromkeys(names.CONVOLUTIONS, _write_convolution),
    **dict.fromkeys(names.LOOKUPS, _write_lookup),
    **dict.fromkeys(("slice", "select", "narrow"), _write_slice),
    **dict.fromkeys(("layer_norm", "rms_norm", "group_norm", "batch_norm", "instance_norm"), _write_norm),
    **dict.fromkeys(("add", "sub", "rsub", "mul", "div"), _write_sum),
    **dict.fromkeys(("pow", "square"), _write_power),
    **dict.fromkeys(("mask", "where"), _write_mask),
    **dict.fromkeys(("gru", "lstm", "rnn_tanh", "rnn_relu"), _write_recurrence),
    "scaled_dot_product_attention": _write_attention,
}
