"""Benchmark packs as the referee reads them: items with gold answers, of which a secret sample is asked."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluations.runner.job import Job, PackSpec
from evaluations.runner.windows import secret_rng


class PackChanged(Exception):
    """The items are not those that the job names; the host's fault, never the miner's."""

    code = "benchmark_pack_changed"


@dataclass(frozen=True)
class Item:
    """A prompt and what may follow it; `answers[gold]` is right, the only one without choices."""

    prompt: bytes
    answers: tuple[bytes, ...]
    gold: int


@dataclass(frozen=True)
class Pack:
    """The items of a pack that a run asks about; `left_out` have an answer that no window holds."""

    spec: PackSpec
    items: tuple[Item, ...]
    left_out: int

    @property
    def bytes(self) -> int:
        """Of the gold answers."""
        return sum(len(item.answers[item.gold]) for item in self.items)


def read_all(job: Job) -> list[Pack]:
    """The packs of a job; raises `PackChanged`."""
    secret = bytes.fromhex(job.run_secret)
    return [read(spec, window_tokens=job.schedule.sequence_length, secret=secret) for spec in job.packs]


def read(spec: PackSpec, *, window_tokens: int, secret: bytes) -> Pack:
    """The sample of a pack that every run on the same text is asked about; raises `PackChanged`.

    An item takes part if every answer has fewer bytes than a window has tokens, whoever encodes it.
    """
    text = Path(spec.path).read_bytes()
    if hashlib.sha256(text).hexdigest() != spec.sha256:
        raise PackChanged(f"the items of {spec.name} are not those that the job names")
    every = [_item(json.loads(line)) for line in text.splitlines()]
    fitting = [item for item in every if max(map(len, item.answers)) < window_tokens]
    rng = secret_rng(secret, f"items of {spec.name}")
    drawn = np.sort(rng.permutation(len(fitting))[: spec.items])
    return Pack(spec, tuple(fitting[place] for place in drawn), len(every) - len(fitting))


def _item(found: dict[str, Any]) -> Item:
    answers = tuple(answer.encode() for answer in found["answers"])
    return Item(found["prompt"].encode(), answers, found["gold"])
