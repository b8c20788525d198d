"""The learner as the referee plays with it: one process, or several ranks that train one model together.

The first rank commits. A chunk is revealed to all ranks at once, when the commit has been taken out of their
reach and every rank has asked for it: ranks talk to each other, so what one of them knows, all may know.
"""

import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evaluations.runner import walls
from evaluations.runner.constants import STARTUP_SECONDS, learner_log
from evaluations.runner.job import Job
from evaluations.runner.meeting import HOST, Meeting
from evaluations.runner.orders import for_rank, threads_of_rank
from evaluations.runner.peers import LearnerPeer, hook_report, memory_report
from evaluations.runner.processes import Child
from evaluations.runner.slot import Layout, Slot
from evaluations.runner.stopped import Stopped
from evaluations.runner.wire import Channel, Message, readable

CAUSE_SECONDS = 2.0  # in which the rank that failed first has its say, after another felt it
# How a rank words that another one is gone.
FELT_BY_OTHERS = re.compile(r"gloo|nccl|Connection (reset|closed)|Broken pipe", re.IGNORECASE)


def start(job: Job, threads: int) -> list[Child]:
    """Start every rank of a job's learner; the threads are shared out between them."""
    output, ranks = Path(job.output_folder), range(job.world_size)
    if job.world_size == 1:
        return [walls.start(job, walls.learner_place(output), output / learner_log(0), threads)]
    share = threads_of_rank(threads, job.world_size)
    with socket.create_server((HOST, 0), backlog=job.world_size) as listener:
        meetings = [_meeting(job, rank, listener) for rank in ranks]
        return [
            walls.start(
                job, walls.learner_place(output, rank), output / learner_log(rank), share, meetings[rank]
            )
            for rank in ranks
        ]


def _meeting(job: Job, rank: int, listener: socket.socket) -> Meeting:
    return Meeting(
        rank=rank,
        world_size=job.world_size,
        port=listener.getsockname()[1],
        device=job.device,
        seconds=job.limits.wall_seconds + STARTUP_SECONDS,
        listener=listener.fileno() if rank == 0 else None,
    )


