"""Leaderboard, epochs and weights over HTTP."""

import math
import time

import pytest

from evaluations.enums import Mode
from prism_site.config import env, override_env
from prism_site.policy.resolve import set_policy
from scoring.models import Score
from tests import factories
from tests.api.conftest import assert_problem, break_policy, platform

pytestmark = pytest.mark.django_db


def test_the_leaderboard_ranks_one_per_hotkey(client):
    hotkey = factories.make_hotkey("a miner")
    factories.make_completed(hotkey=hotkey, ease=1.0)
    best, other = factories.make_completed(hotkey=hotkey, ease=3.0), factories.make_completed(ease=2.0)
    body = client.get("/v1/leaderboard").json()
    ranked = [(entry["rank"], entry["submission_id"]) for entry in body["entries"]]
    assert ranked == [(1, str(best.submission_id)), (2, str(other.submission_id))]
    assert (body["mode"], body["official"], body["epoch"]) == ("local_cpu_smoke", False, None)


def test_leaderboard_pages_join(client):
    for number in range(5):
        factories.make_completed(hotkey=factories.make_hotkey(f"tied {number}"))
    whole = client.get("/v1/leaderboard").json()["entries"]
    first = client.get("/v1/leaderboard", {"limit": 2}).json()
    second = client.get("/v1/leaderboard", {"limit": 3, "cursor": first["next_cursor"]}).json()
    assert first["entries"] + second["entries"] == whole
    assert second["next_cursor"] is None


def test_leaderboard_of_an_epoch_and_of_a_mode(client):
    score = factories.make_completed()
    path = "/v1/leaderboard"
    assert len(client.get(path, {"epoch": score.epoch}).json()["entries"]) == 1
    assert client.get(path, {"epoch": score.epoch - 1}).json()["entries"] == []
    assert client.get(path, {"mode": "gpu_proxy_eval"}).json()["entries"] == []
    assert_problem(client.get(path, {"metric": "vibes"}), 400, "invalid")


def test_leaderboard_by_blend_shows_whose_qualities_were_measured(client):
    learns, builds, unmeasured = (factories.make_completed(ease=ease) for ease in (3.0, 1.0, 2.0))
    for score, blend in ((learns, 0.5), (builds, 0.625)):
        Score.objects.filter(pk=score.pk).update(blend_score=blend, best_by_blend=True)
    assert ids(client, metric="blend") == [str(builds.pk), str(learns.pk)]
    assert ids(client, metric="prequential") == [str(learns.pk), str(unmeasured.pk), str(builds.pk)]
    assert ids(client, metric="blend", epoch=learns.epoch) == ids(client, metric="blend")


def test_leaderboard_pages_by_blend_join(client):
    for number in range(4):
        score = factories.make_completed()
        Score.objects.filter(pk=score.pk).update(blend_score=0.5 + number % 2 / 8, best_by_blend=True)
    whole = client.get("/v1/leaderboard", {"metric": "blend"}).json()["entries"]
    first = client.get("/v1/leaderboard", {"metric": "blend", "limit": 3}).json()
    rest = client.get("/v1/leaderboard", {"metric": "blend", "cursor": first["next_cursor"]}).json()
    assert first["entries"] + rest["entries"] == whole
    assert [entry["rank"] for entry in whole] == [1, 2, 3, 4]


def test_policy_says_what_the_leaderboard_ranks_by(client):
    assert client.get("/v1/leaderboard").json()["metric"] == "prequential"
    set_policy("score_weights", {"leaderboard_metric": "blend"}, by="test")
    assert client.get("/v1/leaderboard").json()["metric"] == "blend"


def ids(client, **query):
    return [entry["submission_id"] for entry in client.get("/v1/leaderboard", query).json()["entries"]]


def test_the_leaderboards_tag_changes_with_it(client):
    factories.make_completed()
    first = client.get("/v1/leaderboard")
    tag = {"If-None-Match": first["ETag"]}
    assert client.get("/v1/leaderboard", headers=tag).status_code == 304
    factories.make_completed(ease=2.0)
    assert client.get("/v1/leaderboard", headers=tag).status_code == 200


def test_the_current_epoch_holds_this_moment(client):
    body = client.get("/v1/epochs/current").json()
    assert body["epoch_seconds"] == env().epoch_seconds
    assert body["epoch_id"] <= time.time() < body["epoch_id"] + body["epoch_seconds"]
    assert body["starts_at"].endswith("Z")


