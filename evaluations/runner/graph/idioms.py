"""What is written by hand in several operators and has a name of its own: attention, RMS norm, SiLU."""

from dataclasses import replace

from evaluations.runner.graph.operators import Operator, Operators, in_reading_order, rewired, users_of

NUMBERS = frozenset({"scale", "offset", "clamp"})  # what an idiom carries along: a temperature, an epsilon


def named(operators: Operators) -> Operators:
    """The operators with what is known under its name."""
    found = _apart(operators)
    instead: dict[int, int] = {}
    for at, operator in enumerate(found):
        found[at] = operator.reading(tuple(_final(source, instead) for source in operator.inputs))
        for rule in (_square, _silu, _rms_norm, _affine, _attention):
            changed = rule(found, at)
            if isinstance(changed, Operator):
                found[at] = changed
            elif changed is not None:
                instead[at] = changed
                break
    return rewired(found, instead)


def _final(at: int, instead: dict[int, int]) -> int:
    while at in instead:
        at = instead[at]
    return at


def _apart(operators: Operators) -> Operators:
    """A linear map of which only parts are read is as many maps: queries, keys, values in one or three."""
    users, found = users_of(operators), list(operators)
    for at, operator in enumerate(operators):
        if operator.name != "piece":
            continue
        whole, readers = found[operator.inputs[0]], users[operator.inputs[0]]
        if whole.name in ("linear", "conv") and all(operators[reader].name == "piece" for reader in readers):
            part = readers.index(at)
            found[at] = replace(whole, weights=tuple(f"{name}[{part}]" for name in whole.weights))
    return in_reading_order(found)


def _square(operators: Operators, at: int) -> Operator | None:
    """`x * x`."""
    operator = operators[at]
    if operator.name == "mul" and len(operator.inputs) == 1 and operator.detail == "":
        return Operator("pow", operator.inputs, "2")
    return None


def _silu(operators: Operators, at: int) -> Operator | None:
    """`x * sigmoid(x)`."""
    for value, gate in _pairs(operators[at]):
        if operators[gate].name == "sigmoid" and operators[gate].inputs == (value,):
            return Operator("silu", (value,))
    return None


def _rms_norm(operators: Operators, at: int) -> Operator | None:
    """`x * rsqrt(mean(x * x) + epsilon)`, or divided by the root."""
    for value, factor in _pairs(operators[at]):
        root = operators[factor]
        if root.name not in ("rsqrt", "sqrt") or (root.name == "sqrt") != (operators[at].name == "div"):
            continue
        mean = operators[_without(operators, root.inputs[0], NUMBERS)]
        if mean.name != "mean" or mean.detail:
            continue
        square = operators[mean.inputs[0]]
        if square.name == "pow" and square.detail == "2" and square.inputs == (value,):
            return Operator("rms_norm", (value,))
    return None


def _affine(operators: Operators, at: int) -> int | None:
    """The learned scale after a norm written by hand belongs to it."""
    operator = operators[at]
    is_scale = operator.name == "mul" and operator.detail == "weight" and len(operator.inputs) == 1
    return operator.inputs[0] if is_scale and operators[operator.inputs[0]].name == "rms_norm" else None


def _attention(operators: Operators, at: int) -> Operator | None:
    """`softmax(mask(q k^T)) v`, and torch's own without the temperature of its operands."""
    operator = operators[at]
    if operator.name == "attention":
        bare = tuple(_without(operators, source, {"scale"}) for source in operator.inputs[:2])
        return replace(operator, inputs=(*bare, *operator.inputs[2:]))
    if operator.name != "matmul" or operators[operator.inputs[0]].name != "softmax":
        return None
    scores, detail = operators[operator.inputs[0]].inputs[0], ""
    while True:
        inner = operators[scores]
        is_bias = inner.name in ("add", "sub") and inner.detail == "constant" and len(inner.inputs) == 1
        if inner.name not in ("scale", "mask") and not is_bias:
            break
        scores, detail = inner.inputs[0], "bias" if is_bias else detail
    if inner.name != "matmul" or len(inner.inputs) != 2:
        return None
    queries, keys = (_without(operators, source, {"scale"}) for source in inner.inputs)
    return Operator("attention", (queries, keys, operator.inputs[1]), detail)


def _pairs(operator: Operator) -> list[tuple[int, int]]:
    """The two operands of a product in both orders, of a quotient in its own."""
    if operator.name not in ("mul", "div") or operator.detail or len(operator.inputs) != 2:
        return []
    one, other = operator.inputs
    return [(one, other), (other, one)] if operator.name == "mul" else [(one, other)]


def _without(operators: Operators, at: int, names: frozenset[str] | set[str]) -> int:
    """The operand before a chain of operators that are looked through."""
    while operators[at].name in names and len(operators[at].inputs) == 1:
        at = operators[at].inputs[0]
    return at
