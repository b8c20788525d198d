"""Miners who send bundles over the real API, signed, and ask again until they have a receipt."""

import hashlib
import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from clients.prism_submit import Bundle, Key, packed
from tests.evaluations.world import TRAINING

MINERS = 4
ARCHITECTURE = """
import torch
from torch import nn


class Reader{number}(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.table = nn.Embedding(vocab_size, {width})
        self.layers = nn.ModuleList(nn.Linear({width}, {width}) for _ in range({layers}))
        self.head = nn.Linear({width}, vocab_size)

    def forward(self, tokens):
        hidden = self.table(tokens)
        for layer in self.layers:
            hidden = hidden + torch.{activation}(layer(hidden))
        return self.head(hidden)


def build_model(ctx):
    return Reader{number}(ctx.vocab_size)
"""
ACTIVATIONS = ("tanh", "sigmoid", "relu", "sin")


@dataclass
class Upload:
    """One signed message, the same bytes each time it is sent."""

    bundle: Bundle
    headers: dict[str, str]
    receipts: list[str] = field(default_factory=list)  # ids, one for every answer that was heard
    unheard: int = 0
    refusals: list[int] = field(default_factory=list)  # statuses that say neither yes nor later


def make_upload(number: int) -> Upload:
    """The bundle of one miner: its architecture, a learning rate of its own."""
    miner = number % MINERS
    key = _key(miner)
    architecture = ARCHITECTURE.format(
        number=miner, width=16 + 8 * miner, layers=1 + miner, activation=ACTIVATIONS[miner]
    )
    training = TRAINING.replace("lr=0.05", f"lr={0.02 + 0.003 * number:.3f}")
    bundle = packed({"architecture.py": architecture.encode(), "training.py": training.encode()})
    return Upload(bundle, {"Content-Type": "application/zip", **key.headers(bundle.archive)})


def send(address: str, upload: Upload) -> bool:
    """Send it; whether there is a receipt."""
    request = urllib.request.Request(f"{address}/v1/submissions", upload.bundle.archive, upload.headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            upload.receipts.append(json.loads(answer.read())["id"])
            return True
    except urllib.error.HTTPError as error:
        if error.code not in {429, 502, 503}:
            upload.refusals.append(error.code)
    except (OSError, http.client.HTTPException, ValueError):
        pass
    upload.unheard += 1
    return False


def _key(miner: int) -> Key:
    import sr25519

    return Key(*sr25519.pair_from_seed(hashlib.sha256(f"soak {miner}".encode()).digest()))
