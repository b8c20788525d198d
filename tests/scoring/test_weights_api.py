"""The weights over HTTP: what the platform reads, and what an ended epoch says to everybody."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from evaluations.enums import Mode
from evaluations.models import Submission
from prism_site.config import override_env
from scoring.models import Attribution, Score, WeightSnapshot
from scoring.payout import sha256_of
from scoring.snapshots import snapshot_epochs
from tests import factories

pytestmark = pytest.mark.django_db
TOKEN = {"Authorization": "Bearer secret"}


@pytest.fixture(autouse=True)
def house() -> Any:
    cache.clear()
    with override_env(execution_mode="gpu_proxy_eval", shared_token="secret"):
        yield
    cache.clear()


def ended() -> WeightSnapshot:
    """The snapshot of an epoch in which two hotkeys earned."""
    past = timezone.now() - timedelta(hours=6)
    for ease in (1.0, 2.0):
        score = factories.make_completed(mode=Mode.GPU_PROXY_EVAL, ease=ease)
        Submission.objects.filter(pk=score.pk).update(created_at=past)
        Score.objects.filter(pk=score.pk).update(computed_at=past)
        Attribution.objects.filter(pk=score.pk).update(scored_at=past)
    snapshot_epochs()
    return WeightSnapshot.objects.get()


def test_an_ended_epoch_gives_its_weights_with_the_reason_of_each(client: Client) -> None:
    snapshot = ended()
    body = client.get(f"/v1/epochs/{snapshot.epoch}/weights").json()
    assert body["weights"] == snapshot.weights
    assert body["explanation"].keys() == body["weights"].keys()
    lines = [line for rows in body["explanation"].values() for line in rows]
    assert sum(line["weight"] for line in lines) == pytest.approx(1.0, abs=1e-9)
    assert {line["reason"] for line in lines} == {"family_owner", "current_best"}
    assert lines[0]["why"].startswith("owns the family of rank ")
    assert (body["official"], len(body["submissions"])) == (True, 2)
    assert sha256_of(body["inputs"]) == body["inputs_sha256"]


def test_an_ended_epoch_never_changes_and_its_tag_says_so(client: Client) -> None:
    path = f"/v1/epochs/{ended().epoch}/weights"
    first = client.get(path)
    factories.make_completed(mode=Mode.GPU_PROXY_EVAL, ease=9.0)
    again = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert client.get(path).json() == first.json()


@pytest.mark.parametrize("epoch", [0, 7, 2**63, 10**40])
def test_an_epoch_without_a_snapshot_is_a_problem(client: Client, epoch: int) -> None:
    response = client.get(f"/v1/epochs/{epoch}/weights")
    assert (response.status_code, response.json()["code"]) == (404, "no_snapshot")


def test_the_platform_reads_the_reason_of_every_weight(client: Client) -> None:
    ended()
    body = client.get("/internal/v1/get_weights", headers=TOKEN).json()
    assert sum(body["weights"].values()) == pytest.approx(1.0, abs=1e-9)
    for hotkey, weight in body["weights"].items():
        lines = body["metadata"]["explanation"][hotkey]
        assert sum(line["weight"] for line in lines) == pytest.approx(weight)
        assert all(line["why"] and line["family_id"] for line in lines)


@pytest.mark.parametrize("hotkeys", [1, 12])
def test_weights_and_leaderboard_cost_the_same_for_one_and_for_many(
    client: Client, django_assert_num_queries: Any, hotkeys: int
) -> None:
    for _ in range(hotkeys):
        factories.make_completed(mode=Mode.GPU_PROXY_EVAL)
    with django_assert_num_queries(3):  # one asks until when weights are final
        client.get("/internal/v1/get_weights", headers=TOKEN)
    with django_assert_num_queries(2):
        client.get("/v1/leaderboard")
