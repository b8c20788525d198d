"""Loop style, hook style and the reference recipe, with every hook."""

import pytest

from tests.runner.harness import COUNTING_TRAINER, IDLE_TRAINER, TABLE_MODEL, TEXT, execute, make_job

NEURAL_MODEL = """
from torch import nn


class Small(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 32)
        self.head = nn.Linear(32, vocabulary)

    def forward(self, tokens):
        return self.head(self.embed(tokens))


def build_model(ctx):
    return Small(ctx.vocab_size)
"""

ALL_HOOKS = """
from pathlib import Path

import torch
import torch.nn.functional as F
from prism_challenge.evaluator.interface import PrismBatch, PrismContext, TrainingRecipe


def get_recipe(ctx: PrismContext):
    return TrainingRecipe(learning_rate=0.01, batch_size=2, scheduler="cosine", weight_decay=0.0)


def configure_optimizer(model, recipe, ctx):
    return torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)


def compute_loss(model, batch: PrismBatch, ctx):
    logits = model(batch.tokens[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), batch.tokens[:, 1:].flatten())


def train_step(model, batch, optimizer, ctx):
    optimizer.zero_grad()
    compute_loss(model, batch, ctx).backward()
    optimizer.step()


def inference_logits(model, batch, ctx):
    return model(batch.tokens) * 0.99


def infer(model, batch, ctx):
    raise AssertionError("inference_logits goes before infer")


def save_checkpoint(model, optimizer, ctx):
    torch.save(model.state_dict(), Path(ctx.checkpoint_dir) / "last.pt")


def load_checkpoint(model, optimizer, ctx):
    raise AssertionError("there was no checkpoint to begin with")
"""


def run(tmp_path, files, **changes):
    outcome = execute(make_job(tmp_path, files, **changes))
    assert outcome.manifest.verdict == "scored", outcome.manifest.traceback
    return outcome


def test_every_hook_is_used_counted_and_timed(tmp_path):
    outcome = run(tmp_path, {"architecture.py": NEURAL_MODEL, "training.py": ALL_HOOKS})
    hooks = outcome.manifest.training["hooks"]
    assert outcome.manifest.training["style"] == "hooks"
    assert all(hook["present"] for hook in hooks.values())
    assert {name for name, hook in hooks.items() if hook["calls"] == 0} == {
        "compute_loss",  # train_step stands in its place
        "infer",  # inference_logits goes before it
        "load_checkpoint",  # nothing to load
    }
    assert hooks["train_step"]["seconds"] > 0
    assert (outcome.folder / "checkpoints" / "last.pt").exists()
    assert outcome.bpb < 7.5


@pytest.mark.long
def test_hooks_may_live_in_the_architecture_file(tmp_path):
    recipe = (
        "\n\ndef get_recipe(ctx):\n"
        "    from prism_challenge.evaluator.interface import TrainingRecipe\n"
        "    return TrainingRecipe(learning_rate=0.02, batch_size=2)\n"
    )
    files = {"architecture.py": NEURAL_MODEL + recipe, "training.py": "NOTHING = None\n"}
    assert run(tmp_path, files).manifest.training["hooks"]["get_recipe"]["calls"] == 1


@pytest.mark.long
def test_an_architecture_on_its_own_is_trained_by_the_reference_recipe(tmp_path):
    outcome = run(tmp_path, {"architecture.py": NEURAL_MODEL}, training=None, data=TEXT[:60_000])
    assert outcome.manifest.training["style"] == "reference"
    assert outcome.bpb < 7.0


@pytest.mark.long
def test_a_training_file_without_train_or_hooks_fails(tmp_path):
    files = {"architecture.py": NEURAL_MODEL, "training.py": "x = 1\n"}
    manifest = execute(make_job(tmp_path, files)).manifest
    assert (manifest.verdict, manifest.code) == ("failed", "contract_broken")


@pytest.mark.long
def test_batches_overlap_by_one_token_and_lose_none(tmp_path):
    checking = """
import torch


def train(ctx):
    model = ctx.build_model()
    whole, rebuilt, rows = [], [], 0
    for batch in ctx.iter_train_batches(model, batch_size=3, seq_len=50):
        assert batch.tokens.dtype == torch.int64 and batch.tokens.shape[1] <= 50
        rebuilt += [batch.tokens[:1, 0]] if not rebuilt else []
        rebuilt.append(batch.tokens[:, 1:].flatten())
        rows += len(batch.tokens)
    ctx.log(rows=rows, tokens=len(torch.cat(rebuilt)), digest=bytes(torch.cat(rebuilt).tolist())[:40].hex())
"""
    outcome = run(tmp_path, {"architecture.py": TABLE_MODEL, "training.py": checking})
    assert f"tokens={outcome.score['bytes']}" in outcome.log


def test_the_context_holds_what_the_contract_names(tmp_path):
    looking = """
import os


def train(ctx):
    assert (ctx.vocab_size, ctx.sequence_length, ctx.max_seq_len) == (256, 64, 64)
    assert ctx.max_params == ctx.max_parameters == 150_000_000 and ctx.max_layers == 96
    assert (ctx.seed, ctx.device, ctx.precision) == (1337, "cpu", "float32")
    assert (ctx.rank, ctx.local_rank, ctx.world_size) == (0, 0, 1)
    assert ctx.token_budget == ctx.byte_budget == 16_384
    assert os.listdir(ctx.data_dir) == [] and os.path.isdir(ctx.artifacts_dir)
    assert ctx.reference_tokenizer("bytes").vocab_size == 256
    first, second = ctx.build_model(), ctx.build_model()
    assert all((a == b).all() for a, b in zip(first.parameters(), second.parameters()))
    try:
        ctx.seed = 1
    except AttributeError:
        ctx.log(frozen=True)
"""
    assert "frozen=True" in run(tmp_path, {"architecture.py": NEURAL_MODEL, "training.py": looking}).log


def test_a_child_inherits_none_of_our_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PRISM_PLANTED_SECRET", "do-not-leak")
    printing = "import os\n\ndef train(ctx):\n    print(dict(os.environ))\n"
    outcome = run(tmp_path, {"architecture.py": TABLE_MODEL, "training.py": printing})
    assert "do-not-leak" not in outcome.log
    assert "PYTHONHASHSEED" in outcome.log


def test_training_state_never_reaches_the_predictor(tmp_path):
    """A buffer outside the state_dict is the learner's own business."""
    leaking = COUNTING_TRAINER.replace(
        "    model = ctx.build_model()", "    model = ctx.build_model()\n    model.note = 'only here'"
    )
    model = TABLE_MODEL.replace(
        "return self.table[tokens]", "return self.table[tokens] + hasattr(self, 'note') * 1e9"
    )
    plain = run(tmp_path / "a", {"architecture.py": TABLE_MODEL, "training.py": COUNTING_TRAINER})
    noted = run(tmp_path / "b", {"architecture.py": model, "training.py": leaking})
    assert noted.bpb == plain.bpb


@pytest.mark.long
def test_an_idle_learner_still_has_a_complete_manifest(tmp_path):
    manifest = run(tmp_path, {"architecture.py": TABLE_MODEL, "training.py": IDLE_TRAINER}).manifest
    assert manifest.training["commits"] == 0
    assert manifest.integrity["lossless"] is True
    assert manifest.run["sandbox"] == "required"
