"""People at the operator's pages, and holds for them to decide."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from evaluations import transitions
from evaluations.bundles import stored_bundle
from evaluations.enums import Stage, Status
from evaluations.models import Run, Submission
from prism_site import pipeline
from reviews import holds
from reviews.duplicates import store
from reviews.models import Hold
from tests import factories
from tests.evaluations import world

ANOMALY = {"code": "step0_anomaly", "detail": "Before any training the model predicts the first text."}


def make_operator(name: str, *codenames: str) -> User:
    """An account with permissions, by default that of an operator."""
    user = User.objects.create_user(name)
    found = Permission.objects.filter(codename__in=codenames or ("resolve_hold",))
    user.user_permissions.add(*found)
    return user


def make_anomaly(*, points: int | None = None, **submission: Any) -> Hold:
    """A scored submission that is held for an integrity anomaly."""
    attempt = factories.make_evaluating(points=points or len(factories.chunk_ends()), **submission)
    factories.finish(attempt)
    run = Run.objects.get(pk=attempt.run_id)
    assert run.manifest is not None
    run.manifest["score"]["multiplier"] = 0.0
    run.manifest["integrity"]["step0"] = {"bpb": 2.5, "limit": 4.0, "ok": False}
    run.manifest["integrity"]["anomalies"] = [ANOMALY]
    run.save(update_fields=["manifest"])
    pipeline.advance(str(run.submission_id))
    return Hold.objects.get(submission_id=run.submission_id)


def make_quarantine(
    *, quote: str = "exec(payload)", submission: Submission | None = None, **options: Any
) -> Hold:
    """A submission that its review holds: nothing of it has been run."""
    submission = submission or factories.make_submission(stage=Stage.REVIEW, **options)
    finding = {
        "code": "opaque_constant", "outcome": "quarantine", "message": "A constant of 5,120 bytes.",
        "file": "architecture.py", "line": 3, "quote": quote, "category": "opaque_constants",
    }  # fmt: skip
    if submission.status != Status.HELD:
        transitions.hold(
            submission.pk, by="system:pipeline", reason_code="opaque_constant", reason="A large constant."
        )
    return holds.open_hold(
        submission.pk,
        kind=Hold.Kind.QUARANTINE,
        reason_code="opaque_constant",
        summary="An operator looks at one place of the source.",
        evidence={"findings": [finding]},
        by="system:pipeline",
    )


SOURCE = '''import torch
from torch import nn


class Mixer(nn.Module):
    """Tokens are mixed by a learned decay, then by a gate."""

    def __init__(self, vocab_size, width=64, depth=2):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, width)
        self.decays = nn.ParameterList([nn.Parameter(torch.randn(width)) for _ in range(depth)])
        self.gates = nn.ModuleList([nn.Linear(width, 2 * width) for _ in range(depth)])
        self.head = nn.Linear(width, vocab_size, bias=False)

    def forward(self, tokens):
        hidden = self.embed(tokens)
        for decay, gate in zip(self.decays, self.gates):
            state = torch.zeros_like(hidden[:, 0])
            mixed = []
            for step in range(hidden.shape[1]):
                state = state * torch.sigmoid(decay) + hidden[:, step]
                mixed.append(state)
            value, strength = gate(torch.stack(mixed, dim=1)).chunk(2, dim=-1)
            hidden = hidden + value * torch.nn.functional.silu(strength)
        return self.head(hidden)


def build_model(ctx):
    return Mixer(ctx.vocab_size)
'''


def make_copies(count: int = 2) -> Hold:
    """A submission held because it resembles `count` earlier ones of other hotkeys."""
    uploads = [
        world.upload(SOURCE.replace("width=64", f"width={width}"), hotkey=factories.make_hotkey(width))
        for width in range(64, 64 + count)
    ]
    later = SOURCE.replace("mixed", "outputs").replace("64", "96") + "# echo\u00e9\n"
    held = world.upload(later, hotkey=factories.make_hotkey("copycat"))
    for submission in (*uploads, held):
        store.remember(submission, stored_bundle(submission.pk))
    transitions.begin_review(held.pk, by="system:pipeline")
    return make_quarantine(submission=held)


@pytest.fixture
def sign_in() -> Callable[..., Client]:
    """A browser of somebody new: `sign_in("eve")`, `sign_in("mallory", "view_hold")`."""

    def signed_in(name: str, *codenames: str) -> Client:
        client = Client()
        client.force_login(make_operator(name, *codenames))
        return client

    return signed_in


@pytest.fixture
def eve(sign_in: Callable[..., Client]) -> Client:
    """An operator's browser."""
    return sign_in("eve")


@pytest.fixture
def mallory(sign_in: Callable[..., Client]) -> Client:
    """Another operator's browser."""
    return sign_in("mallory")
