"""The channel and the shared memory, from the hostile side."""

import json
import mmap
import socket
import struct
import time

import pytest

from evaluations.runner.slot import LayoutInvalid, Slot, lay_out
from evaluations.runner.wire import Channel, DeadlinePassed, PeerGone, WireError


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    channel = Channel(ours, body_cap=1 << 20)
    yield channel, theirs
    channel.close()
    theirs.close()


def soon() -> float:
    return time.monotonic() + 0.2


def test_a_message_crosses_whole(pair):
    channel, theirs = pair
    other = Channel(theirs, body_cap=1 << 20)
    other.send({"type": "commit", "n": 3}, b"\x00\x01")
    message = channel.receive(deadline=soon())
    assert (message.type, message.header["n"], message.body) == ("commit", 3, b"\x00\x01")


@pytest.mark.parametrize(
    "raw",
    [
        struct.pack(">IQ", 1 << 30, 0),
        struct.pack(">IQ", 2, 1 << 40) + b"{}",
        struct.pack(">IQ", 2, 0) + b"[]",
        struct.pack(">IQ", 3, 0) + b"{,}",
        struct.pack(">IQ", 60_000, 0) + b"[" * 60_000,
    ],
)
def test_nonsense_is_refused(pair, raw):
    channel, theirs = pair
    theirs.sendall(raw)
    with pytest.raises(WireError):
        channel.receive(deadline=soon())


def test_half_a_message_runs_into_the_deadline(pair):
    channel, theirs = pair
    theirs.sendall(struct.pack(">IQ", 100, 0) + b'{"type"')
    with pytest.raises(DeadlinePassed):
        channel.receive(deadline=soon())


def test_a_peer_that_does_not_read_runs_into_the_deadline(pair):
    channel, _ = pair
    with pytest.raises(DeadlinePassed):
        channel.send({"type": "chunk"}, bytes(64 << 20), deadline=soon())


def test_a_closed_end_is_noticed(pair):
    channel, theirs = pair
    theirs.close()
    with pytest.raises(PeerGone):
        channel.receive(deadline=soon())


@pytest.fixture
def slot():
    made = Slot("test")
    yield made
    made.close()


def test_a_reading_child_can_never_map_its_slot_for_writing(slot):
    slot.open(4096, child_may_write=False)
    with pytest.raises(PermissionError):
        mmap.mmap(slot.fd, 4096)
    assert mmap.mmap(slot.fd, 4096, access=mmap.ACCESS_READ)[:1] == b"\x00"


def test_no_child_can_resize_a_slot_under_the_referee(slot):
    slot.open(4096, child_may_write=True)
    for size in (0, 8192):
        with pytest.raises(PermissionError):
            __import__("os").ftruncate(slot.fd, size)


@pytest.mark.parametrize(
    "described",
    [
        None,
        {},
        [["w", [2], "float32"], ["w", [2], "float32"]],
        [["w", [-1], "float32"]],
        [["w", [2.0], "float32"]],
        [["w", [True], "float32"]],
        [["w", [2], "quint8"]],
        [["w", "2", "float32"]],
        [[1, [2], "float32"]],
        [["w", [2]]],
    ],
)
def test_manifests_that_describe_no_tensors_are_refused(described):
    with pytest.raises(LayoutInvalid):
        lay_out(described)


def test_tensors_do_not_overlap_and_survive_the_wire():
    described = [["a", [3, 5], "float32"], ["b", [], "int64"], ["c", [0], "bfloat16"], ["d", [7], "bool"]]
    layout = lay_out(json.loads(json.dumps(described)))
    ends = [entry.offset + entry.bytes for entry in layout.entries]
    starts = [entry.offset for entry in layout.entries]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    assert ends[-1] <= layout.size
    assert layout.described() == described
