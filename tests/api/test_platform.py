"""The platform's own routes, health, version, the contract, and answers to what is not there."""

import base64
import json
import tomllib
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from rest_framework.views import APIView

from evaluations.enums import Stage, Status
from evaluations.models import Canary, Event, StoredBundle, Submission
from evaluations.tasks import canary_tick
from prism_site.api import DenyAll
from prism_site.api.version import CHALLENGE_VERSION
from prism_site.config import ROOT, override_env
from reviews.models import Review
from tests import factories
from tests.api.conftest import assert_problem, break_policy, bundle_of, platform
from tests.evaluations.world import pass_reviews, prepare_text

pytestmark = pytest.mark.django_db

BRIDGE = "/internal/v1/bridge/submissions"


# the bridge


@pytest.mark.parametrize("prefix", ["X-Platform-", "X-Base-"])
def test_the_bridge_takes_the_hotkey_from_the_header_alone(client, alice, bob, prefix):
    headers = platform(**{f"{prefix}Verified-Hotkey": alice.ss58_address, "X-Hotkey": bob.ss58_address})
    response = client.post(BRIDGE, bundle_of(), content_type="application/zip", headers=headers)
    assert response.status_code == 201
    submission = Submission.objects.get(pk=response.json()["id"])
    assert submission.hotkey == alice.ss58_address
    assert Event.objects.get(submission=submission).by == "system:bridge"


def test_the_bridge_is_open_where_public_submissions_are_off(client, alice):
    headers = platform(**{"X-Platform-Verified-Hotkey": alice.ss58_address})
    body = json.dumps({"filename": "a.zip", "code": base64.b64encode(bundle_of()).decode()})
    with override_env(public_submissions_enabled=False):
        first = client.post(BRIDGE, body, content_type="application/json", headers=headers)
        second = client.post(BRIDGE, body, content_type="application/json", headers=headers)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "internal_auth"),
        (platform(), 401, "auth_header_missing"),
        (platform(**{"X-Platform-Verified-Hotkey": "nobody"}), 401, "hotkey_malformed"),
        (
            platform(**{"X-Platform-Verified-Hotkey": "a", "X-Base-Verified-Hotkey": "b"}),
            400,
            "duplicate_header",
        ),
    ],
)
def test_the_bridge_refuses_what_the_platform_has_not_verified(client, headers, status, code):
    response = client.post(BRIDGE, bundle_of(), content_type="application/zip", headers=headers)
    assert_problem(response, status, code)
    assert not Submission.objects.exists()


def test_the_bridge_reports_a_broken_bundle(client, alice):
    headers = platform(**{"X-Platform-Verified-Hotkey": alice.ss58_address})
    response = client.post(BRIDGE, b"nothing", content_type="application/zip", headers=headers)
    assert_problem(response, 422, "zip_not_zip")


# the worker


def test_the_platform_drives_the_pipeline_without_a_worker(client, upload):
    submission = Submission.objects.get(pk=upload().json()["id"])
    pass_reviews(submission, Review.Reviewer.DESCRIBE)
    for _ in range(len(Review.Reviewer) + 2):
        assert client.post("/internal/v1/worker/process-next", headers=platform()).json()["advanced"] == 1
        submission.refresh_from_db()
        if submission.stage == Stage.QUEUED:
            break
    assert (submission.status, submission.stage) == (Status.PENDING, Stage.QUEUED)


def test_a_submission_that_cannot_move_does_not_stop_those_behind_it(client, upload):
    broken = factories.make_submission(stage=Stage.REVIEW)
    StoredBundle.objects.filter(pk=broken.pk).update(archive=b"changed")
    behind = Submission.objects.get(pk=upload().json()["id"])
    assert client.post("/internal/v1/worker/process-next", headers=platform()).json()["advanced"] == 1
    behind.refresh_from_db()
    assert behind.stage == Stage.REVIEW


def test_poll_answers_where_nothing_runs(client):
    response = client.post("/internal/v1/worker/poll", headers=platform())
    assert response.json() == {"advanced": 0, "launched": False}


@pytest.mark.parametrize("path", ["/internal/v1/worker/process-next", "/internal/v1/worker/poll"])
def test_only_the_platform_drives_and_never_by_get(client, path):
    assert_problem(client.post(path), 401, "internal_auth")
    assert_problem(client.get(path, headers=platform()), 405, "method_not_allowed")


# health


