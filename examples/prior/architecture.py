"""A GRU that knows the commonest letter pairs of English beforehand.

With its table it is an example of what is held: an operator looks at more than 4 KiB of constants first.
"""

import torch
from torch import nn

LETTERS = b" etasornihldcmupfwbgykvx"
# How often one letter (row) is followed by another (column), on a logarithmic scale from 0 to 9.
PAIRS = [
    8, 6, 8, 8, 7, 7, 7, 7, 7, 6, 7, 6, 7, 7, 5, 6, 6, 7, 7, 5, 4, 5, 4, 2,
    8, 5, 6, 7, 7, 3, 8, 7, 5, 2, 6, 7, 6, 5, 3, 5, 5, 5, 3, 3, 4, 1, 6, 5,
    8, 7, 5, 6, 6, 6, 6, 2, 6, 8, 3, 2, 4, 1, 4, 3, 3, 4, 0, 1, 4, 3, 0, 3,
    7, 0, 7, 1, 6, 1, 7, 7, 6, 0, 7, 6, 6, 6, 5, 4, 3, 3, 5, 5, 5, 4, 4, 4,
    8, 7, 7, 5, 6, 6, 2, 2, 6, 5, 3, 1, 5, 5, 5, 4, 2, 3, 1, 1, 3, 3, 1, 0,
    6, 4, 6, 4, 6, 5, 7, 7, 4, 1, 6, 6, 6, 6, 6, 5, 6, 6, 4, 4, 0, 5, 5, 4,
    7, 8, 5, 6, 6, 6, 4, 5, 6, 1, 4, 5, 5, 5, 6, 2, 2, 2, 3, 4, 5, 4, 3, 0,
    7, 7, 6, 5, 6, 6, 2, 4, 5, 1, 4, 7, 5, 2, 5, 2, 4, 2, 1, 6, 4, 5, 4, 0,
    2, 6, 7, 4, 7, 6, 5, 7, 1, 0, 6, 5, 6, 6, 0, 4, 5, 0, 4, 5, 0, 3, 4, 3,
    6, 8, 4, 7, 2, 6, 4, 0, 6, 0, 2, 1, 0, 3, 4, 0, 1, 0, 1, 0, 3, 0, 0, 0,
    6, 7, 5, 6, 5, 6, 1, 0, 6, 1, 6, 5, 0, 4, 4, 2, 4, 1, 1, 1, 4, 2, 2, 0,
    7, 7, 0, 5, 5, 5, 4, 0, 6, 0, 4, 3, 1, 2, 4, 0, 0, 0, 4, 3, 4, 0, 2, 0,
    3, 6, 6, 6, 3, 7, 5, 0, 5, 6, 4, 0, 3, 1, 4, 4, 1, 1, 0, 1, 4, 5, 0, 0,
    5, 6, 0, 6, 3, 6, 2, 1, 6, 0, 2, 3, 0, 4, 4, 5, 1, 1, 5, 1, 0, 1, 0, 0,
    4, 5, 6, 4, 5, 3, 6, 6, 4, 0, 6, 4, 3, 5, 1, 4, 1, 0, 5, 3, 0, 0, 1, 1,
    4, 5, 4, 5, 4, 5, 6, 0, 4, 2, 5, 0, 2, 2, 5, 4, 2, 0, 3, 0, 5, 0, 0, 0,
    6, 5, 4, 5, 2, 6, 5, 0, 6, 0, 4, 1, 1, 0, 4, 0, 4, 1, 0, 0, 0, 0, 0, 0,
    5, 5, 2, 5, 4, 5, 4, 4, 6, 6, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    4, 6, 3, 4, 4, 5, 4, 0, 4, 0, 4, 2, 1, 5, 5, 3, 3, 0, 0, 0, 5, 0, 0, 0,
    5, 6, 3, 4, 3, 4, 4, 4, 4, 4, 3, 0, 1, 0, 4, 5, 1, 0, 2, 2, 0, 0, 1, 0,
    6, 3, 5, 2, 4, 4, 1, 2, 0, 0, 1, 1, 0, 1, 0, 3, 1, 2, 2, 0, 0, 0, 0, 0,
    5, 6, 0, 1, 5, 0, 1, 3, 3, 0, 1, 1, 0, 1, 0, 3, 0, 1, 1, 0, 0, 0, 0, 0,
    1, 6, 0, 5, 1, 2, 0, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0,
    3, 3, 5, 3, 1, 0, 0, 0, 2, 1, 0, 1, 2, 0, 1, 2, 0, 0, 0, 0, 3, 0, 1, 1,
]  # fmt: skip


class Recurrent(nn.Module):
    def __init__(self, vocabulary, width=192):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.rnn = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, vocabulary)
        self.register_buffer("prior", pair_table(vocabulary))

    def forward(self, tokens):
        hidden, _ = self.rnn(self.embed(tokens))
        return self.head(hidden) + self.prior[tokens]


def pair_table(vocabulary):
    """Levels as logits, for every pair of byte values."""
    count = len(LETTERS)
    where = torch.tensor(list(LETTERS))
    levels = torch.tensor(PAIRS, dtype=torch.float32).view(count, count)
    table = torch.zeros(vocabulary, vocabulary)
    table[where[:, None], where[None, :]] = 0.3 * levels
    return table


def build_model(ctx):
    return Recurrent(ctx.vocab_size)
