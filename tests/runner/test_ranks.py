"""A learner of several ranks: one model, one score, and a failure that names its rank."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from evaluations.runner import ranks, walls
from evaluations.runner.job import Job, JobInvalid, Limits
from evaluations.runner.meeting import Meeting
from evaluations.runner.sandbox.errors import SandboxUnavailable
from tests.runner.harness import ROOT, TABLE_MODEL, Outcome, execute, make_job
from tests.runner.test_styles import NEURAL_MODEL

pytestmark = pytest.mark.slow
# Gradients are summed in another order, in float32: after some dozens of steps the seventh digit differs.
TOLERANCE = 1e-4

DDP_TRAINER = """
import contextlib
import errno
import os
import socket
import stat

import torch
import torch.distributed as dist
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel


def refused(attempt):
    try:
        attempt()
    except OSError as error:
        return error.errno in (errno.EPERM, errno.EACCES)
    return False


def is_socket(number):
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False


def connections():
    numbers = [number for number in range(3, 256) if is_socket(number)]
    return [socket.socket(fileno=os.dup(number)) for number in numbers]


def turned_elsewhere(found):
    to = ("127.0.0.1", 9) if found.family == socket.AF_INET else ("::1", 9)
    return not (
        refused(lambda: found.connect(to))
        and refused(lambda: found.bind(to))
        and refused(lambda: found.listen())
        and refused(lambda: found.accept())
        and refused(lambda: found.sendto(b"x", to))
        and refused(lambda: found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1))
    )


