"""Retry: the owner asks for another try at what the infrastructure failed, three times at most."""

import json
from typing import Any

import pytest

from evaluations.enums import RunState, Stage, Status
from evaluations.models import Run, Submission
from prism_site import pipeline
from prism_site.retries import MAX_RETRIES
from reviews.models import Hold
from tests import factories
from tests.api.conftest import assert_problem, platform, signed
from tests.reviews import world
from tests.reviews.world import verbs

pytestmark = pytest.mark.django_db


@pytest.fixture
def lost(alice: Any) -> Hold:
    return world.held_by_infrastructure(hotkey=alice.ss58_address)


def path(submission: Submission) -> str:
    return f"/v1/submissions/{submission.pk}/retry"


def retry(client: Any, submission: Submission, keypair: Any, body: bytes = b"", **more: Any) -> Any:
    return post(client, submission, more.get("headers") or signed(keypair, body), body)


def post(client: Any, submission: Submission, headers: dict[str, str], body: bytes = b"") -> Any:
    return client.generic("POST", path(submission), body, content_type="application/json", headers=headers)


def state(submission: Submission) -> tuple[str, str]:
    submission.refresh_from_db()
    return submission.status, submission.stage


@pytest.mark.parametrize("with_body", [False, True])
def test_the_owner_has_it_queued_again(client: Any, alice: Any, lost: Hold, with_body: bool) -> None:
    body = json.dumps({"submission_id": str(lost.submission_id)}).encode() if with_body else b""
    answer = retry(client, lost.submission, alice, body)
    assert answer.status_code == 200, answer.content
    assert answer.json()["id"] == str(lost.submission_id)
    assert state(lost.submission) == (Status.PENDING, Stage.QUEUED)
    run = Run.objects.get()
    assert (run.state, run.attempts_made) == (RunState.QUEUED, 0)
    lost.refresh_from_db()
    assert (lost.status, lost.decision, lost.decided_by) == (
        "resolved",
        "release",
        f"miner:{alice.ss58_address}",
    )
    assert verbs(lost) == ["open", "decide"]
    event = lost.submission.events.last()
    assert (event.verb, event.data) == ("retry", {"retry": 1, "of": MAX_RETRIES})


def test_what_an_operator_gave_up_is_tried_again_too(client: Any, alice: Any, lost: Hold) -> None:
    world.decide(lost, Hold.Decision.CONFIRM)
    assert state(lost.submission) == (Status.FAILED, Stage.DONE)
    assert retry(client, lost.submission, alice).status_code == 200
    assert state(lost.submission) == (Status.PENDING, Stage.QUEUED)


def test_the_same_message_again_changes_nothing(client: Any, alice: Any, lost: Hold) -> None:
    headers = signed(alice, b"")
    for _ in range(2):
        assert retry(client, lost.submission, alice, headers=headers).status_code == 200
    assert lost.submission.events.filter(verb="retry").count() == 1


def test_a_message_is_no_word_about_another_submission(client: Any, alice: Any, lost: Hold) -> None:
    other = world.held_by_infrastructure(hotkey=alice.ss58_address)
    headers = signed(alice, b"")
    retry(client, lost.submission, alice, headers=headers)
    assert_problem(retry(client, other.submission, alice, headers=headers), 409, "nonce_reused")
    assert state(other.submission)[0] == Status.HELD
    body = json.dumps({"submission_id": str(lost.submission_id)}).encode()
    assert_problem(retry(client, other.submission, alice, body), 400, "other_submission")


def test_tries_are_few(client: Any, alice: Any, lost: Hold) -> None:
    submission = lost.submission
    for _ in range(MAX_RETRIES):
        assert retry(client, submission, alice).status_code == 200
        for _ in range(3):
            world.lose_run(submission)
        pipeline.advance(str(submission.pk))
    assert_problem(retry(client, submission, alice), 409, "retries_spent")
    assert state(submission) == (Status.HELD, Stage.QUEUED)


def test_nobody_else_may(client: Any, alice: Any, bob: Any, lost: Hold) -> None:
    assert_problem(retry(client, lost.submission, bob), 403, "not_owner")
    assert_problem(post(client, lost.submission, {}), 401, "auth_header_missing")
    assert_problem(post(client, lost.submission, platform()), 401, "auth_header_missing")
    client.force_login(world.operator("eve", "resolve_hold"))
    assert_problem(post(client, lost.submission, {}), 401, "auth_header_missing")
    assert state(lost.submission)[0] == Status.HELD


def test_only_what_the_infrastructure_failed_is_tried_again(client: Any, alice: Any) -> None:
    own = {"hotkey": alice.ss58_address}
    others = [
        factories.make_submission(**own),
        factories.make_failed(**own),
        factories.make_completed(**own).submission,
        world.held_in_review(**own).submission,
    ]
    for submission in others:
        before = state(submission)
        assert_problem(retry(client, submission, alice), 409, "retry_not_possible")
        assert state(submission) == before


def test_a_hold_of_another_kind_is_not_passed_by(client: Any, alice: Any, lost: Hold) -> None:
    world.open_on(lost.submission)
    assert_problem(retry(client, lost.submission, alice), 409, "retry_not_possible")


def test_an_unknown_submission(client: Any, alice: Any) -> None:
    assert_problem(retry(client, Submission(), alice), 404, "not_found")
