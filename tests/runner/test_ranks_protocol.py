"""What ranks may say and when they are answered, attacked from the rank's side of the wire."""

import socket
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import torch

from evaluations.runner.batches import rows, rows_of_rank
from evaluations.runner.context import PrismBatch, PrismChunk
from evaluations.runner.ranks import Ranks
from evaluations.runner.slot import Slot
from evaluations.runner.stopped import Stopped
from evaluations.runner.wire import Channel, readable

CAP = 1 << 20


@dataclass
class Process:
    """A rank without a process: the test speaks for it at `theirs`."""

    role: str = "learner"
    breach: tuple[str, str] | None = None
    status: int | None = None
    channel: Channel = field(init=False)
    theirs: Channel = field(init=False)
    slot: Slot = field(init=False)

    def __post_init__(self) -> None:
        self.channel, self.theirs = (Channel(end, body_cap=CAP) for end in socket.socketpair())
        self.slot = Slot(self.role)

    def end(self) -> int:
        return 0

    def exit_status(self, seconds: float) -> int | None:
        return self.status

    def hears(self) -> bool:
        return bool(readable([self.theirs], time.monotonic()))


@pytest.fixture
def processes():
    made = [Process(), Process(), Process()]
    yield made
    for process in made:
        process.channel.close()
        process.theirs.close()
        process.slot.close()


@pytest.fixture
def ranks(processes):
    return Ranks(processes, wall_seconds=60.0)


def hear(ranks: Ranks) -> bool:
    return ranks.hear(readable(ranks.channels, time.monotonic()))


def test_a_rank_that_asks_early_is_told_nothing_before_the_commit(ranks, processes):
    first, second, third = processes
    second.theirs.send({"type": "ask"})
    third.theirs.send({"type": "ask"})
    assert not hear(ranks)
    assert not second.hears()
    assert not third.hears()
    first.theirs.send({"type": "commit"})
    assert hear(ranks)
    ranks.reveal({"index": 0}, b"text")
    assert [process.theirs.receive().body for process in processes] == [b"text"] * 3


def test_a_commit_alone_reveals_nothing_while_a_rank_has_not_asked(ranks, processes):
    processes[0].theirs.send({"type": "commit"})
    processes[1].theirs.send({"type": "ask"})
    assert not hear(ranks)
    assert not any(process.hears() for process in processes)


def test_each_chunk_needs_a_commit_of_its_own(ranks, processes):
    for process, verb in zip(processes, ("commit", "ask", "ask"), strict=True):
        process.theirs.send({"type": verb})
    assert hear(ranks)
    ranks.reveal({"index": 0}, b"")
    for process in processes[1:]:
        process.theirs.send({"type": "ask"})
    assert not hear(ranks)


@pytest.mark.parametrize("verb", ["commit", "chunk", "loaded", ""])
def test_only_the_first_rank_commits(ranks, processes, verb):
    processes[2].theirs.send({"type": verb})
    with pytest.raises(Stopped, match="rank 2: the learner spoke out of turn") as stopped:
        hear(ranks)
    assert stopped.value.code == "learner_error"


def test_a_rank_that_asks_twice_for_one_chunk_speaks_out_of_turn(ranks, processes):
    processes[1].theirs.send({"type": "ask"})
    hear(ranks)
    processes[1].theirs.send({"type": "ask"})
    with pytest.raises(Stopped, match="rank 1: the learner spoke out of turn"):
        hear(ranks)


def test_a_rank_that_dies_while_it_waits_is_noticed(ranks, processes):
    processes[1].theirs.send({"type": "ask"})
    hear(ranks)
    processes[1].status = -9
    processes[1].theirs.close()
    with pytest.raises(Stopped, match="rank 1: the learner ended by signal 9") as stopped:
        hear(ranks)
    assert stopped.value.code == "learner_died"


def test_a_rank_over_its_memory_is_named_before_those_that_lost_it(ranks, processes):
    message = "RuntimeError: [../gloo/transport/tcp/pair.cc:534] Connection closed by peer"
    processes[0].theirs.send({"type": "error", "code": "", "message": message, "traceback": ""})
    processes[2].breach = ("out_of_memory", "too much")
    processes[2].theirs.close()
    with pytest.raises(Stopped, match="rank 2: too much") as stopped:
        hear(ranks)
    assert stopped.value.code == "out_of_memory"


def test_a_lost_connection_is_the_failure_where_no_other_shows(ranks, processes):
    message = "Connection closed by peer"
    for process in processes:
        process.theirs.send({"type": "error", "code": "", "message": message, "traceback": ""})
    with pytest.raises(Stopped, match="rank 0: Connection closed by peer"):
        hear(ranks)


def test_a_rank_that_returned_early_is_not_waited_for(ranks, processes):
    processes[2].theirs.send({"type": "done"})
    processes[1].theirs.send({"type": "ask"})
    assert not hear(ranks)
    processes[0].theirs.send({"type": "commit"})
    assert hear(ranks)
    ranks.reveal({"index": 0}, b"")
    assert not processes[2].hears()


def test_the_first_rank_ends_the_training(ranks, processes):
    processes[0].theirs.send({"type": "done", "style": "loop", "hooks": {}})
    assert not hear(ranks)
    assert ranks.over == "returned"
    section = ranks.training_section(3)
    assert (section["style"], section["commits"], section["stopped_reason"]) == ("loop", 3, "returned")
    assert [rank["stopped_reason"] for rank in section["ranks"]] == ["returned", None, None]


def test_a_rank_alone_is_not_numbered():
    process = Process()
    process.theirs.send({"type": "ask"})
    with pytest.raises(Stopped, match=r"^the learner spoke out of turn"):
        hear(Ranks([process], wall_seconds=60.0))


def batch_of(count: int) -> PrismBatch:
    return PrismBatch(torch.arange(count)[:, None].expand(-1, 5), metadata={"stream_bytes": 1, "weight": 1.0})


@pytest.mark.parametrize("world_size", [1, 2, 3, 8])
@pytest.mark.parametrize("count", [8, 9, 16, 23])
def test_ranks_share_out_the_rows_of_a_batch(count, world_size):
    shares = [rows_of_rank(batch_of(count), rank, world_size).tokens[:, 0] for rank in range(world_size)]
    assert sorted(torch.cat(shares).tolist()) == list(range(count))
    assert all((share % world_size == rank).all() for rank, share in enumerate(shares))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8])
def test_weighted_means_over_ranks_are_the_mean_over_the_batch(count):
    losses = torch.rand(count, dtype=torch.float64)
    batch = PrismBatch(losses[:, None], metadata={"stream_bytes": 1, "weight": 1.0})
    parts = [rows_of_rank(batch, rank, 4) for rank in range(4)]
    mean = sum(part.tokens.mean() * part.metadata["weight"] for part in parts) / 4
    assert float(mean) == pytest.approx(float(losses.mean()))


def test_every_rank_takes_the_same_number_of_batches():
    chunks = [PrismChunk(torch.arange(100), 0, 100, 100), PrismChunk(torch.arange(37), 1, 37, 137)]
    door = SimpleNamespace(chunks=chunks)
    batches = list(rows(iter(door.chunks), 4, 8))
    for batch in batches:
        assert all(len(rows_of_rank(batch, rank, 3).tokens) > 0 for rank in range(3))
