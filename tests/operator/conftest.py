"""People at the operator's pages, and holds for them to decide."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from evaluations import transitions
from evaluations.enums import Stage, Status
from evaluations.models import Run, Submission
from prism_site import pipeline
from reviews import holds
from reviews.models import Hold
from tests import factories

ANOMALY = {"code": "step0_anomaly", "detail": "Before any training the model predicts the first text."}


def make_operator(name: str, *codenames: str) -> User:
    """An account with permissions, by default that of an operator."""
    user = User.objects.create_user(name, password="correct horse")
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
