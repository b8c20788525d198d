"""A run whose host fails goes on from a checkpoint, and ends with the bits of one that nobody disturbed."""

from pathlib import Path
from typing import Any

import pytest

from evaluations.runner.checkpoint_store import FOLDER
from tests.cases import some_always
from tests.runner.harness import Outcome, execute
from tests.runner.resuming import NOTED_5, kill, killed_and_taken_up, next_attempt, small_job

pytestmark = pytest.mark.slow

# Dropout: a generator's state counts.
MODEL = """
from torch import nn


class Small(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(16, vocabulary)

    def forward(self, tokens):
        return self.head(self.drop(self.embed(tokens)))


def build_model(ctx):
    return Small(ctx.vocab_size)
"""

RECIPE = """
from prism_challenge.evaluator.interface import TrainingRecipe


def get_recipe(ctx):
    return TrainingRecipe(learning_rate=0.02, batch_size=3)
"""

OWN_HOOKS = (
    RECIPE
    + """
import torch


def configure_optimizer(model, recipe, ctx):
    return torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)


def save_checkpoint(model, optimizer, ctx):
    torch.save([model.state_dict(), optimizer.state_dict()], ctx.checkpoint_dir + "/state.pt")


def load_checkpoint(model, optimizer, ctx):
    weights, state = torch.load(ctx.checkpoint_dir + "/state.pt", weights_only=True)
    model.load_state_dict(weights)
    optimizer.load_state_dict(state)
"""
)