def test_epochs_are_counted_newest_first(client):
    old = factories.make_completed()
    Score.objects.filter(pk=old.pk).update(epoch=0)
    old.submission.epoch = 0
    old.submission.save(update_fields=["epoch"])
    new = factories.make_completed()
    first = client.get("/v1/epochs", {"limit": 1}).json()
    assert [(row["epoch_id"], row["submissions"]) for row in first["items"]] == [(new.epoch, 1)]
    second = client.get("/v1/epochs", {"cursor": first["next_cursor"]}).json()
    assert [row["epoch_id"] for row in second["items"]] == [0]


# weights

WEIGHTS = "/internal/v1/get_weights"
PREVIEW = "/internal/v1/weights/preview"


def test_smoke_scores_are_never_exported(client):
    factories.make_completed()
    body = client.get(WEIGHTS, headers=platform()).json()
    assert (body["challenge_slug"], body["weights"]) == ("prism", {})
    assert body["epoch"] % env().epoch_seconds == 0


def test_smoke_scores_are_shown_as_a_preview_that_says_so(client):
    scores = [factories.make_completed(ease=1.0 + number) for number in range(3)]
    body = client.get(PREVIEW, headers=platform()).json()
    assert (body["preview"], body["exported"], body["metadata"]["official"]) == (True, False, False)
    assert body["weights"].keys() == {score.hotkey for score in scores}
    assert math.isclose(sum(body["weights"].values()), 1, abs_tol=1e-9)


def test_official_scores_are_exported_with_their_explanation(client):
    score = factories.make_completed(mode=Mode.GPU_PROXY_EVAL)
    factories.make_completed()
    with override_env(execution_mode="gpu_proxy_eval"):
        body = client.get(WEIGHTS, headers=platform()).json()
    assert body["weights"] == {score.hotkey: pytest.approx(1.0)}
    lines = body["metadata"]["explanation"][score.hotkey]
    assert {line["submission_id"] for line in lines} == {str(score.submission_id)}
    assert [line["pool"] for line in lines] == ["architecture", "training"]


def test_equal_weights_are_not_sent_twice(client):
    factories.make_completed()
    first = client.get(PREVIEW, headers=platform())
    again = client.get(PREVIEW, headers=platform(**{"If-None-Match": first["ETag"]}))
    assert again.status_code == 304
    factories.make_completed(ease=2.0)
    changed = client.get(PREVIEW, headers=platform(**{"If-None-Match": first["ETag"]}))
    assert changed.status_code == 200


def test_an_invalid_policy_stops_the_weights_and_is_named(client):
    row = break_policy()
    problem = assert_problem(client.get(WEIGHTS, headers=platform()), 503, "policy_invalid")
    assert (problem["key"], problem["row_id"], problem["field"]) == ("reward_pools", row.pk, "rank_decay")


@pytest.mark.parametrize("path", [WEIGHTS, PREVIEW])
@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "internal_auth"),
        ({"Authorization": "Bearer wrong"}, 401, "internal_auth"),
        ({"Authorization": "Basic the platform's token"}, 401, "internal_auth"),
        (platform(**{"X-Platform-Challenge-Slug": "other"}), 403, "challenge_slug_mismatch"),
        (platform(**{"X-Base-Challenge-Slug": "other"}), 403, "challenge_slug_mismatch"),
    ],
)
def test_only_the_platform_reads_weights(client, path, headers, status, code):
    response = client.get(path, headers=headers)
    assert_problem(response, status, code)
    assert ("WWW-Authenticate" in response) == (status == 401)


@pytest.mark.parametrize("prefix", ["X-Platform-", "X-Base-"])
def test_both_prefixes_of_the_slug_are_understood(client, prefix):
    headers = platform(**{f"{prefix}Challenge-Slug": "prism"})
    assert client.get(WEIGHTS, headers=headers).status_code == 200


def test_without_a_configured_token_nobody_is_let_in(client):
    with override_env(shared_token=None):
        assert_problem(client.get(WEIGHTS, headers=platform()), 401, "internal_auth")


def test_any_of_several_tokens_is_accepted(client):
    with override_env(shared_token="new\nold"):
        for token in ("new", "old"):
            headers = {"Authorization": f"Bearer {token}"}
            assert client.get(WEIGHTS, headers=headers).status_code == 200
