"""The benchmark of the thresholds: how pairs are made, and what it says of logged curves."""

import math
from pathlib import Path

import pytest

from benchmarks import threshold_curves
from benchmarks.threshold_power import MOST_PAIRS, between, gained, main, measure, teams
from tests.scoring.run_manifests import manifest

RUNS = [manifest([3_000.0 + 40 * math.sin(7 * seed + k) for k in range(30)]) for seed in range(6)]


def write_log(folder: Path, name: str, factor: float = 1.0) -> None:
    losses = [factor * (3 + 7 * math.exp(-step / 40) + 0.02 * math.sin(step * step)) for step in range(400)]
    lines = ["step,train_loss", "0,", *(f"{step},{loss}" for step, loss in enumerate(losses, start=1))]
    (folder / f"{name}.csv").write_text("\n".join(lines))


@pytest.mark.parametrize(("seeds", "expected"), [(1, 30), (2, 180), (3, 120)])
def test_pairs_of_submissions_share_no_run(seeds, expected):
    pairs = teams(RUNS, seeds)
    assert len(pairs) == expected
    for best, candidate in pairs:
        assert [run["run"]["seed"] for run in best] == [run["run"]["seed"] for run in candidate]
        assert not {run["score"]["bpb"] for run in best} & {run["score"]["bpb"] for run in candidate}


def test_of_many_pairs_a_sample_is_taken():
    assert len(teams([*RUNS, *RUNS], 2)) == MOST_PAIRS


def test_a_gain_shortens_every_chunk():
    run = gained(RUNS[0], 0.01)
    assert math.isclose(run["curve"]["bits"][-1], 0.99 * RUNS[0]["curve"]["bits"][-1])


def test_shares_are_of_all_pairs():
    row = measure("made up", 1, teams(RUNS, 1))
    assert row.pairs == 30
    assert all(min(pair) >= 0 and sum(pair) <= 1 + 1e-9 for pair in row.verdicts)
    assert row.verdicts[-1][0] > row.verdicts[0][0]


def test_a_split_gives_every_step_to_one_of_two_runs(tmp_path):
    write_log(tmp_path, "one")
    losses = threshold_curves.read_losses(tmp_path)["one"]
    [(first, second)] = threshold_curves.split(losses, 4.5, 1)
    whole = threshold_curves.as_manifest(losses, 4.5)
    assert len(losses) == 400
    assert math.isclose(first["curve"]["bits"][-1] + second["curve"]["bits"][-1], whole["curve"]["bits"][-1])


def test_a_better_log_is_found_better(tmp_path):
    write_log(tmp_path, "worse")
    write_log(tmp_path, "better", factor=0.98)
    rows = between(threshold_curves.read_losses(tmp_path), 4.5)
    columns = [list(column.cells) for column in rows.columns]
    assert dict(zip(columns[0], columns[4], strict=True)) == {"better": "better", "worse": "not"}


def test_it_prints_what_it_is_given(tmp_path, capsys):
    write_log(tmp_path, "logged")
    assert main(["--runs", "0", "--curves", str(tmp_path), "--draws", "3"]) == 0
    assert "logged" in capsys.readouterr().out
