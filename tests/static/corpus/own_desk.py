"""A registry of models, a profiler around the loop, and a command line for one's own desk."""

import argparse
import contextlib
import datetime
import pprint
import typing as t

import torch
from prism_challenge.evaluator.interface import PrismContext, TrainingRecipe
from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function

REGISTRY: t.Dict[str, t.Type[nn.Module]] = {}  # noqa: UP006


def register(name: str):
    def wrap(kind):
        REGISTRY[name] = kind
        return kind

    return wrap


@register("bow")
class BagOfWords(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.bag = nn.Embedding(vocab, 64)
        self.head = nn.Linear(64, vocab)

    def forward(self, tokens):
        x = self.bag(tokens).cumsum(1) / torch.arange(1, tokens.shape[1] + 1)[:, None]
        return self.head(x.tanh())


def build_model(ctx: PrismContext) -> nn.Module:
    return REGISTRY["bow"](ctx.vocab_size)


def get_recipe(ctx: PrismContext) -> TrainingRecipe:
    return TrainingRecipe(learning_rate=1e-3, batch_size=16)


def train_step(model, batch, optimizer, ctx):
    watch = profile(activities=[ProfilerActivity.CPU]) if ctx.rank == 0 else contextlib.nullcontext()
    with watch, record_function("step"):
        loss = nn.functional.cross_entropy(model(batch.tokens[:, :-1]).mT, batch.tokens[:, 1:])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return loss


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="bow", choices=sorted(REGISTRY))
    parser.add_argument("--lr", type=float, default=1e-3)
    return parser.parse_args()


if __name__ == "__main__":
    options = parse()
    pprint.pprint(vars(options))
    print(datetime.datetime.now(tz=datetime.UTC).isoformat(), REGISTRY[options.model](256))
