"""Byte classes, n-gram hashing and a bundled tokenizer's vocabulary."""

import bisect
import hashlib
import heapq
import json
import os
import unicodedata
from collections import Counter

import torch
from torch import nn

PRIMES = [1000003, 999983, 1000033, 999979]
HERE = os.path.dirname(os.path.abspath(__file__))


def classes(vocab):
    kinds = [unicodedata.category(chr(code)) for code in range(vocab)]
    order = sorted(set(kinds))
    return torch.tensor([bisect.bisect_left(order, kind) for kind in kinds]), len(order)


def merges():
    path = os.path.join(HERE, "tokenizer.json")
    if not os.path.isfile(path):
        return []
    with open(path, encoding="utf-8") as f:
        found = json.load(f)["model"].get("merges", [])
    counts = Counter(part for pair in found for part in pair)
    return heapq.nlargest(64, counts, key=counts.get)


class Hashed(nn.Module):
    def __init__(self, vocab, dim=64, buckets=4096, orders=(2, 3)):
        super().__init__()
        table, kinds = classes(min(vocab, 256))
        self.register_buffer("kinds", table)
        self.unigram, self.kind = nn.Embedding(vocab, dim), nn.Embedding(kinds, dim)
        self.grams = nn.ModuleList(nn.Embedding(buckets, dim) for _ in orders)
        self.orders, self.buckets = orders, buckets
        self.out = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, vocab))
        self.tag = hashlib.sha256(repr(merges()).encode()).hexdigest()[:8]

    def forward(self, tokens):
        x = self.unigram(tokens) + self.kind(self.kinds[tokens.clamp_max(len(self.kinds) - 1)])
        for order, table in zip(self.orders, self.grams, strict=True):
            key = tokens
            for back in range(1, order):
                key = key * PRIMES[back] + nn.functional.pad(tokens, (back, 0))[:, : tokens.shape[1]]
            x = x + table(key.remainder(self.buckets))
        return self.out(x)


def build_model(ctx):
    return Hashed(ctx.vocab_size)
