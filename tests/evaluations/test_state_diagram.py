from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from evaluations.management.commands import transitions_diagram
from evaluations.management.commands.transitions_diagram import BEGIN, END, with_diagram
from evaluations.state_diagram import mermaid
from evaluations.transitions import TABLE


def test_every_allowed_move_is_drawn_once() -> None:
    drawn = [line for line in mermaid().splitlines() if ": " in line]
    assert len(drawn) == len(set(drawn)) == sum(len(verbs) for verbs in TABLE.values())


def test_the_diagram_in_the_repository_is_fresh() -> None:
    call_command("transitions_diagram", "--check")


def test_a_stale_diagram_is_noticed_and_written_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "ARCHITECTURE.md"
    file.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    monkeypatch.setattr(transitions_diagram, "FILE", file)
    with pytest.raises(CommandError, match="stale"):
        call_command("transitions_diagram", "--check")
    call_command("transitions_diagram")
    call_command("transitions_diagram", "--check")
    text = file.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert mermaid() in text


@pytest.mark.parametrize("text", ["", BEGIN, END, BEGIN + END + BEGIN])
def test_a_file_without_its_markers_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="markers"):
        with_diagram(text)
