"""Predictors that begin anew: strangers to each other and to the run's, behind the same walls."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluations.runner import stored_weights, walls
from evaluations.runner.admission import admit
from evaluations.runner.encoding import Encoding
from evaluations.runner.job import Job
from evaluations.runner.orders import for_predictor, order_of
from evaluations.runner.outputs import WEIGHTS_NAME
from evaluations.runner.peers import PredictorPeer
from evaluations.runner.processes import end_descendants
from evaluations.runner.sandbox.watch import Watch
from evaluations.runner.slot import Layout
from evaluations.runner.stream import Chunk


@contextmanager
def fresh_predictors(
    job: Job, encoding: Encoding, chunks: list[Chunk], names: tuple[str, ...]
) -> Iterator[list[tuple[PredictorPeer, Layout]]]:
    """One for each name, with their models built; gone afterwards."""
    output, threads = Path(job.output_folder), os.cpu_count() or 1
    order = order_of(job, encoding, chunks, threads) | {"graph": False}  # known by now
    children = [
        walls.start(job, walls.predictor_place(output), output / f"heldout-{name}.log", threads)
        for name in names
    ]
    watch = Watch([walls.watched(job, child) for child in children])
    try:
        peers = [PredictorPeer(child) for child in children]
        for peer in peers:
            peer.child.attestation()
            peer.order(for_predictor(order, peer.child.place.home))
        yield [(peer, admit(peer.description(), job.limits)[1]) for peer in peers]
        for peer in peers:
            peer.dismiss()
    finally:
        watch.stop()
        for child in children:
            child.end()
        end_descendants()
        walls.clear(job, children)


def load_final(job: Job, peer: PredictorPeer, layout: Layout, commits: int) -> None:
    """Let a predictor take over the weights that the job's run stored last."""
    if not commits:
        return  # nothing was ever committed: the model stays as it was built
    peer.open_slot(layout)
    stored_weights.restore(Path(job.output_folder) / WEIGHTS_NAME, layout, peer.child.slot)
    peer.load()
