"""From an exported program to operators: views dropped, constants folded, weights named."""

from collections.abc import Iterator
from typing import Any

from torch.fx import GraphModule, Node
from torch.fx.node import map_arg

from evaluations.runner.graph import names
from evaluations.runner.graph.axes import is_size_only
from evaluations.runner.graph.graph import GraphInvalid
from evaluations.runner.graph.operators import OUTPUT, Operator, Operators
from evaluations.runner.graph.values import CONSTANT, Constant, Draft, Value, Weight
from evaluations.runner.graph.writing import WRITERS, write_any

MAX_RAW_NODES = 20_000  # a loop over time that was written out, too


class Reader:
    """Operators of one traced forward."""

    def __init__(self, length: int) -> None:
        self.draft = Draft(length)
        self.count = 0
        self.known: dict[str, Value] = {}  # by operation and operands

    def read(self, module: GraphModule, given: list[Value]) -> Value:
        """Add a graph's operators, its placeholders standing for `given`; give its output."""
        values: dict[Node, Value] = {}
        waiting = iter(given)
        for node in module.graph.nodes:
            self.count += 1
            if self.count > MAX_RAW_NODES:
                raise GraphInvalid(f"more than {MAX_RAW_NODES} operations")
            if node.op == "placeholder":
                values[node] = next(waiting)
            elif node.op == "get_attr":
                values[node] = _attribute(module, str(node.target))
            elif node.op == "output":
                return _first(_valued(node.args[0], values))
            else:
                values[node] = self._once(module, node, values)
                self._note_change(node, values)
        raise GraphInvalid("a graph without output")

    def close(self, result: Value) -> Operators:
        """The operators, the output last."""
        if not isinstance(result, int):
            raise GraphInvalid("the output depends on nothing that a model computes")
        return [*self.draft.operators, Operator(OUTPUT, (result,))]

    def _once(self, module: GraphModule, node: Node, values: dict[Node, Value]) -> Value:
        """What was computed before is the same value again."""
        key = _key(node, values)
        if key not in self.known or names.is_in_place(node.target):
            self.known[key] = self._call(module, node, values)
        return self.known[key]

    def _call(self, module: GraphModule, node: Node, values: dict[Node, Value]) -> Value:
        name = names.operation(node.target)
        args = [_valued(argument, values) for argument in node.args]
        if name == "getitem":
            return self._item(node, args)
        regions = list(_regions(module, node))
        if regions:
            return self._region(regions, [value for value in args if not isinstance(value, GraphModule)])
        operands = list(
            _operands([*args, *(_valued(node.kwargs[key], values) for key in sorted(node.kwargs))])
        )
        data = [value for value in operands if isinstance(value, int)]
        weights = [value for value in operands if isinstance(value, Weight)]
        if name in names.OF_SHAPE or not (data or weights):
            return CONSTANT
        if not data and (name in names.VIEWS | names.SILENT | names.LOOKUPS or is_size_only(node, name)):
            return weights[0]
        if name in names.SILENT or is_size_only(node, name):
            return data[0]
        return WRITERS.get(name, write_any)(self.draft, node, name, operands)

    def _note_change(self, node: Node, values: dict[Node, Value]) -> None:
        """Whoever reads what was changed in place from now on reads the result."""
        base = node.args[0] if node.args else None
        if not names.is_in_place(node.target) or not isinstance(base, Node):
            return
        result, whole = values[node], _viewed(base)
        if whole is not base and isinstance(result, int):
            before = values[whole]
            reads = (before, result) if isinstance(before, int) else (result,)
            result = self.draft.add(Operator("write", reads))
        values[base] = values[node]
        values[whole] = result

    def _item(self, node: Node, args: list[Value]) -> Value:
        """Pieces of a whole are alike; of several results of an operator each is its own."""
        source, origin = args[0], node.args[0]
        if isinstance(source, tuple):
            found: Value = source[int(str(node.args[1]))]
            return found
        if not isinstance(source, int) or not isinstance(origin, Node):
            return source
        if names.operation(origin.target) in names.SPLITS:
            return self.draft.add(Operator("piece", (source,)))
        return (
            source if node.args[1] == 0 else self.draft.add(Operator("result", (source,), f"{node.args[1]}"))
        )

    def _region(self, regions: list[GraphModule], given: list[Value]) -> Value:
        """A stretch under other settings (no gradients, another precision) is read in place."""
        found = [self.read(region, list(_operands(given))) for region in regions]
        places = tuple(value for value in found if isinstance(value, int))
        if len(regions) == 1 or not places:
            return found[0]
        return self.draft.add(Operator("choice", places))


def _key(node: Node, values: dict[Node, Value]) -> str:
    """Equal for equal operations on equal operands; of constants each is its own."""

    def name(operand: Node) -> str:
        value = values[operand]
        return operand.name if value == CONSTANT or operand.op == "get_attr" else repr(value)

    named = map_arg((node.args, dict(node.kwargs)), name)
    return f"{node.target}{named!r}"


def _viewed(node: Node) -> Node:
    """The tensor that a chain of views looks at."""
    while names.operation(node.target) in names.VIEWS and isinstance(node.args[0], Node):
        node = node.args[0]
    return node


def _attribute(module: GraphModule, target: str) -> Any:
    found = module
    for part in target.split("."):
        found = getattr(found, part)
    return found if isinstance(found, GraphModule) else CONSTANT


def _regions(module: GraphModule, node: Node) -> Iterator[GraphModule]:
    for argument in (*node.args, *node.kwargs.values()):
        if isinstance(argument, Node) and argument.op == "get_attr":
            found = _attribute(module, str(argument.target))
            if isinstance(found, GraphModule):
                yield found


def _valued(argument: Any, values: dict[Node, Value]) -> Any:
    if isinstance(argument, Node):
        return values[argument]
    if isinstance(argument, (list, tuple)):
        return tuple(_valued(item, values) for item in argument)
    return None


def _operands(arguments: list[Any]) -> Iterator[Value]:
    for argument in arguments:
        if isinstance(argument, tuple):
            yield from _operands(list(argument))
        elif isinstance(argument, (int, Weight, Constant)):
            yield argument


def _first(value: Any) -> Value:
    return _first(value[0]) if isinstance(value, tuple) and value else value
