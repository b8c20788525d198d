"""Who gets a run, what it is told, and how it goes on until the result."""

import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from evaluations import reconcile
from evaluations.backends.prepare import run_secret
from evaluations.enums import AttemptState, RunState, Stage, Status
from evaluations.launching import launch_next
from evaluations.models import Assignment, Attempt, CurvePoint, Run, StoredBundle, Submission
from evaluations.runner import constants
from evaluations.validators import texts
from prism_site.config import override_env, persistent_secret
from prism_site.policy.resolve import set_policy
from tests.api.conftest import assert_problem
from tests.evaluations import world
from tests.validators.conftest import ASSIGNMENTS, SECOND, STRANGER, VALIDATOR, Real, Validator

pytestmark = pytest.mark.django_db


def run_out() -> None:
    """As if nobody had renewed the lease for a minute."""
    Attempt.objects.update(lease_expires_at=Now() - timedelta(seconds=1))


def state(submission: Submission) -> tuple[str, str]:
    submission.refresh_from_db()
    return submission.status, submission.stage


# who may ask


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "internal_auth"),
        ({"Authorization": "Bearer wrong", "X-Validator-Hotkey": VALIDATOR}, 401, "internal_auth"),
        ({"Authorization": "Bearer the platform's token"}, 401, "validator_header_missing"),
        (
            {"Authorization": "Bearer the platform's token", "X-Validator-Hotkey": "nobody"},
            401,
            "hotkey_malformed",
        ),
        (
            {"Authorization": "Bearer the platform's token", "X-Validator-Hotkey": STRANGER},
            403,
            "validator_unknown",
        ),
    ],
)
@pytest.mark.parametrize("route", ["next", f"{'0' * 8}-0000-4000-8000-{'0' * 12}/result"])
def test_only_a_configured_validator_with_the_token_is_let_in(
    client: Client, submission: Submission, headers: dict[str, str], status: int, code: str, route: str
) -> None:
    response = client.post(f"{ASSIGNMENTS}/{route}", "{}", content_type="application/json", headers=headers)
    assert_problem(response, status, code)
    assert not Attempt.objects.exists()


# what is offered


def test_an_assignment_says_all_that_a_run_needs_and_no_more(
    validator: Validator, submission: Submission
) -> None:
    response = validator.post("next")
    assert response["Cache-Control"] == "no-store"
    answer, run = response.json(), Run.objects.get()
    specification = answer["specification"]
    assert (specification["submission_id"], specification["run_id"]) == (str(submission.pk), str(run.pk))
    assert (specification["mode"], specification["seed"]) == ("local_cpu_smoke", 1337)
    assert specification["schedule"]["byte_budget"] == specification["stream"]["bytes"] == 16_384
    assert specification["constants_sha256"] == constants.fingerprint()
    archive = bytes(StoredBundle.objects.get().archive)
    assert base64.b64decode(answer["bundle"]["archive"]) == archive
    assert answer["bundle"]["sha256"] == hashlib.sha256(archive).hexdigest()
    stream = specification["stream"]
    assert answer["run_secret"] == run_secret(run.mode, stream["manifest_sha256"], stream["order_seed"])
    assert persistent_secret("run_secret") not in response.content.decode()
    assert str(texts.env().var_dir) not in response.content.decode()
    attempt = Attempt.objects.get()
    assert (attempt.host, attempt.backend) == (f"validator:{VALIDATOR}", "validator")
    assert (attempt.state, run.state) == (AttemptState.LEASED, RunState.RUNNING)
    assert state(submission) == (Status.RUNNING, Stage.EVALUATING)
    assert run.yardsticks["bytes"][-1] == 16_384


def test_the_specification_is_frozen_and_holds_no_secret(
    validator: Validator, submission: Submission
) -> None:
    answer = validator.next()
    world.small_runs(byte_budget=8_192)
    assignment = Assignment.objects.get()
    assert assignment.specification == answer["specification"]
    assert answer["run_secret"] not in str(assignment.specification)


def test_where_nothing_waits_there_is_no_content(validator: Validator, db: None) -> None:
    assert validator.post("next").status_code == 204


