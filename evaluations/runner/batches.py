"""Cutting revealed chunks into training rows."""

from collections.abc import Iterator

import torch
from torch import Tensor

from evaluations.runner.context import PrismBatch, PrismChunk, PrismResumption


class NotEnoughText(Exception):
    """A row of batches is longer than the text that a resumed run is shown again."""

    code = "stream_misused"


def rows(
    chunks: Iterator[PrismChunk], batch_size: int, seq_len: int, resumed: PrismResumption | None = None
) -> Iterator[PrismBatch]:
    """Batches of (batch_size, seq_len) rows, each sharing a token with the next; then what is left over.

    A chunk is asked for only when the rows at hand are used up: asking commits the weights.
    """
    if batch_size < 1 or seq_len < 2:
        raise ValueError("iter_train_batches needs batch_size >= 1 and seq_len >= 2")
    stride, needed = seq_len - 1, batch_size * (seq_len - 1) + 1
    buffer, revealed = torch.empty(0, dtype=torch.int64), 0
    if resumed:
        buffer, revealed = left_over(resumed, needed - 1), resumed.stream_bytes
    for chunk in chunks:
        buffer = torch.cat([buffer.to(chunk.tokens.device), chunk.tokens])
        revealed = chunk.stream_bytes
        while len(buffer) >= needed:
            yield _batch(buffer[:needed].unfold(0, seq_len, stride), revealed)
            buffer = buffer[needed - 1 :]
    full = (len(buffer) - 1) // stride
    if full > 0:
        yield _batch(buffer[: full * stride + 1].unfold(0, seq_len, stride), revealed)
        buffer = buffer[full * stride :]
    if len(buffer) > 1:
        yield _batch(buffer[None, :], revealed)


def left_over(resumed: PrismResumption, batch_tokens: int) -> Tensor:
    """(n,) the revealed tokens that no batch has begun with yet: what the rows stood at."""
    count = resumed.revealed_tokens - (resumed.revealed_tokens - 1) // batch_tokens * batch_tokens
    if count > len(resumed.tokens):
        raise NotEnoughText(f"{count:,} tokens are needed, {len(resumed.tokens):,} are shown again")
    return resumed.tokens[len(resumed.tokens) - count :]


def rows_of_rank(batch: PrismBatch, rank: int, world_size: int) -> PrismBatch:
    """One rank's rows of a batch: every `world_size`-th from `rank` on; all of them where there are too few.

    `metadata["weight"]` is the factor on this rank's mean loss that makes the mean over ranks the mean over
    the whole batch: 1 where the rows share out evenly.
    """
    rows = len(batch.tokens)
    if world_size == 1 or rows < world_size:
        return batch
    own = batch.tokens[rank::world_size].contiguous()
    weight = len(own) * world_size / rows
    return PrismBatch(own, metadata={**(batch.metadata or {}), "weight": weight})


def _batch(tokens_BxT: Tensor, revealed: int) -> PrismBatch:
    return PrismBatch(tokens_BxT.contiguous(), metadata={"stream_bytes": revealed, "weight": 1.0})
