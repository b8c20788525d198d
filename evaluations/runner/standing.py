"""Where a run stands between two chunks, as JSON: written into a checkpoint, and taken up from one.

What can be derived again is not kept: random states come from the run's secret and a chunk's number, the text
and its tokens from the stream. Floating-point numbers survive JSON exactly.
"""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluations.runner.auditor import Auditor
from evaluations.runner.ledger import Ledger, Line
from evaluations.runner.stream import Chunk
from evaluations.runner.windows import Tokens
from evaluations.runner.wire import Message

if TYPE_CHECKING:
    from evaluations.runner.referee import Referee

TAIL_TOKENS = 1 << 22  # of the revealed text that a learner is shown again; a row of batches may need them


def facts_of(referee: "Referee") -> dict[str, Any]:
    """Everything of a run before its next chunk is scored that the secret and the text do not give again."""
    assert referee.model is not None
    return {
        "model_sha256": referee.model["manifest_sha256"],
        "learner_seconds": referee.learner.seconds(),
        "asked": [peer.asked for peer in referee.learner.peers],
        "scoring_seconds": time.monotonic() - referee.scorer.began,
        "forward_seconds": referee.scorer.forward_seconds,
        "lines": [asdict(line) for line in referee.ledger.lines],
        "variance": referee.ledger.variance,
        "audit": _audit(referee.auditor),
        "looks": {"due": referee.examination.due, "entries": referee.examination.entries},
    }


def take_up(referee: "Referee", index: int, facts: dict[str, Any]) -> None:
    """Put a referee whose children have just been introduced where a run stood before chunk `index`."""
    scorer = referee.scorer
    scorer.began = time.monotonic() - facts["scoring_seconds"]
    scorer.forward_seconds = facts["forward_seconds"]
    scorer.scored = referee.commits = index
    _take_up_ledger(referee.ledger, facts)
    _take_up_audit(referee.auditor, facts["audit"])
    referee.examination.due = list(facts["looks"]["due"])
    referee.examination.entries[:] = facts["looks"]["entries"]
    for peer, asked in zip(referee.learner.peers, facts["asked"], strict=True):
        peer.asked = asked
    last = referee.chunks[index - 1]
    tokens = referee.encoding.tokens(last)
    referee.revealed = (last.end, tokens)
    referee.auditor.donor = tokens
    scorer.overlap = tail(referee, index, most=1)


def told(referee: "Referee", index: int) -> Message:
    """What a learner that goes on is told of the text: how much was revealed, and the last of it."""
    last = referee.ledger.lines[-1]
    header = {"index": index, "stream_bytes": last.stream_bytes, "revealed_tokens": last.tokens}
    return Message(header, tail(referee, index).tobytes())


def tail(referee: "Referee", index: int, most: int = TAIL_TOKENS) -> Tokens:
    """(n,) the last tokens revealed before chunk `index`: all of them, or at most `most`."""
    pieces: list[Tokens] = []
    count = 0
    for chunk in reversed(referee.chunks[:index]):
        if count >= most:
            break
        pieces.append(_tokens(referee, chunk))
        count += len(pieces[-1])
    line = np.concatenate(pieces[::-1])
    return line[max(0, len(line) - most) :]


def _tokens(referee: "Referee", chunk: Chunk) -> Tokens:
    if referee.revealed is not None and referee.revealed[0] == chunk.end:
        return referee.revealed[1]
    return referee.encoding.tokens(chunk)


def _take_up_ledger(ledger: Ledger, facts: dict[str, Any]) -> None:
    ledger.lines[:] = [Line(**line) for line in facts["lines"]]
    ledger.variance = facts["variance"]


def _audit(auditor: Auditor) -> dict[str, Any]:
    found = auditor.findings
    return {
        "position": auditor.sampler.position,
        "next_is_blind": auditor.next_is_blind,
        "claimed_bits": auditor.claimed_bits,
        "claimed_positions": auditor.claimed_positions,
        "windows": found.windows,
        "positions": found.positions,
        "max_difference": found.max_difference,
        "boundaries": found.boundaries,
        "lifts": found.lifts,
    }


def _take_up_audit(auditor: Auditor, facts: dict[str, Any]) -> None:
    """Violations are none: a run with one has ended."""
    found = auditor.findings
    auditor.sampler.position = facts["position"]
    auditor.next_is_blind = facts["next_is_blind"]
    auditor.claimed_bits = facts["claimed_bits"]
    auditor.claimed_positions = facts["claimed_positions"]
    found.windows, found.positions = facts["windows"], facts["positions"]
    found.max_difference = facts["max_difference"]
    found.boundaries[:] = [(weight, bits) for weight, bits in facts["boundaries"]]
    found.lifts[:] = facts["lifts"]
