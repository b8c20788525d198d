"""Places for the steps of a graph: layers from top to bottom, as few crossings as a few sweeps give.

Source: Sugiyama, Tagawa, Toda, Methods for visual understanding of hierarchical system structures (1981).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

SWEEPS = 6
MOST_CROSSED = 3_000  # layers that the edges pass, all together: a graph comes from a stranger
BOX_WIDTH, LINE_HEIGHT, PADDING = 132.0, 15.0, 7.0
GAP_X, GAP_Y, LANE_WIDTH, MARGIN = 14.0, 20.0, 12.0, 6.0

Point = tuple[float, float]


@dataclass
class Step:
    """A box of operators that follow each other, or (without lines) where an edge passes a layer."""

    lines: tuple[str, ...]
    layer: int = 0
    before: list["Step"] = field(default_factory=list, repr=False)
    after: list["Step"] = field(default_factory=list, repr=False)
    place: float = 0.0  # order within its layer, while that is being found
    x: float = 0.0  # of the middle
    top: float = 0.0

    @property
    def width(self) -> float:
        """A box has one width, a passing edge a lane."""
        return BOX_WIDTH if self.lines else LANE_WIDTH

    @property
    def height(self) -> float:
        """As many lines as it has."""
        return len(self.lines) * LINE_HEIGHT + 2 * PADDING if self.lines else 0.0


@dataclass(frozen=True)
class Layout:
    """Boxes in place, and the points that each edge goes through."""

    boxes: list[Step]
    edges: list[list[Point]]
    width: float
    height: float


class Tangled(Exception):
    """More and longer edges than a drawing can show."""

    code = "graph_tangled"


def lay_out(nodes: list[str], edges: Iterable[tuple[int, int]]) -> Layout:
    """Places in user units for operators, operands before whoever reads them; raises `Tangled`."""
    boxes = _layered(_chained(nodes, sorted({edge for edge in edges if edge[0] < edge[1]})))
    if sum(other.layer - box.layer for box in boxes for other in box.after) > MOST_CROSSED:
        raise Tangled(f"the edges pass more than {MOST_CROSSED} layers")
    layers: list[list[Step]] = [[] for _ in range(1 + max(box.layer for box in boxes))]
    for box in boxes:
        layers[box.layer].append(box)
    paths = [_with_lanes(box, other, layers) for box in boxes for other in list(box.after)]
    _order(layers)
    width = MARGIN * 2 + max(_width(layer) for layer in layers)
    height = _place(layers, width)
    return Layout(boxes, [_points(path, layers) for path in paths], width, height)


def _chained(nodes: list[str], edges: list[tuple[int, int]]) -> list[Step]:
    """One box for operators of which each has only the next to hand on to, and the next nobody else."""
    before: list[list[int]] = [[] for _ in nodes]
    after: list[list[int]] = [[] for _ in nodes]
    for start, end in edges:
        before[end].append(start)
        after[start].append(end)
    boxes: dict[int, Step] = {}
    for at in range(len(nodes)):
        alone = len(before[at]) == 1 and len(after[before[at][0]]) == 1
        box = boxes[before[at][0]] if alone else Step(())
        box.lines += (nodes[at],)
        boxes[at] = box
    for start, end in edges:
        if boxes[start] is not boxes[end]:
            boxes[start].after.append(boxes[end])
            boxes[end].before.append(boxes[start])
    return list({id(box): box for box in boxes.values()}.values())


def _layered(boxes: list[Step]) -> list[Step]:
    """Each below all that it reads; the boxes come with operands first."""
    for box in boxes:
        box.layer = 1 + max((source.layer for source in box.before), default=-1)
    return boxes


def _with_lanes(box: Step, other: Step, layers: list[list[Step]]) -> list[Step]:
    """The edge as steps, one in each layer that it passes."""
    path = [box]
    for number in range(box.layer + 1, other.layer):
        lane = Step((), number)
        layers[number].append(lane)
        path.append(lane)
    path.append(other)
    if len(path) > 2:
        box.after[box.after.index(other)] = path[1]
        other.before[other.before.index(box)] = path[-2]
        for at, lane in enumerate(path[1:-1], start=1):
            lane.before, lane.after = [path[at - 1]], [path[at + 1]]
    return path


def _order(layers: list[list[Step]]) -> None:
    """Each step at the mean place of its neighbours above, then below, and so on."""
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            _number(layer)
            for step in layer:
                near = step.before if down else step.after
                step.place = sum(one.place for one in near) / len(near) if near else step.place
            layer.sort(key=lambda step: step.place)
            _number(layer)


def _number(layer: list[Step]) -> None:
    for number, step in enumerate(layer):
        step.place = number - (len(layer) - 1) / 2


def _width(layer: list[Step]) -> float:
    return sum(step.width for step in layer) + GAP_X * (len(layer) - 1)


def _place(layers: list[list[Step]], width: float) -> float:
    """Every layer in the middle, below the last; give the height of all."""
    top = MARGIN
    for layer in layers:
        left = (width - _width(layer)) / 2
        for step in layer:
            step.x, step.top = round(left + step.width / 2, 1), top
            left += step.width + GAP_X
        top += max(step.height for step in layer) + GAP_Y
    return top - GAP_Y + MARGIN


def _points(path: list[Step], layers: list[list[Step]]) -> list[Point]:
    """From under the first box, along its lanes, to the top of the last."""
    points = [(path[0].x, path[0].top + path[0].height)]
    for lane in path[1:-1]:
        tallest = max(step.height for step in layers[lane.layer])
        points += [(lane.x, lane.top), (lane.x, lane.top + tallest)]
    return [*points, (path[-1].x, path[-1].top)]
