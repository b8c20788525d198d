"""Diagrams drawn: every state and every move stands in the picture, markup in them does not."""

import re
from xml.etree import ElementTree

import pytest

from evaluations.transitions import TABLE
from prism_site.config import ROOT
from prism_site.documents.diagrams import drawn, parse

NOTATION = """stateDiagram-v2
    state "waits <b>" as waits
    [*] --> waits
    waits --> runs: start
    runs --> waits: lose
    runs --> [*]
"""


def words(svg: str) -> list[str]:
    return [str(element.text) for element in ElementTree.fromstring(svg).iter("text")]


def test_states_and_moves_are_read() -> None:
    diagram = parse(NOTATION)
    assert diagram is not None
    assert diagram.states == {"waits": "waits <b>", "runs": "runs"}
    assert diagram.moves == [
        ("[*]", "waits", ""), ("waits", "runs", "start"), ("runs", "waits", "lose"), ("runs", "[*]", "")
    ]  # fmt: skip


def test_every_state_and_move_is_drawn_and_markup_is_text() -> None:
    svg = drawn(NOTATION)
    assert svg is not None
    assert "<b>" not in svg
    assert words(svg) == [
        "waits <b>", "it begins here", "start → runs", "runs", "lose → waits <b>", "it ends here"
    ]  # fmt: skip
    assert svg.count('class="back"') == 1


@pytest.mark.parametrize("notation", ["", "graph TD\n a --> b", "stateDiagram-v2\n a ==> b"])
def test_what_is_not_understood_is_not_drawn(notation: str) -> None:
    assert drawn(notation) is None


def test_the_moves_of_a_submission_are_all_in_the_picture() -> None:
    found = re.search(r"```mermaid\n(.*?)```", (ROOT / "ARCHITECTURE.md").read_text(), re.DOTALL)
    assert found is not None
    shown = words(str(drawn(found[1])))
    assert {f"{state.status} · {state.stage}" for state in TABLE} <= set(shown)
    for verbs in TABLE.values():
        assert {f"{verb} → {target.status} · {target.stage}" for verb, target in verbs.items()} <= set(shown)
    assert sum(" → " in word for word in shown) == sum(map(len, TABLE.values()))


def test_no_style_of_its_own_that_the_policy_would_stop() -> None:
    assert "style=" not in str(drawn(NOTATION))