def test_a_mode_that_is_not_asked_for_is_not_given(validator: Validator, submission: Submission) -> None:
    assert validator.post("next", {"modes": ["gpu_proxy_eval"]}).status_code == 204
    assert_problem(validator.post("next", {"modes": ["huge"]}), 400, "json_schema")
    assert validator.post("next", {"modes": ["local_cpu_smoke"]}).status_code == 200


def test_two_validators_never_get_the_same_run(
    validator: Validator, second: Validator, submission: Submission
) -> None:
    validator.next()
    assert second.post("next").status_code == 204
    assert not launch_next()
    assert Attempt.objects.count() == 1


def test_an_offer_has_to_be_answered_before_there_is_another(
    validator: Validator, submission: Submission
) -> None:
    world.queued(training=world.TRAINING + "# another\n")
    first = validator.next()
    assert_problem(validator.post("next"), 409, "offer_outstanding")
    assert validator.post(f"{first['id']}/accept").status_code == 200
    assert validator.next()["specification"]["run_id"] != first["specification"]["run_id"]
    assert Run.objects.filter(state=RunState.RUNNING).count() == 2


def test_without_data_nothing_is_offered_and_nothing_lost(
    validator: Validator, submission: Submission, tmp_path: Any
) -> None:
    with override_env(data_dir=tmp_path / "none"):
        response = validator.post("next")
    assert_problem(response, 503, "data_missing")
    assert response["Retry-After"]
    assert not Attempt.objects.exists()


def test_a_text_too_long_for_a_request_is_made_by_the_queue(
    validator: Validator, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "AT_ONCE_BYTES", 1_000)
    assert_problem(validator.post("next"), 503, "texts_not_ready")
    texts.make_texts("local_cpu_smoke", "1337")
    assert validator.next()["specification"]["stream"]["bytes"] == 16_384


def test_no_local_slot_leaves_every_run_to_validators(validator: Validator, submission: Submission) -> None:
    with override_env(local_slots=0):
        assert not launch_next()
    validator.next()


# going on


def test_accepting_again_renews_the_lease(validator: Validator, submission: Submission) -> None:
    assignment = validator.take()
    Attempt.objects.update(lease_expires_at=Now() + timedelta(seconds=5))
    answer = validator.post(f"{assignment['id']}/accept").json()
    assert answer == {"id": assignment["id"], "lease_seconds": 60.0, "lines_known": 0}
    assert Attempt.objects.filter(
        state=AttemptState.RUNNING, lease_expires_at__gt=Now() + timedelta(seconds=50)
    ).exists()


def test_a_foreign_validator_finds_no_assignment(
    validator: Validator, second: Validator, submission: Submission
) -> None:
    path = validator.take()["id"]
    calls = {"accept": {}, "reject": {"reason": "mine"}, "result": {"manifest": {}}}
    for route, body in calls.items():
        assert_problem(second.post(f"{path}/{route}", body), 404, "assignment_unknown")
    assert Attempt.objects.get().state == AttemptState.RUNNING


@pytest.mark.parametrize("route", ["accept", "reject", "result"])
def test_a_lease_that_ran_out_is_over_before_anybody_reconciles(
    validator: Validator, submission: Submission, route: str
) -> None:
    assignment = validator.take()
    run_out()
    bodies = {"reject": {"reason": "late"}, "result": {"manifest": {}}}
    response = validator.post(f"{assignment['id']}/{route}", bodies.get(route))
    assert_problem(response, 409, "assignment_over")


def test_an_expired_lease_puts_the_run_back_into_the_queue(
    validator: Validator, second: Validator, submission: Submission
) -> None:
    assignment = validator.take()
    assert validator.post("expire").json() == {"expired": 0}
    run_out()
    assert validator.post("expire").json() == {"expired": 1}
    assert state(submission) == (Status.PENDING, Stage.QUEUED)
    assert Run.objects.get().attempts_made == 1
    again = second.next()
    assert again["specification"]["run_id"] == assignment["specification"]["run_id"]
    assert Attempt.objects.get(state=AttemptState.LEASED).fencing_token == 2


def test_reconciling_expires_leases_of_validators_too(validator: Validator, submission: Submission) -> None:
    validator.take()
    run_out()
    reconcile.lose_expired()
    assert Attempt.objects.get().reason == "lease_expired"


