"""The GPU benchmark: its steps with a toy on the CPU, and its refusal where there is no GPU."""

import subprocess
import sys

import pytest

from benchmarks.gpu_runner import FULL, Row, repeated, report, text, variants
from tests.runner.harness import ROOT

ALONE = "import sys, benchmarks.gpu_runner; print({'django', 'rich', 'pydantic', 'torch'} & set(sys.modules))"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.long
def test_a_toy_on_the_cpu_goes_through_every_step() -> None:
    done = run("-m", "benchmarks.gpu_runner", "--device", "cpu", "--tiny")
    assert done.returncode == 0, done.stdout + done.stderr
    table = done.stdout.splitlines()
    assert table[0].startswith("device cpu, precision bf16, 4,6")
    names = [line[:18].strip() for line in table[2:]]
    assert names == list(variants(tiny=True))
    assert 0 < float(table[3].split()[-2]) < 9  # bits per byte of the audited run


def test_without_cuda_it_says_so_and_ends_with_a_status_of_its_own() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    done = run("-m", "benchmarks.gpu_runner")
    assert (done.returncode, done.stdout.count("\n")) == (3, 1)
    assert "CUDA is not available" in done.stdout


def test_it_needs_nothing_of_the_web_house() -> None:
    assert run("-c", ALONE).stdout.strip() == "set()"


def test_the_text_is_natural_whole_and_long_enough() -> None:
    found = text(100_000)
    assert 99_990 <= len(found) <= 100_000
    assert found.decode().count("\n") > 500


def test_the_report_names_speed_audit_cost_and_repeatability() -> None:
    plain = Row("plain loop", 12.0, 10.0, 1_000)
    rows = [
        plain,
        Row("not audited", 20.0, 11.0, 1_000, 2.0, (1.0, 2.0)),
        Row("audited", 22.0, 11.0, 1_000, 2.0, (1.0, 2.0), 5 << 20),
        Row("audited again", 22.0, 11.0, 1_000, 2.0, (1.0, 2.2)),
        Row("audited, 8 looks", 22.0, 12.0, 1_000, 2.0, (1.0, 2.0)),
    ]
    from argparse import Namespace

    lines = list(report(rows, Namespace(device="cuda", precision="bf16")))
    assert lines[2].split()[-2:] == ["100", "1.000"]
    assert lines[-2] == "the audit adds 10.0 % to the wall time"
    assert lines[-1].startswith("twice the same run: up to 9.09e-02 apart")
    assert repeated(rows[1], rows[2]) == "the same bits"
    assert set(variants(tiny=False)) == {row.name for row in rows}


def test_the_model_is_of_about_125_million_parameters() -> None:
    body = 12 * FULL.width**2 * FULL.layers
    assert 1.2e8 < body < 1.3e8
