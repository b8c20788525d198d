"""The local smoke evaluation as an operator runs it: `manage.py evaluate`, real processes, real text."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evaluations.intake.bundle import pack
from prism_site.config import ROOT
from tests.runner.harness import COUNTING_TRAINER, TABLE_MODEL

SMALL = {"local_cpu_smoke": {"byte_budget": 32_768, "sequence_length": 64}}
HONEST = {"architecture.py": TABLE_MODEL.encode(), "training.py": COUNTING_TRAINER.encode()}


@dataclass
class Installation:
    """A database, data and policy of its own, used through the command line alone."""

    folder: Path

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PRISM_")}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**environment, "PRISM_VAR_DIR": str(self.folder), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def evaluate(self, bundle: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
        """Exit status, manifest and everything printed."""
        out = self.folder / "out.json"
        out.unlink(missing_ok=True)
        done = self.manage("evaluate", str(bundle), "--json", str(out), *arguments)
        manifest = json.loads(out.read_text()) if out.exists() else {}
        return done.returncode, manifest, done.stdout + done.stderr

    def zip(self, files: dict[str, bytes]) -> Path:
        path = self.folder / "bundle.zip"
        path.write_bytes(pack(files))
        return path


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = Installation(tmp_path_factory.mktemp("installation"))
    for arguments in (
        ("prepare_data", "--source", "python-docs", "--limit-bytes", "200000"),
        ("migrate", "--verbosity", "0"),
        (
            "shell",
            "--no-imports",
            "-c",
            "from prism_site.policy.resolve import set_policy;"
            f"set_policy('execution_mode_targets', {SMALL!r}, by='operator:test')",
        ),
    ):
        done = made.manage(*arguments)
        assert done.returncode == 0, done.stderr
    return made


def test_an_example_bundle_is_scored_on_the_policys_byte_budget(installation: Installation):
    status, manifest, said = installation.evaluate(ROOT / "examples" / "hooks")
    assert (status, manifest["verdict"], manifest["code"]) == (0, "scored", "scored")
    assert manifest["mode"] == "local_cpu_smoke"
    assert 32_760 <= manifest["score"]["bytes"] <= 32_768  # cut at a character
    assert 2.0 < manifest["score"]["bpb"] < 8.0
    assert manifest["heldout"]["bpb"] < manifest["heldout"]["bpb_init"]
    looks = manifest["diagnostics"]
    assert looks[-1]["stream_bytes"] == manifest["score"]["bytes"]
    assert all(look["gradient_norm"] > 0 and look["modules"] for look in looks)
    assert "held-out" in said
    assert "bits per byte" in said


def test_the_same_bundle_scores_the_same_bits_as_folder_and_as_zip(installation: Installation):
    folder = installation.folder / "honest"
    folder.mkdir()
    for name, content in HONEST.items():
        (folder / name).write_bytes(content)
    _, first, _ = installation.evaluate(folder)
    _, second, _ = installation.evaluate(installation.zip(HONEST))
    assert first["score"]["bits"] == second["score"]["bits"]


def test_scoring_every_window_leaves_no_sampling_error(installation: Installation):
    status, manifest, _ = installation.evaluate(installation.zip(HONEST), "--score-fraction", "1")
    assert (status, manifest["score"]["score_fraction"], manifest["score"]["bpb_se"]) == (0, 1.0, 0.0)


def test_a_smoke_evaluation_leaves_no_row_behind(installation: Installation):
    installation.evaluate(installation.zip(HONEST))
    counted = installation.manage(
        "shell",
        "--no-imports",
        "-c",
        "from evaluations.models import Submission; print(Submission.objects.count())",
    )
    assert counted.stdout.strip() == "0"


def test_an_official_mode_says_all_that_this_host_lacks(installation: Installation):
    status, manifest, said = installation.evaluate(installation.zip(HONEST), "--mode", "gpu_proxy_eval")
    assert (status, manifest) == (3, {})
    for code in ("dataset_revision_differs", "dataset_too_small", "heldout_missing", "gpu_unavailable"):
        assert code in said


def test_a_bundle_that_raises_fails_with_exit_status_two(installation: Installation):
    raising = HONEST | {"training.py": b"def train(ctx):\n    raise RuntimeError('no luck')\n"}
    status, manifest, said = installation.evaluate(installation.zip(raising))
    assert (status, manifest["verdict"], manifest["code"]) == (2, "failed", "learner_error")
    assert "no luck" in said


def test_a_bundle_that_cannot_be_read_is_rejected_with_exit_status_one(installation: Installation):
    path = installation.folder / "broken.zip"
    path.write_bytes(b"not a zip")
    status, manifest, said = installation.evaluate(path)
    assert (status, manifest["verdict"], manifest["code"]) == (1, "rejected", "zip_not_zip")
    assert "zip_not_zip" in said


def test_a_changed_shard_stops_the_evaluation_and_is_named(installation: Installation):
    shard = next((installation.folder / "data").rglob("train*/*.parquet"), None)
    shard = shard or next(
        p for p in (installation.folder / "data").rglob("*.parquet") if "secret" not in str(p)
    )
    kept = shard.read_bytes()
    shard.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    try:
        status, manifest, said = installation.evaluate(installation.zip(HONEST))
    finally:
        shard.write_bytes(kept)
    assert (status, manifest) == (3, {})
    assert "data_shard_changed" in said
    assert shard.name in said.replace("\n", "")
