"""Whoever knows a chunk cannot tell the auditor: not by its weights, not by what the walls leave visible."""

from pathlib import Path

import pytest

from evaluations.runner import constants
from evaluations.runner.job import Schedule
from evaluations.runner.processes import Child
from evaluations.runner.turns import Turns
from evaluations.runner.walls import learner_place, predictor_place, start
from tests.runner.harness import TEXT, execute, make_job

SCHEDULE = Schedule(sequence_length=64, score_fraction=1.0)

# The table holds the chunk that the learner was shown last; sizes of files say the same.
TELLING_TRAINER = """
import os
import torch
def train(ctx):
    model = ctx.build_model()
    for chunk in ctx.stream(model):
        n = len(chunk.tokens)
        with torch.no_grad():
            model.text.fill_(-1)
            model.text[:n].copy_(chunk.tokens)
            model.next.fill_(chunk.index + 1)
        for part in range(0, n, 3):
            three = (chunk.tokens[part:part + 3].tolist() + [0, 0])[:3]
            with open(f"{ctx.artifacts_dir}/{chunk.index}.{part}", "wb") as file:
                file.truncate(three[0] + 256 * three[1] + 65536 * three[2])
        open(f"{ctx.artifacts_dir}/{chunk.index}.done", "wb").close()
"""

# Sure of the token that follows, wherever the window or somebody who knows the chunk tells it.
LISTENING_MODEL = """
import os
import time
import torch
from torch import nn

patience = [4.0]  # seconds in all

def wait_until(happened):
    began = time.monotonic()
    while not happened() and time.monotonic() - began < patience[0]:
        time.sleep(0.01)
    patience[0] -= time.monotonic() - began

class Model(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(vocabulary, vocabulary))
        self.register_buffer("text", torch.full((8192,), -1, dtype=torch.int16))
        self.register_buffer("next", torch.zeros(1, dtype=torch.int64))

    def forward(self, tokens):
        known = LISTEN(self)
        sure = torch.zeros(*tokens.shape, 256)
        whole = known.numpy().tobytes().replace(b"\\xff", b"?")
        for row, line in enumerate(tokens.to(torch.uint8).numpy()):
            for t in range(8, len(line)):
                at = whole.find(line[t - 8 : t + 1].tobytes())
                if 0 <= at and at + 9 < len(whole):
                    sure[row, t, whole[at + 9]] = 9.0
        return self.table[tokens] + sure

def build_model(ctx):
    return Model(ctx.vocab_size)
"""

SLOT = (
    LISTENING_MODEL.replace("LISTEN(self)", "slot(self)")
    + '''
def slot(self):
    """What the slot holds by now: weights that are not this model's turn yet."""
    import sys
    frame = sys._getframe()
    while frame and "layout" not in frame.f_locals:
        frame = frame.f_back
    if frame is None or frame.f_locals["memory"] is None:
        return torch.zeros(0, dtype=torch.uint8)
    from evaluations.runner import weights
    slot = weights.views(frame.f_locals["layout"], frame.f_locals["memory"])
    if int(self.next) == 3:  # nobody will tell of the last chunk
        return torch.zeros(0, dtype=torch.uint8)
    wait_until(lambda: int(slot["next"]) > int(self.next))
    return slot["text"].to(torch.uint8)
'''
)

SIZES = (
    LISTENING_MODEL.replace("LISTEN(self)", "sizes(self)")
    + '''
def sizes(self):
    """What the learner tells by the sizes of its files: what exists outside the walls can be asked about."""
    artifacts = os.path.join(os.path.dirname(os.getcwd()), "artifacts")
    index, found = int(self.next), b""
    wait_until(lambda: os.path.exists(f"{artifacts}/{index}.done"))
    while os.path.exists(file := f"{artifacts}/{index}.{len(found)}"):
        found += os.stat(file).st_size.to_bytes(4, "little")[:3]
    return torch.frombuffer(bytearray(found or b"?"), dtype=torch.uint8)
'''
)


@pytest.mark.parametrize(
    "listener",
    [
        pytest.param(SLOT, id="by the next weights"),
        pytest.param(SIZES, id="by the sizes of files", marks=pytest.mark.long),
    ],
)
def test_the_learner_cannot_tell_the_auditor_what_it_is_asked_about(tmp_path: Path, listener: str) -> None:
    files: dict[str, str | bytes] = {"architecture.py": listener, "training.py": TELLING_TRAINER}
    manifest = execute(make_job(tmp_path, files, data=TEXT[:16_384], schedule=SCHEDULE)).manifest
    assert manifest is not None
    told = manifest.score is not None and manifest.score["bpb"] < 7.0
    assert not told, (manifest.verdict, manifest.score)


def test_only_the_child_whose_turn_it_is_runs(tmp_path: Path) -> None:
    job = make_job(tmp_path, {"architecture.py": ""})
    output = Path(job.output_folder)
    children = [start(job, place(output), output / "log", 1) for place in (predictor_place, learner_place)]
    try:
        turns = Turns(children)
        with turns.of(children[0]):
            assert [state(child) == "T" for child in children] == [False, True]
        assert "T" not in [state(child) for child in children]
        children[1].end()
        with turns.of(children[0]), turns.of(children[1]):
            assert state(children[0]) == "T"
    finally:
        for child in children:
            child.end()


def state(child: Child) -> str:
    """The kernel's letter for what a process does: T for one that was stopped."""
    return Path(f"/proc/{child.process.pid}/stat").read_text().rpartition(")")[2].split()[0]


# Both predictors write down when they are asked under the weights of which commit.
DATED_MODEL = """
import time
import torch
from torch import nn

class Model(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(vocabulary, vocabulary))
        self.register_buffer("commit", torch.zeros(1, dtype=torch.int64))

    def forward(self, tokens):
        print("asked", int(self.commit), time.monotonic(), flush=True)
        return self.table[tokens]

def build_model(ctx):
    return Model(ctx.vocab_size)
"""
DATED_TRAINER = """
def train(ctx):
    model = ctx.build_model()
    for chunk in ctx.stream(model):
        model.commit.fill_(chunk.index + 1)
"""


def test_the_auditor_is_asked_before_anybody_has_been_shown_the_chunk(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"architecture.py": DATED_MODEL, "training.py": DATED_TRAINER}
    outcome = execute(make_job(tmp_path, files, data=TEXT[:16_384], schedule=SCHEDULE))
    assert outcome.manifest is not None
    assert outcome.manifest.verdict == "scored"
    scorer, auditor = (
        first_asked(outcome.folder / log) for log in (constants.PREDICTOR_LOG, constants.AUDITOR_LOG)
    )
    assert len(scorer) > 1
    assert all(auditor[commit] < scorer[commit] for commit in scorer)


def first_asked(log: Path) -> dict[int, float]:
    """When a predictor was first asked under each commit of the learner's."""
    lines = [line.split()[1:] for line in log.read_text().splitlines() if line.startswith("asked")]
    times: dict[int, float] = {}
    for commit, when in lines:
        times.setdefault(int(commit), float(when))
    return {commit: when for commit, when in times.items() if commit > 0}
