"""A small real installation for tests: data, policy, uploads."""

import json
import random
from pathlib import Path
from typing import Any

from django.utils import timezone

from evaluations.datasets.plan import local_plan
from evaluations.datasets.prepare import prepare
from evaluations.intake.accept import Upload, accept_upload
from evaluations.intake.bundle import pack
from evaluations.models import Submission
from prism_site import pipeline
from prism_site.policy.resolve import set_policy
from reviews.models import Review
from tests import factories

ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
WORDS = ["the", "model", "reads", "one", "byte", "and", "then", "another", "until", "text", "ends"]

ARCHITECTURE = """
import torch
from torch import nn


class Bigram(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.table = nn.Embedding(vocab_size, vocab_size)

    def forward(self, tokens):
        return self.table(tokens)


def build_model(ctx):
    return Bigram(ctx.vocab_size)
"""

TRAINING = """
import torch
from torch.nn import functional as F


def train(ctx):
    model = ctx.build_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for chunk in ctx.stream(model):
        tokens = chunk.tokens
        for start in range(0, len(tokens) - 1, 512):
            piece = tokens[start : start + 513]
            logits = model(piece[None, :-1])
            loss = F.cross_entropy(logits[0], piece[1:])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
"""


def prepare_text(folder: Path) -> Path:
    """Locked shards of about 200 kB of made-up English."""
    draw = random.Random(7)
    documents = [" ".join(draw.choices(WORDS, k=200)) + "." for _ in range(200)]
    source = folder / "source.jsonl"
    source.write_text(
        "".join(json.dumps({"text": text, "id": str(n)}) + "\n" for n, text in enumerate(documents))
    )
    prepare(local_plan([source]), folder / "data", folder / "data" / "secret")
    return folder / "data"


def small_runs(**more: Any) -> None:
    """Runs of some kilobytes."""
    targets = {"byte_budget": 16_384, "wall_seconds": 60, "score_fraction": 1.0, **more}
    set_policy("execution_mode_targets", {"local_cpu_smoke": targets}, by="test")


def upload(
    architecture: str = ARCHITECTURE, training: str = TRAINING, *, hotkey: str = ALICE, manifest: str = ""
) -> Submission:
    """Accept a bundle as the API does after its checks."""
    files = {"architecture.py": architecture.encode(), "training.py": training.encode()}
    if manifest:
        files["prism.yaml"] = manifest.encode()
    archive = pack(files)
    message = Upload(archive=archive, body_sha256="", hotkey=hotkey, nonce=None, by=f"miner:{hotkey}")
    return accept_upload(message, now=timezone.now()).submission


def queued(**bundle: Any) -> Submission:
    """A submission whose runs exist; what is known to pass is not built in a sandbox each time."""
    submission = upload(**bundle)
    pass_reviews(submission, *([Review.Reviewer.DESCRIBE] if bundle else Review.Reviewer))
    while pipeline.advance(str(submission.pk)):
        pass
    submission.refresh_from_db()
    return submission


def accepted(**bundle: Any) -> Submission:
    """A submission that every reviewer lets pass, whatever it brings: what is behind them must hold too."""
    submission = upload(**bundle)
    pass_reviews(submission, *Review.Reviewer)
    return submission


def pass_reviews(submission: Submission, *reviewers: Review.Reviewer) -> None:
    """These reviewers have looked, and found nothing; who describes says what a submission is made of."""
    if Review.Reviewer.DESCRIBE in reviewers:
        factories.make_identity(submission)
    for reviewer in reviewers:
        Review.objects.create(
            submission=submission,
            reviewer=reviewer,
            outcome=Review.Outcome.PASS,
            duration_seconds=0.1,
            created_at=timezone.now(),
        )


def verbs(submission: Submission) -> list[str]:
    """What happened, in order."""
    return list(submission.events.values_list("verb", flat=True))
