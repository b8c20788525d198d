"""State diagrams in the notation of Mermaid, drawn as SVG: a row a state, its moves beside it, arcs between.

Of https://mermaid.js.org/syntax/stateDiagram.html: names, `a --> b: verb`, and `[*]` for beginning and end.
A script that draws in the browser would need a policy that allows inline styles.
"""

import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

HEAD = "stateDiagram-v2"
OUTSIDE = "[*]"
NAME = re.compile(r'state "([^"]+)" as (\w+)')
MOVE = re.compile(r"(\[\*\]|\w+) --> (\[\*\]|\w+)(?:: (.+))?")

LINE, GAP = 20, 14  # heights, in the units of the drawing
BOX_X, BOX_WIDTH, BOX_HEIGHT = 130, 190, 24
MOVES_X, WIDTH = BOX_X + BOX_WIDTH + 22, 760
DEEPEST = 118  # of an arc, to the left of the boxes


@dataclass(frozen=True)
class Diagram:
    """States by their key in order of appearance, and (from, to, verb) of every move."""

    states: dict[str, str] = field(default_factory=dict)
    moves: list[tuple[str, str, str]] = field(default_factory=list)


def drawn(notation: str) -> str | None:
    """The diagram as SVG that may be shown as it is; None where it is of another kind."""
    diagram = parse(notation)
    return None if diagram is None else _svg(diagram)


def parse(notation: str) -> Diagram | None:
    """The states and moves of a state diagram; None where any line is not understood."""
    lines = [line.strip() for line in notation.splitlines() if line.strip()]
    if not lines or lines[0] != HEAD:
        return None
    diagram = Diagram()
    for line in lines[1:]:
        if found := NAME.fullmatch(line):
            diagram.states[found[2]] = found[1]
        elif found := MOVE.fullmatch(line):
            source, target, verb = found[1], found[2], found[3] or ""
            diagram.moves.append((source, target, verb))
            for key in {source, target} - {OUTSIDE}:
                diagram.states.setdefault(key, key)
        else:
            return None
    return diagram


def _svg(diagram: Diagram) -> str:
    places, height = _places(diagram)
    parts = [_state(diagram, key, y) for key, y in places.items()]
    parts += [
        _arc(places[source], places[target])
        for source, target in dict.fromkeys((source, target) for source, target, _ in diagram.moves)
        if OUTSIDE not in {source, target}
    ]
    return (
        f'<svg class="state-diagram" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="group" aria-label="States and their moves">{"".join(parts)}</svg>'
    )


def _places(diagram: Diagram) -> tuple[dict[str, int], int]:
    """The top of each state's row, and the height of all."""
    places, y = {}, GAP
    for key in diagram.states:
        places[key] = y
        y += max(BOX_HEIGHT, LINE * len(_said(diagram, key))) + GAP
    return places, y


def _said(diagram: Diagram, key: str) -> list[str]:
    """What stands beside a state: whether it begins or ends here, and each of its moves."""
    begins = ["it begins here"] if (OUTSIDE, key) in {move[:2] for move in diagram.moves} else []
    moves = [
        "it ends here" if target == OUTSIDE else f"{verb} → {diagram.states[target]}"
        for source, target, verb in diagram.moves
        if source == key
    ]
    return begins + moves


def _state(diagram: Diagram, key: str, y: int) -> str:
    middle = y + BOX_HEIGHT // 2
    said = "".join(
        f'<text x="{MOVES_X}" y="{middle + LINE * number}" dy="4">{escape(line)}</text>'
        for number, line in enumerate(_said(diagram, key))
    )
    return (
        f'<rect x="{BOX_X}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="4"/>'
        f'<text class="state" x="{BOX_X + BOX_WIDTH / 2:g}" y="{middle}" dy="4">'
        f"{escape(diagram.states[key])}</text>{said}"
    )


def _arc(source: int, target: int) -> str:
    """From one row to another on the left; a move back up is dashed. The head points at the box."""
    begin, end = source + BOX_HEIGHT // 2 + 3, target + BOX_HEIGHT // 2 - 3
    depth = min(DEEPEST, 24 + abs(end - begin) // 5)
    back = ' class="back"' if end < begin else ""
    return (
        f'<path{back} d="M{BOX_X} {begin}C{BOX_X - depth} {begin} {BOX_X - depth} {end} {BOX_X - 6} {end}"/>'
        f'<path class="tip" d="M{BOX_X} {end}l-7 -3.5v7z"/>'
    )
