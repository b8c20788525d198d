"""What counts as a model, what it may weigh, and how its answers are read."""

import pytest

from evaluations.runner.job import Limits
from tests.runner.harness import COUNTING_TRAINER, IDLE_TRAINER, TABLE_MODEL, execute, make_job


def outcome_of(tmp_path, architecture: str, **changes):
    files = {"architecture.py": architecture, "training.py": IDLE_TRAINER}
    return execute(make_job(tmp_path, files, **changes))


def test_too_many_parameters_are_rejected(tmp_path):
    manifest = outcome_of(tmp_path, TABLE_MODEL, limits=Limits(max_parameters=65_535)).manifest
    assert (manifest.verdict, manifest.code) == ("rejected", "too_many_parameters")
    assert "65,536" in manifest.reason


@pytest.mark.long
def test_too_many_layers_are_rejected(tmp_path):
    deep = TABLE_MODEL.replace(
        "super().__init__()",
        "super().__init__()\n        self.deep = nn.ModuleList(nn.Linear(2, 2) for _ in range(9))",
    )
    manifest = outcome_of(tmp_path, deep, limits=Limits(max_layers=8)).manifest
    assert (manifest.verdict, manifest.code) == ("rejected", "too_many_layers")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("self.table[tokens]", "self.table[tokens][:, :, :100]"), "logits_shape"),
        pytest.param(
            ("self.table[tokens]", "self.table[tokens][:, -1]"), "logits_shape", marks=pytest.mark.long
        ),
        pytest.param(("self.table[tokens]", "undefined"), "model_error", marks=pytest.mark.long),
        pytest.param(
            ("return Bigram(ctx.vocab_size)", "return 3"), "contract_broken", marks=pytest.mark.long
        ),
        (("def build_model", "def build_something"), "contract_broken"),
    ],
)
def test_models_that_break_the_contract_fail_with_a_code(tmp_path, change, code):
    manifest = outcome_of(tmp_path, TABLE_MODEL.replace(*change)).manifest
    assert (manifest.verdict, manifest.code) == ("failed", code)
    assert manifest.traceback


@pytest.mark.long
@pytest.mark.parametrize("answer", ["(self.table[tokens], None)", "Answer(self.table[tokens])"])
def test_tuples_and_objects_with_logits_are_read(tmp_path, answer):
    model = TABLE_MODEL.replace("self.table[tokens]", answer) + (
        "\n\nclass Answer:\n    def __init__(self, logits):\n        self.logits = logits\n"
    )
    files = {"architecture.py": model, "training.py": COUNTING_TRAINER}
    assert execute(make_job(tmp_path, files)).bpb < 7.5


@pytest.mark.long
def test_half_precision_weights_cross_the_slot_unchanged(tmp_path):
    model = TABLE_MODEL.replace(
        "torch.zeros(vocabulary, vocabulary)", "torch.zeros(vocabulary, vocabulary, dtype=torch.bfloat16)"
    )
    files = {"architecture.py": model, "training.py": COUNTING_TRAINER}
    assert execute(make_job(tmp_path, files)).bpb < 7.5


def test_files_of_a_bundle_import_each_other(tmp_path):
    files = {
        "src/__init__.py": "",
        "src/parts/table.py": TABLE_MODEL,
        "src/model.py": "from .parts.table import build_model\n",
        "src/train.py": "from model import build_model\nfrom helpers import count as train\n",
        "helpers.py": COUNTING_TRAINER.replace("def train", "def count"),
    }
    outcome = execute(make_job(tmp_path, files, architecture="src/model.py", training="src/train.py"))
    assert outcome.bpb < 7.5


@pytest.mark.long
def test_model_figures_are_counted_on_the_model_that_is_scored(tmp_path):
    model = """
from torch import nn


def build_model(ctx):
    body = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 8))
    return nn.Sequential(nn.Embedding(ctx.vocab_size, 8), body, nn.Linear(8, ctx.vocab_size, bias=False))
"""
    facts = outcome_of(tmp_path, model).manifest.model
    assert facts["parameters"] == 256 * 8 + (8 * 16 + 16) + (16 * 8 + 8) + 8 * 256
    assert facts["body_parameters"] == (8 * 16 + 16) + (16 * 8 + 8)
    assert facts["layers"] == 3
    assert facts["flops_per_token"] == 2 * (8 * 16 + 16 * 8 + 8 * 256)
