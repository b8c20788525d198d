"""The code length so far, chunk by chunk."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluations.runner.codelength import bits_per_byte, first_token_bits, is_probability, token_bits
from evaluations.runner.stream import Chunk
from evaluations.runner.windows import ScoringPlan, estimate


@dataclass(frozen=True)
class Line:
    """One point of the curve; totals are cumulative."""

    index: int
    stream_bytes: int
    bits: float
    chunk_bytes: int
    chunk_bits: float
    tokens: int
    seconds: float
    nonfinite: int  # scored positions of this chunk that were charged as p = 0

    def as_progress(self) -> dict[str, Any]:
        """The JSON line of this chunk."""
        return {"type": "chunk", **asdict(self), "bpb": bits_per_byte(self.bits, self.stream_bytes)}


@dataclass
class Ledger:
    """Adds up what scoring found; the only place where a run's score comes from."""

    vocab_size: int
    lines: list[Line] = field(default_factory=list)
    variance: float = 0.0  # of the total bits, from sampling windows

    def add(
        self, chunk: Chunk, tokens: int, plan: ScoringPlan, logp: npt.NDArray[np.float32], seconds: float
    ) -> Line:
        """Enter the answer for one chunk: `logp` holds plan.positions values in plan order."""
        found = estimate(plan, token_bits(logp, self.vocab_size))
        bits = found.bits + (first_token_bits(self.vocab_size) if chunk.index == 0 else 0.0)
        last = self.lines[-1] if self.lines else None
        line = Line(
            index=chunk.index,
            stream_bytes=chunk.end,
            bits=bits + (last.bits if last else 0.0),
            chunk_bytes=len(chunk.text),
            chunk_bits=bits,
            tokens=tokens + (last.tokens if last else 0),
            seconds=round(seconds, 3),
            nonfinite=int((~is_probability(logp)).sum()),
        )
        self.variance += found.variance
        self.lines.append(line)
        return line

    def score(self, score_fraction: float) -> dict[str, Any]:
        """The manifest's `score` section; the final score is made of it by scoring."""
        first, last = self.lines[0], self.lines[-1]
        return {
            "bpb": bits_per_byte(last.bits, last.stream_bytes),
            "bpb_se": math.sqrt(self.variance) / last.stream_bytes,
            "bits": last.bits,
            "bytes": last.stream_bytes,
            "final_score": None,
            "multiplier": 1.0,
            "step0_bpb": bits_per_byte(first.bits, first.stream_bytes),
            "score_fraction": score_fraction,
            "tokens": last.tokens,
            "nonfinite": sum(line.nonfinite for line in self.lines),
        }

    def curve(self) -> dict[str, list[float]]:
        """Cumulative bytes and bits at each chunk's end, and bits per byte of the chunk itself."""
        return {
            "bytes": [line.stream_bytes for line in self.lines],
            "bits": [line.bits for line in self.lines],
            "bpb": [bits_per_byte(line.chunk_bits, line.chunk_bytes) for line in self.lines],
        }
