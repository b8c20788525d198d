"""Deciding on the pages: one winner, one conflict, one trail; nothing is lost that was written."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from evaluations.enums import Status
from evaluations.models import Submission
from reviews.models import Hold, HoldEvent, OperatorProfile
from tests.operator.conftest import make_anomaly, make_quarantine

pytestmark = pytest.mark.django_db


def decide(client: Client, hold: Hold, decision: str = "release", **given: Any) -> Any:
    said = {"decision": decision, "note": "looked at it", "version": hold.version, "filters": "", **given}
    return client.post(f"/operator/holds/{hold.pk}/decide", said)


def status(hold: Hold) -> str:
    return Submission.objects.get(pk=hold.submission_id).status


def trail(hold: Hold) -> list[str]:
    return list(hold.events.order_by("pk").values_list("verb", flat=True))


@pytest.mark.parametrize(
    ("decision", "after"),
    [("release", Status.COMPLETED), ("lift_multiplier", Status.COMPLETED), ("confirm", Status.REJECTED)],
)
def test_a_decision_is_carried_out_and_goes_on_to_the_next(eve: Client, decision: str, after: Status) -> None:
    hold, following = make_anomaly(), make_quarantine()
    response = decide(eve, hold, decision)
    assert response["Location"] == f"/operator/holds/{following.pk}?decided={hold.pk}"
    assert status(hold) == after
    hold.refresh_from_db()
    assert (hold.decided_by, hold.note) == ("operator:eve", "looked at it")


def test_the_next_hold_is_the_next_of_the_filtered_queue(eve: Client) -> None:
    first, _, third = make_quarantine(), make_anomaly(), make_quarantine()
    response = decide(eve, first, filters="kind=quarantine")
    assert response["Location"] == f"/operator/holds/{third.pk}?kind=quarantine&decided={first.pk}"


def test_after_the_last_one_the_queue_is_shown(eve: Client) -> None:
    hold = make_anomaly()
    response = decide(eve, hold)
    assert response["Location"] == f"/operator/holds?decided={hold.pk}"
    page = eve.get(response["Location"]).content.decode()
    assert "It can be undone until the epoch ends." in page


def test_of_two_operators_one_wins_and_the_other_sees_the_decision(eve: Client, mallory: Client) -> None:
    hold = make_anomaly()
    assert decide(mallory, hold, "confirm", note="it is a copy").status_code == 302
    response = decide(eve, hold, "release", note="my careful note")
    page = response.content.decode()
    assert response.status_code == 409
    assert 'data-conflict="hold_changed"' in page
    for said in ("operator:mallory", "Confirm", "it is a copy", "my careful note"):
        assert said in page
    assert status(hold) == Status.REJECTED
    assert trail(hold) == ["open", "decide"]


def test_a_claim_of_another_keeps_nobody_from_deciding(eve: Client, mallory: Client) -> None:
    hold = make_anomaly()
    mallory.post(f"/operator/holds/{hold.pk}/claim", {"action": "claim"})
    assert decide(eve, hold).status_code == 302


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"note": " "}, "decision_refused"),
        ({"decision": ""}, "form_incomplete"),
        ({"decision": "delete"}, "form_incomplete"),
        ({"version": "x"}, "form_incomplete"),
        ({"decision": "attribute"}, "form_incomplete"),
        ({"decision": "attribute", "architecture_action": "new"}, "decision_refused"),
        ({"decision": "attribute", "architecture_action": "existing"}, "form_incomplete"),
    ],
    ids=str,
)
def test_a_refused_decision_changes_nothing_and_keeps_the_note(
    eve: Client, given: dict[str, str], code: str
) -> None:
    hold = make_anomaly()
    response = decide(eve, hold, **{"note": "words to keep", **given})
    page = response.content.decode()
    assert response.status_code == 422
    assert f'<strong class="mono">{code}</strong>' in page
    assert given.get("note", "words to keep") in page
    assert status(hold) == Status.HELD


def test_an_operator_does_not_decide_about_a_hotkey_of_their_own(sign_in: Callable[..., Client]) -> None:
    hold, client = make_anomaly(), sign_in("eve")
    OperatorProfile.objects.create(user=User.objects.get(username="eve"), hotkey=hold.submission.hotkey)
    page = client.get(f"/operator/holds/{hold.pk}").content.decode()
    assert "A hotkey of your own is involved." in page
    assert 'name="decision"' not in page
    response = decide(client, hold)
    assert response.status_code == 422
    assert "own_hotkey" in response.content.decode()
    assert status(hold) == Status.HELD


def test_undo_opens_it_again_and_shows_it(eve: Client) -> None:
    hold = make_anomaly()
    decide(eve, hold, "confirm")
    response = eve.post(f"/operator/holds/{hold.pk}/undo", {"note": "a slip", "filters": "kind=quarantine"})
    assert response["Location"] == f"/operator/holds/{hold.pk}?kind=quarantine"
    assert status(hold) == Status.HELD
    assert trail(hold) == ["open", "decide", "undo"]
    assert "the hold is open again" in eve.get(response["Location"]).content.decode()


def test_undoing_what_is_open_is_refused(eve: Client) -> None:
    hold = make_anomaly()
    response = eve.post(f"/operator/holds/{hold.pk}/undo", {"note": "a slip"})
    assert response.status_code == 422
    assert "hold_changed" in response.content.decode()


def test_only_the_one_who_decided_is_offered_the_undo_at_once(eve: Client, mallory: Client) -> None:
    hold = make_anomaly()
    decide(eve, hold)
    path = f"/operator/holds?decided={hold.pk}"
    assert "Undo" in eve.get(path).content.decode()
    assert "Undo" not in mallory.get(path).content.decode()
    for asked in ("x", "-1", "9" * 30, ""):
        assert eve.get(f"/operator/holds?decided={asked}").status_code == 200


def test_several_holds_of_one_reason_are_decided_together(eve: Client) -> None:
    alike = [make_quarantine() for _ in range(3)]
    said = {"hold": [f"{hold.pk}:{hold.version}" for hold in alike], "decision": "confirm", "note": "copies"}
    response = eve.post("/operator/holds/decide", {**said, "filters": "kind=quarantine"}, follow=True)
    assert response.redirect_chain[-1][0] == "/operator/holds?kind=quarantine"
    assert "Confirm: 3 holds." in response.content.decode()
    assert {status(hold) for hold in alike} == {Status.REJECTED}
    assert HoldEvent.objects.filter(verb="decide").count() == 3


def test_one_that_changed_is_named_and_the_others_are_decided(eve: Client, mallory: Client) -> None:
    first, second = make_quarantine(), make_quarantine()
    seen = [f"{hold.pk}:{hold.version}" for hold in (first, second)]
    decide(mallory, first, "confirm")
    response = eve.post(
        "/operator/holds/decide", {"hold": seen, "decision": "release", "note": "fine"}, follow=True
    )
    page = response.content.decode()
    assert f"Hold {first.pk} was left alone: operator:mallory decided in the meantime: Confirm" in page
    assert "Release: 1 hold." in page


def test_unlike_holds_are_not_decided_together(eve: Client) -> None:
    holds = [make_quarantine(), make_anomaly()]
    seen = [f"{hold.pk}:{hold.version}" for hold in holds]
    response = eve.post(
        "/operator/holds/decide", {"hold": seen, "decision": "release", "note": "fine"}, follow=True
    )
    assert "Nothing was decided" in response.content.decode()
    assert {status(hold) for hold in holds} == {Status.HELD}


@pytest.mark.parametrize(
    "said",
    [
        {"decision": "release", "note": "fine"},
        {"hold": "1:1", "decision": "release", "note": " "},
        {"hold": "1:1", "decision": "", "note": "fine"},
        {"hold": ["x", "1", "1:x", "1:1:1"], "decision": "release", "note": "fine"},
    ],
    ids=["none", "no note", "no decision", "nonsense"],
)
def test_an_incomplete_bulk_decision_decides_nothing(eve: Client, said: dict[str, Any]) -> None:
    hold = make_anomaly()
    page = eve.post("/operator/holds/decide", said, follow=True).content.decode()
    assert "Choose holds and a decision" in page
    assert status(hold) == Status.HELD