def test_health_names_every_failing_part(client):
    break_policy()
    problem = assert_problem(client.get("/health"), 503, "unhealthy")
    assert problem["failing"].keys() == {"queue", "policy", "data"}
    assert problem["failing"]["data"] == "data_missing"
    assert "reward_pools" in problem["failing"]["policy"]


def test_health_is_ok_with_a_living_queue_and_locked_data(client, tmp_path):
    prepare_text(tmp_path)
    canary_tick()
    body = client.get("/health").json()
    assert body == {"status": "ok", "slug": "prism", "version": CHALLENGE_VERSION}


def test_a_silent_queue_is_unhealthy(client):
    canary_tick()
    Canary.objects.update(stamped_at=timezone.now() - timedelta(minutes=4))
    problem = assert_problem(client.get("/health"), 503, "unhealthy")
    assert problem["failing"]["queue"].startswith("silent for 24")


def test_the_version_is_that_of_the_project(client):
    body = client.get("/version").json()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert body["challenge_version"] == project["version"]
    assert set(body["capabilities"]) == {"get_weights", "proxy_routes"}


# the contract


def test_the_recipe_follows_policy_and_settings(client):
    from prism_site.policy.resolve import set_policy

    row = set_policy(
        "execution_mode_targets", {"local_cpu_smoke": {"byte_budget": 123_456}}, by="operator:test"
    )
    with override_env(max_layers=7):
        body = client.get("/v1/recipe").json()
    assert (body["mode"], body["official"], body["byte_budget"]) == ("local_cpu_smoke", False, 123_456)
    assert body["caps"]["max_layers"] == 7
    assert body["policy_row_ids"] == {"execution_mode_targets": row.pk}
    assert body["modes"]["gpu_proxy_eval"]["official_score"] is True
    assert body["tokenizers"] == ["bytes"]
    assert body["data"] is None


def test_the_recipe_of_an_official_mode_fails_closed(client):
    break_policy()
    assert client.get("/v1/recipe").status_code == 200
    with override_env(execution_mode="gpu_proxy_eval"):
        assert_problem(client.get("/v1/recipe"), 503, "policy_invalid")


# what is not there


@pytest.mark.parametrize("path", ["/v1", "/v1/nothing", "/v1//submissions", "/internal/v1/x", "/v1/schema"])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_unknown_paths_are_problem_details(client, path, method):
    assert_problem(getattr(client, method)(path), 404, "not_found")


@pytest.mark.parametrize("path", ["/v1/leaderboard", "/health", "/version", "/v1/recipe"])
def test_other_methods_are_problem_details(client, path):
    response = client.delete(path)
    assert_problem(response, 405, "method_not_allowed")
    assert "GET" in response["Allow"]


def test_a_type_that_is_not_given_is_a_problem(client):
    response = client.get("/version", headers={"Accept": "text/html"})
    assert_problem(response, 406, "not_acceptable")


def test_an_unexpected_error_is_a_problem_without_its_cause(monkeypatch, caplog):
    from evaluations.api import health

    def explode() -> dict[str, str]:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr(health, "failing_parts", explode)
    response = Client(raise_request_exception=False).get("/health")
    problem = assert_problem(response, 500, "internal_error")
    assert "secret" not in json.dumps(problem)
    assert "a secret of the house" in caplog.text


def test_a_database_that_does_not_answer_is_asked_to_be_tried_again(monkeypatch, client):
    from django.db import OperationalError

    from scoring import standings

    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(standings, "leaderboard", locked)
    response = client.get("/v1/leaderboard")
    assert_problem(response, 503, "try_again")
    assert int(response["Retry-After"]) > 0


def test_a_view_that_names_nobody_answers_nobody(rf):
    class Forgotten(APIView):
        def get(self, request):
            raise AssertionError("reached")

    assert Forgotten.permission_classes == [DenyAll]
    response = Forgotten.as_view()(rf.get("/"))
    response.render()
    assert_problem_code(response, 403, "forbidden")


def assert_problem_code(response, status, code):
    assert (response.status_code, json.loads(response.content)["code"]) == (status, code)


def test_every_view_of_the_api_opens_itself():
    views = [view for view in _views(get_resolver().url_patterns) if issubclass(view, APIView)]
    assert len(views) > 20
    assert [view for view in views if DenyAll in view.permission_classes] == []


def _views(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _views(pattern.url_patterns)
        elif view := getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None):
            yield view
