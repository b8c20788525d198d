"""bf16 on the CPU: the same path as on a GPU, with torch's CPU kernels."""

from pathlib import Path

import pytest
import torch

from evaluations.runner import precision
from evaluations.runner.constants import BF16, FLOAT32, TOLERANCE_NATS
from evaluations.runner.job import Schedule
from evaluations.runner.predictor import Predictor
from tests.runner.harness import TEXT, Outcome, execute, make_job

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "transformer" / "architecture.py"
SMALL = EXAMPLE.read_text().replace("WIDTH, HEADS, LAYERS = 128, 4, 3", "WIDTH, HEADS, LAYERS = 32, 2, 2")


def run(folder: Path, architecture: str, name: str, **schedule: float) -> Outcome:
    """Trained by the reference recipe, which runs in the run's precision too."""
    made = Schedule(sequence_length=64, score_fraction=1.0, audit_fraction=1.0, **schedule)  # type: ignore[arg-type]
    files: dict[str, str | bytes] = {"architecture.py": architecture}
    job = make_job(folder, files, data=TEXT[:6_144], training=None, precision=name, schedule=made)
    return execute(job)


def test_bf16_rounds_products_and_float32_does_not() -> None:
    x = torch.full((2, 2), 1 / 3)
    with precision.autocast(BF16, "cpu"):
        assert (x @ x).dtype is torch.bfloat16
    with precision.autocast(FLOAT32, "cpu"):
        assert (x @ x).dtype is torch.float32


@pytest.mark.long
def test_an_honest_model_in_bf16_passes_the_audit_at_its_tolerance(tmp_path: Path) -> None:
    saying = SMALL.replace(
        "        x = self.embed(tokens)",
        "        x = self.embed(tokens)\n"
        "        if not hasattr(self, 'said'):\n"
        "            self.said = print('autocast', torch.is_autocast_enabled('cpu'), flush=True)",
    )
    outcome = run(tmp_path, saying, BF16, audit_tolerance_nats=TOLERANCE_NATS[BF16])
    assert outcome.manifest is not None
    assert outcome.manifest.verdict == "scored", outcome.manifest.reason + outcome.manifest.traceback
    audit = outcome.manifest.audit
    assert audit is not None
    assert audit["windows"] > 0
    assert audit["max_abs_logp_diff"] <= TOLERANCE_NATS[BF16]
    assert outcome.manifest.run["precision"] == BF16
    for log in ("learner.log", "predictor.log", "auditor.log"):
        assert "autocast True" in (outcome.folder / log).read_text()
    memory = outcome.manifest.run["memory"]
    assert memory["learner"]["host_bytes"] > 50 << 20
    assert memory["predictor"]["gpu_bytes"] == 0


def test_a_model_that_reads_ahead_is_rejected_in_bf16_too(tmp_path: Path) -> None:
    peeking = SMALL.replace("is_causal=True", "is_causal=False")
    outcome = run(tmp_path, peeking, BF16, audit_tolerance_nats=TOLERANCE_NATS[BF16])
    assert outcome.manifest is not None
    assert (outcome.manifest.verdict, outcome.manifest.code) == ("rejected", "causality_violation")


def test_log_probabilities_are_taken_in_float32_of_rounded_logits() -> None:
    logits = torch.randn(2, 5, 7).bfloat16()

    class Fixed(torch.nn.Module):
        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return logits

    class Context:
        vocab_size, precision, device = 7, BF16, "cpu"

    window = torch.randint(7, (2, 6))
    claims, vectors = Predictor(Fixed(), Context(), {}).answer(window, 0, [[0, 4]])  # type: ignore[arg-type]
    exact = logits.float().log_softmax(-1)
    assert claims.dtype is torch.float32
    assert claims == pytest.approx(exact.gather(-1, window[:, 1:, None])[..., 0], abs=1e-6)
    assert float(vectors[0].exp().sum()) == pytest.approx(1.0, abs=1e-6)
