"""Holds over HTTP: who may, what is listed, and how a decision that comes too late is told."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from evaluations.enums import Status
from evaluations.models import Submission
from reviews.models import Hold, OperatorProfile
from tests.api.conftest import assert_problem, platform, signed
from tests.reviews import world
from tests.reviews.test_holds import held as held_by_anomaly

pytestmark = pytest.mark.django_db
LIST = "/internal/v1/component-review/holds"


def resolve_path(hold: Hold) -> str:
    return f"{LIST}/{hold.pk}/resolve"


def post(client: Client, hold: Hold, headers: dict[str, str] | None = None, **body: Any) -> Any:
    headers = platform() if headers is None else headers
    data = json.dumps(body or {"decision": "release", "note": "seen", "version": hold.version})
    return client.post(resolve_path(hold), data, content_type="application/json", headers=headers)


def logged_in(*codenames: str, csrf: bool = False, **user: Any) -> Client:
    client = Client(enforce_csrf_checks=csrf)
    account = User.objects.create_user("eve", **user)
    account.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    client.force_login(account)
    return client


# who


def anonymous(keypair: Any) -> tuple[Client, dict[str, str]]:
    return Client(), {}


def wrong_token(keypair: Any) -> tuple[Client, dict[str, str]]:
    return Client(), {"Authorization": "Bearer guess"}


def miner(keypair: Any) -> tuple[Client, dict[str, str]]:
    return Client(), signed(keypair, b"")


def account_without_permission(keypair: Any) -> tuple[Client, dict[str, str]]:
    return logged_in("view_hold", is_staff=True), {}


def operator(keypair: Any) -> tuple[Client, dict[str, str]]:
    return logged_in("resolve_hold"), {}


def administrator(keypair: Any) -> tuple[Client, dict[str, str]]:
    return logged_in(is_staff=True, is_superuser=True), {}


def the_platform(keypair: Any) -> tuple[Client, dict[str, str]]:
    return Client(), platform()


WHO = [
    (anonymous, 401, "internal_auth"),
    (wrong_token, 401, "internal_auth"),
    (miner, 401, "internal_auth"),  # the owner and any other miner alike
    (account_without_permission, 403, "forbidden"),
    (operator, 200, ""),
    (administrator, 200, ""),
    (the_platform, 200, ""),
]


@pytest.mark.parametrize(("who", "status", "code"), WHO)
def test_who_may_read_and_who_may_decide(alice: Any, who: Any, status: int, code: str) -> None:
    hold = world.held_in_review(hotkey=alice.ss58_address)
    client, headers = who(alice)
    answers = [client.get(LIST, headers=headers), post(client, hold, headers)]
    for answer in answers:
        if code:
            assert_problem(answer, status, code)
        else:
            assert answer.status_code == status, answer.content
    hold.refresh_from_db()
    assert (hold.status == "resolved") == (status == 200)


def test_a_session_needs_its_csrf_token() -> None:
    hold = world.held_in_review()
    client = logged_in("resolve_hold", csrf=True)
    assert_problem(post(client, hold, {}), 403, "forbidden")
    client.get("/login/")
    client.cookies["csrftoken"] = "a" * 32
    assert post(client, hold, {"X-CSRFToken": "a" * 32}).status_code == 200
    hold.refresh_from_db()
    assert hold.decided_by == "operator:eve"


def test_a_token_is_judged_by_itself_whatever_session_comes_along() -> None:
    hold = world.held_in_review()
    client = logged_in("resolve_hold", csrf=True)
    assert_problem(post(client, hold, {"Authorization": "Bearer guess"}), 401, "internal_auth")
    assert post(client, hold).status_code == 200
    hold.refresh_from_db()
    assert hold.decided_by == "system:platform"


def test_an_operator_is_kept_from_an_own_hotkey() -> None:
    hold = world.held_in_review()
    client = logged_in("resolve_hold")
    OperatorProfile.objects.create(user=User.objects.get(), hotkey=hold.submission.hotkey)
    assert_problem(post(client, hold, {}), 403, "own_hotkey")


# the list


def test_the_list_tells_everything_that_is_needed_to_decide(client: Client) -> None:
    hold = held_by_anomaly()
    (row,) = client.get(LIST, headers=platform()).json()["items"]
    assert row["id"] == hold.pk
    assert row["submission_id"] == str(hold.submission_id)
    assert row["evidence"]["anomalies"][0]["code"] == "step0_anomaly"
    assert row["decisions"] == ["confirm", "lift_multiplier", "release"]
    assert row["age_seconds"] >= 0
    assert (row["status"], row["overdue"], row["claimed_by"], row["can_undo"]) == ("open", False, "", False)


def test_pages_neither_repeat_nor_skip(client: Client) -> None:
    made = [world.held_in_review().pk for _ in range(5)]
    seen: list[int] = []
    cursor = ""
    while cursor is not None:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = client.get(LIST, query, headers=platform()).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert seen == made


def test_filters_are_honoured_and_checked(client: Client) -> None:
    first, other = world.held_in_review(), world.held_by_infrastructure()
    world.decide(first, Hold.Decision.RELEASE)

    def ids(**query: str) -> list[int]:
        return [row["id"] for row in client.get(LIST, query, headers=platform()).json()["items"]]

    assert ids() == ids(kind="infrastructure") == ids(reason_code="infrastructure") == [other.pk]
    assert (
        ids(status="resolved") == ids(status="resolved", submission_id=str(first.submission_id)) == [first.pk]
    )
    assert ids(kind="quarantine") == []
    assert_problem(client.get(LIST, {"kind": "odd"}, headers=platform()), 400, "invalid")
    assert_problem(client.get(LIST, {"cursor": "odd"}, headers=platform()), 400, "cursor_malformed")


# the decision


def test_a_decision_moves_the_submission_and_answers_with_the_hold(client: Client) -> None:
    hold = world.held_in_review()
    answer = post(client, hold, decision="confirm", note="copied", version=1).json()
    assert (answer["status"], answer["decision"], answer["note"]) == ("resolved", "confirm", "copied")
    assert (answer["version"], answer["can_undo"], answer["decisions"]) == (2, True, [])
    assert Submission.objects.get().status == Status.REJECTED


def test_whoever_comes_second_is_shown_the_decision(client: Client) -> None:
    hold = world.held_in_review()
    post(client, hold, decision="confirm", note="copied", version=1)
    body = assert_problem(post(client, hold, decision="release", note="fine", version=1), 409, "hold_changed")
    assert (body["hold"]["decision"], body["hold"]["decided_by"], body["hold"]["note"]) == (
        "confirm", "system:platform", "copied",
    )  # fmt: skip
    assert Submission.objects.get().status == Status.REJECTED


@pytest.mark.parametrize(
    ("attribution", "status"),
    [
        ({"architecture_action": "new", "training_action": "new"}, Status.PENDING),
        (
            {"architecture_action": "variant", "architecture_id": "a1", "training_action": "none"},
            Status.PENDING,
        ),
        ({"architecture_action": "reject", "training_action": "reject"}, Status.REJECTED),
    ],
)
def test_an_attribution_alone_decides_too(client: Client, attribution: dict[str, str], status: str) -> None:
    hold = world.held_in_review()
    answer = post(client, hold, **attribution, reason="compared both")
    assert answer.status_code == 200, answer.content
    hold.refresh_from_db()
    assert hold.resolution["architecture_action"] == attribution["architecture_action"]
    assert hold.note == "compared both"
    assert Submission.objects.get().status == status


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"note": "n"}, 422, "decision_refused"),
        ({"decision": "maybe", "note": "n"}, 422, "decision_refused"),
        ({"decision": "release"}, 422, "decision_refused"),
        ({"decision": "lift_multiplier", "note": "n"}, 422, "decision_refused"),
        ({"decision": "release", "note": "n", "version": 7}, 409, "hold_changed"),
        ({"decision": "release", "note": 7}, 400, "json_type"),
        ({"decision": "release", "note": "n", "extra": 1}, 400, "json_schema"),
        ({"architecture_action": "maybe", "reason": "r"}, 400, "attribution_malformed"),
        ({"architecture_action": "existing", "reason": "r"}, 400, "attribution_malformed"),
        ({"training_action": "new", "reason": "r"}, 400, "attribution_malformed"),
    ],
)
def test_what_is_no_decision_is_refused_and_changes_nothing(
    client: Client, body: dict[str, Any], status: int, code: str
) -> None:
    hold = world.held_in_review()
    assert_problem(post(client, hold, **body), status, code)
    assert Submission.objects.get().status == Status.HELD


def test_a_hold_that_is_not_there(client: Client) -> None:
    hold = world.held_in_review()
    data = json.dumps({"decision": "release", "note": "n"})
    path = f"{LIST}/{hold.pk + 99}/resolve"
    answer = client.post(path, data, content_type="application/json", headers=platform())
    assert_problem(answer, 404, "not_found")


def test_a_body_that_is_too_large_or_no_json(client: Client) -> None:
    path = resolve_path(world.held_in_review())
    large = b"{" + b" " * 20_000 + b"}"
    for raw, kind, status, code in (
        (large, "application/json", 413, "body_too_large"),
        (b"[", "application/json", 400, "json_malformed"),
        (b"decision=release", "application/x-www-form-urlencoded", 415, "content_type"),
    ):
        assert_problem(client.post(path, raw, content_type=kind, headers=platform()), status, code)
