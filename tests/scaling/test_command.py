"""`manage.py fit_scaling_law` on tables as papers publish them."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.scaling.test_fitting import LAW, points


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "runs.csv"
    made = points(noise=0.0005)
    rows = zip(made.parameters, made.tokens, 6 * made.compute, made.losses, strict=True)
    lines = [",".join(f"{number:.10g}" for number in row) for row in rows]
    path.write_text("parameters,tokens,Training FLOP,loss\n" + "\n".join(lines) + "\n")
    return path


def test_it_prints_numbers_with_intervals_and_writes_them(table: Path, tmp_path: Path) -> None:
    out, report = io.StringIO(), tmp_path / "law.json"
    call_command(
        "fit_scaling_law", str(table), "--draws=30", "--compute", "1e13", f"--json={report}", stdout=out
    )
    assert "25 points" in out.getvalue()
    assert "parameters at 1e+13 FLOPs" in out.getvalue()
    found = json.loads(report.read_text())["parameters"]["alpha"]
    assert found["low"] < LAW.alpha < found["high"]


def test_tokens_follow_from_flops_where_a_table_gives_these(table: Path, tmp_path: Path) -> None:
    ways = []
    for option in ("--tokens=tokens", "--flops=Training FLOP"):
        path = tmp_path / "law.json"
        call_command(
            "fit_scaling_law", str(table), "--draws=2", option, f"--json={path}", stdout=io.StringIO()
        )
        ways.append(json.loads(path.read_text())["parameters"]["beta"]["value"])
    assert ways[0] == pytest.approx(ways[1], rel=1e-4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "scaling_observation_invalid: no column 'parameters'"),
        ("parameters,tokens,loss\n1e6,1e6,x\n", "line 2, 'loss': 'x' is no number"),
        ("parameters,tokens,loss\n1e6,1e6,2\n", "scaling_too_few_observations"),
        ("parameters,tokens,loss\n", "scaling_too_few_observations"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(text)
    with pytest.raises(CommandError, match=said):
        call_command("fit_scaling_law", str(path))
    with pytest.raises(CommandError, match="table_unreadable"):
        call_command("fit_scaling_law", str(tmp_path / "none.csv"))
