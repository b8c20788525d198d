"""A GRU over bytes."""

from torch import nn


class Recurrent(nn.Module):
    def __init__(self, vocabulary, width=256, layers=1):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.rnn = nn.GRU(width, width, num_layers=layers, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, tokens):
        hidden, _ = self.rnn(self.embed(tokens))
        return self.head(self.norm(hidden))


def build_model(ctx):
    return Recurrent(ctx.vocab_size)