def train(ctx):
    model = ctx.build_model()
    trained = model
    if ctx.world_size > 1:
        dist.init_process_group("gloo")
        assert (dist.get_rank(), dist.get_world_size()) == (ctx.rank, ctx.world_size)
        assert os.environ["RANK"] == str(ctx.rank) == str(ctx.local_rank)
        assert refused(lambda: socket.create_connection((os.environ["MASTER_ADDR"], 9)))
        assert refused(lambda: socket.create_server(("127.0.0.1", 0)))
        between_ranks = [found for found in connections() if found.family != socket.AF_UNIX]
        assert between_ranks
        assert not any(turned_elsewhere(found) for found in between_ranks)
        assert dist.new_group() is dist.group.WORLD
        with contextlib.suppress(Exception):
            dist.new_group([0])
            raise SystemExit("a group without connections")
        trained = DistributedDataParallel(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for batch in ctx.iter_train_batches(trained, batch_size=8, seq_len=64):
        loss = cross_entropy(trained(batch.tokens[:, :-1]).flatten(0, 1), batch.tokens[:, 1:].flatten())
        optimizer.zero_grad()
        (loss * batch.metadata["weight"]).backward()
        optimizer.step()
    if ctx.world_size > 1:
        said = [None] * ctx.world_size
        dist.all_gather_object(said, ctx.rank)
        assert said == list(range(ctx.world_size))
    ctx.log(parameters=sum(float(p.detach().double().sum()) for p in model.parameters()))
"""

LOSS_HOOK = """
from torch.nn.functional import cross_entropy


def compute_loss(model, batch, ctx):
    ctx.log(parameters=sum(float(p.detach().double().sum()) for p in model.parameters()))
    return cross_entropy(model(batch.tokens[:, :-1]).flatten(0, 1), batch.tokens[:, 1:].flatten())


def save_checkpoint(model, optimizer, ctx):
    ctx.log(saved=ctx.rank)
"""

STEPPING_HOOK = """
from torch.nn.functional import cross_entropy


def train_step(model, batch, optimizer, ctx):
    loss = cross_entropy(model(batch.tokens[:, :-1]).flatten(0, 1), batch.tokens[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    ctx.log(parameters=sum(float(p.detach().double().sum()) for p in model.parameters()))
"""


def ranks_log(outcome: Outcome, rank: int) -> str:
    name = f"learner.{rank}.log" if rank else "learner.log"
    return (outcome.folder / name).read_text()


def parameters(outcome: Outcome, rank: int) -> list[str]:
    return re.findall(r"parameters=(\S+)", ranks_log(outcome, rank))


def check_ranks_agree(outcome: Outcome, world_size: int) -> None:
    """Equal parameters on all ranks, each behind walls of its own, and a model that has learned."""
    assert outcome.manifest.run["world_size"] == world_size
    said = [parameters(outcome, rank) for rank in range(world_size)]
    assert said[0]
    assert said == [said[0]] * world_size
    walls = outcome.manifest.integrity["sandbox"]
    for name in ["learner", *(f"learner.{rank}" for rank in range(1, world_size))]:
        assert walls[name]["mode"] == "required"
        assert all(walls[name]["checks"].values())
        assert walls[name]["checks"]["internet socket"]
    assert list(outcome.folder.glob("*.tmp")) == []
    assert outcome.bpb < 0.95 * outcome.score["step0_bpb"]
    ranks = outcome.manifest.training["ranks"]
    assert [rank["asked"] for rank in ranks] == [outcome.manifest.training["commits"]] * world_size


def test_two_ranks_by_ddp_score_like_one(tmp_path):
    files = {"architecture.py": NEURAL_MODEL, "training.py": DDP_TRAINER}
    two = execute(make_job(tmp_path / "two", files, world_size=2))
    check_ranks_agree(two, 2)
    one = execute(make_job(tmp_path / "one", files))
    assert two.bpb == pytest.approx(one.bpb, rel=TOLERANCE)


@pytest.mark.long
def test_four_ranks_by_the_reference_loop_score_like_one(tmp_path):
    files = {"architecture.py": NEURAL_MODEL, "training.py": LOSS_HOOK}
    four = execute(make_job(tmp_path / "four", files, world_size=4))
    check_ranks_agree(four, 4)
    assert len(parameters(four, 3)) > 20
    assert ranks_log(four, 0).count("saved=0") == 4
    assert "saved" not in ranks_log(four, 3)
    one = execute(make_job(tmp_path / "one", files))
    assert four.bpb == pytest.approx(one.bpb, rel=TOLERANCE)


@pytest.mark.long
def test_a_step_of_the_submissions_own_is_taken_with_the_mean_gradient(tmp_path):
    files = {"architecture.py": NEURAL_MODEL, "training.py": STEPPING_HOOK}
    outcome = execute(make_job(tmp_path, files, data=b"to be or not to be " * 500, world_size=2))
    assert parameters(outcome, 0) == parameters(outcome, 1) != []


WAITING_FOR_ALL = """
import os
import torch
import torch.distributed as dist


def train(ctx):
    for chunk in ctx.stream(ctx.build_model()):
        if ctx.rank == 1 and chunk.index == 1:
            {deed}
        dist.all_reduce(torch.ones(1))
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("deed", "code", "words"),
    [
        ("raise ValueError('no luck')", "learner_error", "rank 1: ValueError: no luck"),
        ("os._exit(3)", "learner_died", "rank 1: the learner exited with 3 without a word"),
    ],
)
def test_a_rank_that_fails_ends_the_run_and_is_named(tmp_path, deed, code, words):
    files = {"architecture.py": TABLE_MODEL, "training.py": WAITING_FOR_ALL.format(deed=deed)}
    manifest = execute(make_job(tmp_path, files, world_size=2)).manifest
    assert (manifest.verdict, manifest.code, manifest.reason) == ("failed", code, words)


@pytest.mark.long
def test_a_rank_that_hangs_ends_training_by_the_wall_clock(tmp_path):
    hanging = WAITING_FOR_ALL.format(deed="import time; time.sleep(600)")
    files = {"architecture.py": TABLE_MODEL, "training.py": hanging}
    limits = Limits(wall_seconds=3)
    outcome = execute(make_job(tmp_path, files, world_size=2, limits=limits, sandbox="off"))
    assert outcome.manifest.verdict == "scored"
    assert outcome.score["bytes"] == 16_384
    assert outcome.manifest.integrity["sandbox"]["learner.1"]["mode"] == "off"
    assert {rank["stopped_reason"] for rank in outcome.manifest.training["ranks"]} == {"wall_clock"}


@pytest.mark.long
def test_every_thread_of_a_rank_is_behind_the_filter_before_it_is_told_anything(tmp_path):
    job = make_job(
        tmp_path, {"architecture.py": TABLE_MODEL, "training.py": "def train(ctx): ...\n"}, world_size=2
    )
    children = ranks.start(job, threads=2)
    try:
        attested = [child.attestation() for child in children]
        for child, found in zip(children, attested, strict=True):
            tasks = list(Path(f"/proc/{child.process.pid}/task").glob("*/status"))
            assert len(tasks) > 1  # gloo's own
            assert all("\nSeccomp:\t2\n" in task.read_text() for task in tasks)
            assert all("\nNoNewPrivs:\t1\n" in task.read_text() for task in tasks)
            assert all(found["checks"].values())
            assert listening_sockets(child.process.pid) == []
    finally:
        for child in children:
            child.end()
    with socket.create_server(("127.0.0.1", 0)):
        assert listening_sockets(os.getpid()) != []


def listening_sockets(pid: int) -> list[str]:
    """Inodes of the process's sockets that the kernel lists as listening (state 0A)."""
    held = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing's own descriptor
            held.add(str(path.readlink()))
    text = "".join(Path(f"/proc/{pid}/net/{table}").read_text() for table in ("tcp", "tcp6"))
    lines = [line.split() for line in text.splitlines()]
    return [fields[9] for fields in lines if fields[3] == "0A" and f"socket:[{fields[9]}]" in held]


@pytest.mark.long
def test_a_rank_that_meets_nobody_is_the_hosts_fault(tmp_path):
    job = make_job(tmp_path, {}, world_size=2)
    place = walls.learner_place(tmp_path / "out", 1)
    meeting = Meeting(rank=1, world_size=2, port=1, device="cpu", seconds=1.0)
    child = walls.start(job, place, tmp_path / "learner.1.log", 1, meeting)
    try:
        with pytest.raises(SandboxUnavailable, match="rank 1 did not meet the others"):
            child.attestation()
    finally:
        child.end()


@pytest.mark.parametrize("world_size", [0, 9, -1, "2", None])
def test_a_learner_has_one_to_eight_ranks(tmp_path, world_size):
    job = json.loads(make_job(tmp_path, {}).to_json()) | {"world_size": world_size}
    with pytest.raises(JobInvalid, match="1 to 8 ranks"):
        Job.from_json(json.dumps(job))


@pytest.mark.parametrize(
    ("opened", "passes"),
    [
        ("socket.socketpair()", True),
        ("os.eventfd(0), os.pipe(), select.epoll()", True),
        ("socket.create_server(('127.0.0.1', 0))", False),
        ("os.open('/etc/hostname', 0)", False),
    ],
)
def test_only_silent_descriptors_are_taken_behind_the_walls(opened, passes):
    script = (
        "import os, select, socket\n"
        "from evaluations.runner.sandbox import descriptors\n"
        f"kept = {opened}\n"
        "descriptors.check()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) is passes, done.stderr
    assert passes or "SandboxUnavailable" in done.stderr
