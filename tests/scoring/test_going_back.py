"""Weights are not exported from a moment before the end of an epoch that is final already."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from prism_site.config import override_env
from scoring import weights_api
from scoring.models import WeightSnapshot
from scoring.snapshots import snapshot_epochs
from tests.scoring.test_snapshots import official, scored

__all__ = ["official"]
pytestmark = pytest.mark.django_db


def test_a_clock_that_went_back_exports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scored(epochs=1)
    snapshot_epochs()
    ended = WeightSnapshot.objects.get()

    def asked_at(moment) -> tuple[int, str]:
        monkeypatch.setattr(weights_api.timezone, "now", lambda: moment)
        with override_env(shared_token="token"):
            answer = Client().get("/internal/v1/get_weights", headers={"Authorization": "Bearer token"})
        return answer.status_code, answer.json().get("code", "")

    assert asked_at(timezone.now()) == (200, "")
    assert asked_at(ended.ends_at) == (200, "")
    assert asked_at(ended.ends_at - timedelta(seconds=1)) == (503, "epoch_went_back")