def test_an_offer_never_accepted_costs_the_run_nothing(validator: Validator, submission: Submission) -> None:
    validator.next()
    run_out()
    assert validator.post("next").status_code == 204  # not the same run to the same validator
    assert Run.objects.get().attempts_made == 0
    assert state(submission) == (Status.PENDING, Stage.QUEUED)


@pytest.mark.parametrize(
    ("accepted", "reason", "made"),
    [
        (False, "job_died", 0),
        (True, "data_stream_differs: another text", 0),
        (True, "job_died: exit status -9", 1),
    ],
)
def test_a_run_given_back_waits_for_somebody_else(
    validator: Validator, second: Validator, submission: Submission, accepted: bool, reason: str, made: int
) -> None:
    assignment = validator.take() if accepted else validator.next()
    response = validator.post(f"{assignment['id']}/reject", {"reason": reason})
    assert response.status_code == 204
    assert Run.objects.get().attempts_made == made
    assert state(submission) == (Status.PENDING, Stage.QUEUED)
    event = submission.events.last()
    assert event is not None
    assert (event.verb, event.data["detail"]) == ("requeue", reason)
    assert validator.post("next").status_code == 204
    assert second.post("next").status_code == 200
    again = validator.post(f"{assignment['id']}/reject", {"reason": reason})
    assert_problem(again, 409, "assignment_over")


def test_a_run_that_three_validators_lost_is_held(
    validator: Validator, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluations.validators.offers.PAUSE", timedelta(0))
    for _ in range(3):
        validator.take()
        run_out()
        validator.post("expire")
    assert state(submission) == (Status.HELD, Stage.QUEUED)
    assert submission.reason_code == "infrastructure"


def test_nobody_keeps_a_run_longer_than_any_run_may_take(
    validator: Validator, submission: Submission
) -> None:
    assignment = validator.take()
    limit = assignment["specification"]["hard_limit_seconds"]
    Attempt.objects.update(started_at=Now() - timedelta(seconds=limit + 1))
    assert_problem(validator.post(f"{assignment['id']}/accept"), 409, "assignment_over")
    assert Attempt.objects.get().reason == "validator_overdue"
    assert state(submission) == (Status.PENDING, Stage.QUEUED)


# progress


def test_progress_becomes_a_curve_each_line_once(validator: Validator, real: Real) -> None:
    assignment = validator.take()
    accept = f"{assignment['id']}/accept"
    assert validator.post(accept, {"first": 0, "lines": real.lines[:5]}).json()["lines_known"] == 5
    assert validator.post(accept, {"first": 3, "lines": real.lines[3:]}).json()["lines_known"] == len(
        real.lines
    )
    points = list(CurvePoint.objects.values_list("stream_bytes", "bits"))
    curve = real.manifest["curve"]
    assert points == list(zip(curve["bytes"], curve["bits"], strict=True))


def test_a_gap_in_the_progress_is_not_stored(validator: Validator, real: Real) -> None:
    assignment = validator.take()
    answer = validator.post(f"{assignment['id']}/accept", {"first": 4, "lines": real.lines[4:]})
    assert answer.json()["lines_known"] == 0
    assert not CurvePoint.objects.exists()


def test_points_off_the_schedule_are_no_points(validator: Validator, real: Real) -> None:
    assignment = validator.take()
    chunk = next(line for line in real.lines if '"chunk"' in line)
    moved = chunk.replace('"stream_bytes": ', '"stream_bytes": 1')
    beyond = chunk.replace('"index": 0', '"index": 4000000000')
    lines = [moved, beyond, "no line", '{"type": "chunk"}']
    answer = validator.post(f"{assignment['id']}/accept", {"first": 0, "lines": lines})
    assert answer.json()["lines_known"] == 4
    assert not CurvePoint.objects.exists()


def test_a_changed_policy_offers_other_texts(validator: Validator, submission: Submission) -> None:
    first = validator.take()
    set_policy(
        "execution_mode_targets",
        {"local_cpu_smoke": {"byte_budget": 8_192, "wall_seconds": 60, "score_fraction": 1.0}},
        by="test",
    )
    world.queued(training=world.TRAINING + "# another\n")
    other = validator.next()
    assert other["specification"]["stream"]["sha256"] != first["specification"]["stream"]["sha256"]


def test_second_validators_are_configured_too(second: Validator, submission: Submission) -> None:
    second.next()
    assert Attempt.objects.get().host == f"validator:{SECOND}"
