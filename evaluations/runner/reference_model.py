"""The referee's own cheap model of the stream: where a claim beats it by most, a leak must show.

Adaptive counts over hashed contexts of up to six tokens, each order backing off to the one below with the
weight of `BACKOFF` pseudo-counts (after Cleary and Witten 1984). It only says where to look; no score is made
of it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from evaluations.runner.windows import Tokens

ORDERS = (0, 1, 2, 3, 4, 6)
TABLE_BITS = 20
BACKOFF = 2.0
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: Fibonacci hashing


class ReferenceModel:
    """Counts of everything that has been revealed so far."""

    def __init__(self, vocab_size: int) -> None:
        self.vocab_size = vocab_size
        self.pairs = np.zeros((len(ORDERS), 1 << TABLE_BITS), dtype=np.uint32)
        self.contexts = np.zeros((len(ORDERS), 1 << TABLE_BITS), dtype=np.uint32)

    def learn(self, tokens: Tokens) -> None:
        """Count a revealed chunk, (n,)."""
        for table, order in enumerate(ORDERS):
            contexts, pairs = _keys(tokens[None, :], order)
            np.add.at(self.contexts[table], contexts[0], 1)
            np.add.at(self.pairs[table], pairs[0], 1)

    def keep(self, file: Any) -> None:
        """Write the counts that are not zero: four arrays, places and counts of pairs and of contexts."""
        for table in (self.pairs, self.contexts):
            places = np.flatnonzero(table).astype(np.uint32)
            np.save(file, places, allow_pickle=False)
            np.save(file, table.ravel()[places], allow_pickle=False)

    def take_up(self, file: Any) -> None:
        """Read what `keep` wrote, into a model that has counted nothing yet."""
        for table in (self.pairs, self.contexts):
            places = np.load(file, allow_pickle=False)
            table.ravel()[places] = np.load(file, allow_pickle=False)

    def bits(self, windows_BxT: Tokens) -> npt.NDArray[np.float64]:
        """(B, T-1): bits of each token but a window's first, given those before it in the window."""
        p = np.full((windows_BxT.shape[0], windows_BxT.shape[1] - 1), 1.0 / self.vocab_size)
        for table, order in enumerate(ORDERS):
            contexts, pairs = (keys[:, 1:] for keys in _keys(windows_BxT, order))
            seen = self.pairs[table][pairs].astype(np.float64)
            p = (seen + BACKOFF * p) / (self.contexts[table][contexts] + BACKOFF)
        return np.asarray(-np.log2(np.minimum(p, 1.0)))


def _keys(windows_BxT: Tokens, order: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Table places of the context of `order` tokens before each position, and of context and token."""
    tokens = windows_BxT.astype(np.uint64) + np.uint64(1)
    context = np.full_like(tokens, order)
    for back in range(1, order + 1):
        shifted = np.zeros_like(tokens)
        shifted[:, back:] = tokens[:, :-back]
        context = (context ^ shifted) * MULTIPLIER
    return _place(context), _place((context ^ tokens) * MULTIPLIER + tokens)


def _place(hashed: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return (hashed * MULTIPLIER) >> np.uint64(64 - TABLE_BITS)