# Writes down all that it is shown, as it is shown it, and says what it finds of that.
LOOP = """
import os
import torch
from torch.nn.functional import cross_entropy


def train(ctx):
    model, diary, path = ctx.build_model(), ctx.checkpoint_dir + "/diary", ctx.checkpoint_dir + "/optimizer"
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    ctx.on_checkpoint(lambda: torch.save(optimizer.state_dict(), path))
    if ctx.resumed_at is not None:
        ctx.resumed_at.load_weights(model)
        optimizer.load_state_dict(torch.load(path, weights_only=True))
        ctx.log(resumed=ctx.resumed_at.index, knows=os.path.getsize(diary))
    for chunk in ctx.stream(model):
        with open(diary, "ab") as file:
            file.write(bytes(chunk.tokens.tolist()))
        rows = chunk.tokens[: len(chunk.tokens) // 32 * 32].view(-1, 32)
        loss = cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""


def files(training: str) -> dict[str, str | bytes]:
    return {"architecture.py": MODEL, "training.py": training}


STYLES: dict[str, dict[str, Any]] = {
    "reference recipe": {"files": {"architecture.py": MODEL}, "training": None},
    "challenge's loop": {"files": files(RECIPE)},
    "own hooks": {"files": files(OWN_HOOKS)},
    "own loop": {"files": files(LOOP)},
    "two ranks": {"files": files(RECIPE), "world_size": 2},
    "looked into": {"files": files(RECIPE), "diagnostics": 3},
}


def measured(outcome: Outcome) -> dict[str, Any]:
    """All that a run found, without the times that it took."""
    manifest = outcome.manifest
    assert manifest is not None, outcome.stderr
    assert manifest.verdict == "scored", manifest.traceback
    looks = [{**entry, "seconds": None} for entry in manifest.diagnostics]
    curve = [{**line, "seconds": None} for line in outcome.chunks]
    return {"score": manifest.score, "curve": curve, "audit": manifest.audit, "looks": looks}


def ran(outcome: Outcome) -> dict[str, Any]:
    assert outcome.manifest is not None
    return outcome.manifest.run


@pytest.mark.parametrize("style", some_always(STYLES.items(), ["own loop"]))
def test_it_ends_with_the_bits_of_an_undisturbed_run(tmp_path: Path, style: dict[str, Any]) -> None:
    undisturbed = execute(small_job(tmp_path / "undisturbed", **style))
    again = killed_and_taken_up(small_job(tmp_path / "killed", **style), NOTED_5)
    assert measured(again) == measured(undisturbed)
    assert ran(undisturbed)["resumed"] is None
    assert ran(undisturbed)["checkpoints"] == {"taken": 3, "refused": {}}
    assert ran(again)["began_anew"] is None
    assert ran(again)["resumed"] == {"times": 1, "chunks": [4], "stream_bytes": 4096, "commits_repeated": 2}
    assert not list(tmp_path.glob(f"*/out*/{FOLDER}/at-*")), "checkpoints outlive their run"
    if style["files"].get("training.py") == LOOP:
        # The folder it died in held five chunks' text; it is given what it had when it was saved.
        assert (tmp_path / "killed" / "out" / "checkpoints" / "diary").stat().st_size == 5 * 1024
        assert "resumed=4 knows=4096" in again.log


POINTS = {
    "before anything was kept": ([("scored", 1)], []),
    "with a checkpoint that nothing bears witness to": ([("scored", 3)], []),
    "while one was written": ([("writing", 6)], [4]),
    "before the commit was noted": ([("written", 6)], [4]),
    "when the commit was noted": ([("committed", 6)], [4]),
    "when all was scored": ([("scored", 7)], [4]),
    "three times": ([("committed", 3), ("committed", 5), ("committed", 7)], [2, 4, 6]),
}


@pytest.mark.parametrize("case", some_always(POINTS.items(), ["three times"]))
def test_it_may_be_killed_anywhere(tmp_path: Path, case: tuple[list[tuple[str, int]], list[int]]) -> None:
    points, chunks = case
    undisturbed = execute(small_job(tmp_path / "undisturbed", files(RECIPE)))
    again = killed_and_taken_up(small_job(tmp_path / "killed", files(RECIPE)), *points)
    assert measured(again) == measured(undisturbed)
    resumed = ran(again)["resumed"]
    assert (resumed["chunks"] if resumed else []) == chunks


LEARNS_FASTER = LOOP.replace(
    "        ctx.log(resumed", "        optimizer.param_groups[0]['lr'] = 0.05\n        ctx.log(resumed"
)
FORGETS = LOOP.replace("    if ctx.resumed_at is not None:", "    if False:")
STAYS_AWAY = LOOP.replace("        ctx.log(resumed", "        return\n        ctx.log(resumed")
RAISES = OWN_HOOKS.replace(
    "    weights, state =", "    raise ValueError('no way back')\n    weights, state ="
)
HALF = OWN_HOOKS.replace("    optimizer.load_state_dict(state)\n", "")
LIARS = {
    "another way of learning": (LEARNS_FASTER, "training_differs"),
    "no way back": (FORGETS, "weights_differ"),
    "nothing more to do": (STAYS_AWAY, "ended_early"),
    "an error on the way back": (RAISES, "ended_early"),
    "an optimizer that is not brought back": (HALF, "training_differs"),
}


@pytest.mark.parametrize("liar", some_always(LIARS.items(), ["another way of learning"]))
def test_who_does_not_do_the_same_again_begins_anew(tmp_path: Path, liar: tuple[str, str]) -> None:
    training, code = liar
    undisturbed = execute(small_job(tmp_path / "undisturbed", files(training)))
    again = killed_and_taken_up(small_job(tmp_path / "killed", files(training)), NOTED_5)
    assert measured(again) == measured(undisturbed)
    assert (ran(again)["began_anew"], ran(again)["resumed"]) == (code, None)
    assert next(line for line in again.lines if line["type"] == "anew")["code"] == code


@pytest.mark.long
@pytest.mark.parametrize("name", ["weights", "counts", "learner", "state.json"])
def test_a_checkpoint_that_was_tampered_with_is_not_gone_on_from(tmp_path: Path, name: str) -> None:
    undisturbed = execute(small_job(tmp_path / "undisturbed", files(RECIPE)))
    job = small_job(tmp_path / "killed", files(RECIPE))
    kill(job, *NOTED_5)
    for path in (Path(job.output_folder) / FOLDER).glob(f"at-*/{name}"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    again = execute(next_attempt(job))
    assert measured(again) == measured(undisturbed)
    assert ran(again)["began_anew"] == "checkpoint_damaged"


@pytest.mark.long
def test_another_bundle_does_not_go_on_from_it(tmp_path: Path) -> None:
    job = small_job(tmp_path / "killed", files(RECIPE))
    kill(job, *NOTED_5)
    changed = small_job(tmp_path / "changed", files(RECIPE + "# a comment\n"))
    Path(changed.output_folder).mkdir()
    (Path(job.output_folder) / FOLDER).rename(Path(changed.output_folder) / FOLDER)
    assert ran(execute(changed))["began_anew"] == "checkpoint_foreign"


@pytest.mark.long
def test_a_learner_that_raises_leaves_no_second_try(tmp_path: Path) -> None:
    raising = LOOP.replace("        rows =", "        assert chunk.index < 5\n        rows =")
    outcome = execute(small_job(tmp_path, files(raising)))
    assert outcome.manifest is not None
    assert (outcome.manifest.verdict, outcome.manifest.code) == ("failed", "learner_error")
    assert ran(outcome)["checkpoints"]["taken"] == 2
    assert not (outcome.folder / FOLDER).exists()


FLOOD = LOOP.replace(
    "    ctx.on_checkpoint(lambda",
    "    open(ctx.checkpoint_dir + '/f', 'wb').truncate(1 << 40)\n    ctx.on_checkpoint(lambda",
)
LINK = LOOP.replace(
    "    ctx.on_checkpoint(lambda",
    "    os.symlink('/etc/passwd', ctx.checkpoint_dir + '/l')\n    ctx.on_checkpoint(lambda",
)


@pytest.mark.long
@pytest.mark.parametrize("training", [FLOOD, LINK], ids=["flood", "link"])
def test_what_may_not_be_kept_costs_the_checkpoint_and_not_the_run(tmp_path: Path, training: str) -> None:
    outcome = execute(small_job(tmp_path, files(training), sandbox="off"))
    measured(outcome)
    assert ran(outcome)["checkpoints"] == {"taken": 0, "refused": {"checkpoint_files_refused": 3}}


@pytest.mark.long
def test_nothing_is_kept_where_policy_does_not_want_it(tmp_path: Path) -> None:
    job = small_job(tmp_path, files(RECIPE), checkpoints=0)
    kill(job, "scored", 5)
    assert not (Path(job.output_folder) / FOLDER).exists()