class Ranks:
    """All ranks of one learner. It is over when its first rank is."""

    def __init__(self, children: list[Child], wall_seconds: float) -> None:
        self.peers = [LearnerPeer(child, rank) for rank, child in enumerate(children)]
        self.wall_seconds = wall_seconds
        self.began = self.heard = time.monotonic()

    @property
    def over(self) -> str | None:
        """Why training is over: returned or wall_clock."""
        return self.peers[0].over

    @property
    def deadline(self) -> float:
        """When the wall clock ends it."""
        return self.peers[0].deadline

    @property
    def slot(self) -> Slot:
        """Where the commits lie."""
        return self.peers[0].child.slot

    @property
    def saved(self) -> bool:
        """Whether the first rank says that what it keeps brings it back to its last commit."""
        return self.peers[0].saved

    @property
    def channels(self) -> list[Channel]:
        """Who may have something to say: also a rank that waits, since it may die of it."""
        return [peer.child.channel for peer in self._alive()]

    def attestations(self) -> dict[str, dict[str, Any]]:
        """What each rank says of its walls: `learner`, `learner.1`, …"""
        names = [f"learner.{peer.rank}" if peer.rank else "learner" for peer in self.peers]
        return {name: peer.child.attestation() for name, peer in zip(names, self.peers, strict=True)}

    def order(self, order: dict[str, Any]) -> None:
        """Send everything that importing the files takes."""
        world_size = len(self.peers)
        self._each(
            lambda peer: peer.order(for_rank(order, peer.rank, world_size) if world_size > 1 else order)
        )

    def prepare(self, layout: Layout) -> None:
        """Wait until every rank has imported the files, and open the slots."""
        self._each(LearnerPeer.ready)
        self._each(lambda peer: peer.open_slot(layout))

    def start(self, layout: Layout) -> None:
        """Start the clock for all."""
        self.began = time.monotonic()
        self._each(lambda peer: peer.start(layout, self.began + self.wall_seconds))

    def start_again(self, layout: Layout, again: Message, seconds: float) -> None:
        """Let all go on from where a run stood; they have so long to commit the weights of then."""
        self.began = time.monotonic()
        self._each(lambda peer: peer.start(layout, self.began + seconds, again))

    def seconds(self) -> float:
        """How long it had trained when it asked last."""
        return self.heard - self.began

    def set_clock(self, seconds: float) -> None:
        """It had trained so long when it asked last."""
        self.began = self.heard - seconds
        for peer in self.peers:
            peer.deadline = self.began + self.wall_seconds

    def hear(self, ready: list[Channel]) -> bool:
        """Take what ranks have said; True when a commit is there and every rank waits for text."""
        self._each(LearnerPeer.hear, among=[peer for peer in self._alive() if peer.child.channel in ready])
        self.heard = time.monotonic()
        waiting = [peer for peer in self.peers if peer.over is None]
        return self.over is None and all(peer.asks for peer in waiting)

    def reveal(self, header: dict[str, Any], tokens: bytes) -> None:
        """Give every rank the next chunk."""
        self._each(lambda peer: peer.reveal(header, tokens))

    def end_stream(self) -> None:
        """Tell every rank that the byte budget is spent."""
        self._each(LearnerPeer.end_stream)

    def stood_still(self, seconds: float) -> None:
        """The clock does not run while others have their turn."""
        self.began += seconds
        for peer in self.peers:
            peer.deadline += seconds

    def stop(self, why: str) -> None:
        """End every rank now; the last commit stands."""
        for peer in self.peers:
            peer.stop(why)

    def end(self) -> None:
        """Training is over: nothing of it lives on."""
        for peer in self.peers:
            peer.child.end()

    def memory(self) -> dict[str, dict[str, int]]:
        """What each rank had at most, by its own account; empty for one that said nothing."""
        said = [memory_report(peer.report.get("memory")) for peer in self.peers]
        return {f"learner.{rank}" if rank else "learner": account for rank, account in enumerate(said)}

    def training_section(self, commits: int) -> dict[str, Any]:
        """The manifest's `training`: the first rank's account, and how far each rank came."""
        report = self.peers[0].report
        style = report.get("style")
        return {
            "style": style if style in ("loop", "hooks", "reference") else None,
            "hooks": hook_report(report.get("hooks")),
            "learner_seconds": round(time.monotonic() - self.began, 3),
            "commits": commits,
            "stopped_reason": self.over,
            "ranks": [
                {"rank": peer.rank, "asked": peer.asked, "stopped_reason": peer.over} for peer in self.peers
            ],
        }

    def _alive(self) -> list[LearnerPeer]:
        return [peer for peer in self.peers if peer.over is None]

    def _each(self, verb: Callable[[LearnerPeer], None], among: list[LearnerPeer] | None = None) -> None:
        """Do the same with every rank that is not done; raise the failure that began it all."""
        felt: tuple[LearnerPeer, Stopped] | None = None
        for peer in self._alive() if among is None else among:
            try:
                verb(peer)
            except Stopped as fault:
                if not self._was_felt(fault):
                    raise self._named(peer, fault) from fault
                felt = felt or (peer, fault)
        if felt is not None:
            raise self._cause(*felt)

    def _cause(self, first: LearnerPeer, fault: Stopped) -> Stopped:
        """Who lost a connection is not to blame: the failure of another rank, if one shows in time."""
        others = [peer for peer in self._alive() if peer is not first]
        deadline = time.monotonic() + CAUSE_SECONDS
        while others and (ready := readable([peer.child.channel for peer in others], deadline)):
            for peer in [peer for peer in others if peer.child.channel in ready]:
                try:
                    peer.hear()
                except Stopped as other:
                    others.remove(peer)
                    if not self._was_felt(other):
                        return self._named(peer, other)
        return self._named(first, fault)

    def _was_felt(self, fault: Stopped) -> bool:
        return len(self.peers) > 1 and FELT_BY_OTHERS.search(fault.reason) is not None

    def _named(self, peer: LearnerPeer, fault: Stopped) -> Stopped:
        if len(self.peers) == 1:
            return fault
        return Stopped(fault.verdict, fault.code, f"rank {peer.rank}: {fault.reason}", fault.traceback)
