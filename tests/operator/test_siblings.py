"""Holds that are closed together: one note, an event each, all or none, and one undo for all of them."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from evaluations.enums import Stage, Status
from evaluations.models import Submission
from prism_site import decisions, siblings
from prism_site.siblings import SiblingChanged, SiblingRefused
from reviews import holds
from reviews.holds import DecisionRefused
from reviews.models import Hold, OperatorProfile
from tests import factories
from tests.operator.conftest import make_anomaly, make_operator, make_quarantine

pytestmark = pytest.mark.django_db
EVE, MALLORY = "operator:eve", "operator:mallory"


def make_alike(count: int = 3) -> list[Hold]:
    """Submissions of one hotkey, all held for the same reason."""
    hotkey = factories.make_hotkey("prolific")
    return [make_quarantine(hotkey=hotkey) for _ in range(count)]


def close(hold: Hold, *others: Hold, decision: Hold.Decision = Hold.Decision.RELEASE, by: str = EVE) -> Hold:
    seen = [(other.pk, other.version) for other in others]
    return siblings.decide(
        hold.pk, decision, by=by, note="all of them", version=hold.version, with_siblings=seen
    )


def status(hold: Hold) -> str:
    return Submission.objects.get(pk=hold.submission_id).status


def trail(hold: Hold) -> list[str]:
    return list(hold.events.order_by("pk").values_list("verb", flat=True))


def offered(hold: Hold) -> list[int]:
    return [each.pk for each in siblings.siblings(hold)]


def test_siblings_are_of_the_submission_or_alike_and_of_the_hotkey() -> None:
    first, second = make_alike(2)
    make_quarantine()  # alike, of another hotkey
    make_anomaly(hotkey=first.submission.hotkey)  # of the hotkey, unlike
    same = holds.open_hold(
        first.submission_id,
        kind=Hold.Kind.LLM_SUSPICION,
        reason_code="question",
        summary="A question.",
        evidence={},
        by="system:pipeline",
    )
    assert offered(first) == [second.pk, same.pk]
    assert offered(same) == [first.pk]


@pytest.mark.parametrize(
    ("decision", "after"),
    [(Hold.Decision.RELEASE, Status.PENDING), (Hold.Decision.CONFIRM, Status.REJECTED)],
)
def test_all_are_decided_with_one_note_and_undone_at_once(decision: Hold.Decision, after: Status) -> None:
    alike = make_alike()
    close(*alike, decision=decision)
    assert [status(hold) for hold in alike] == [after] * 3
    for hold in alike:
        hold.refresh_from_db()
        assert (hold.decision, hold.decided_by, hold.note) == (decision, EVE, "all of them")
    assert [hold.closed_with_id for hold in alike] == [None, alike[0].pk, alike[0].pk]
    decisions.undo(alike[1].pk, by=EVE, note="a slip")
    assert [status(hold) for hold in alike] == [Status.HELD] * 3
    assert [trail(hold) for hold in alike] == [["open", "decide", "undo"]] * 3
    assert set(Hold.objects.values_list("status", "closed_with")) == {("open", None)}


def test_scores_that_count_together_are_taken_back_together() -> None:
    hotkey = factories.make_hotkey("measured")
    alike = [make_anomaly(hotkey=hotkey, ease=ease) for ease in (1.0, 2.0)]
    close(*alike, decision=Hold.Decision.LIFT_MULTIPLIER)
    assert [status(hold) for hold in alike] == [Status.COMPLETED] * 2
    decisions.undo(alike[0].pk, by=EVE, note="a slip")
    assert [status(hold) for hold in alike] == [Status.HELD] * 2
    scores = [Submission.objects.get(pk=hold.submission_id).score for hold in alike]
    assert [(score.multiplier, score.best_in_mode) for score in scores] == [(0.0, False)] * 2


def test_other_holds_of_one_submission_are_released_or_rejected_with_it() -> None:
    first = make_anomaly()
    second = make_quarantine(submission=first.submission)
    close(first, second, decision=Hold.Decision.CONFIRM)
    assert (status(first), trail(second)) == (Status.REJECTED, ["open", "close"])
    decisions.undo(first.pk, by=EVE, note="a slip")
    first.refresh_from_db()
    second.refresh_from_db()
    close(first, second)
    assert status(first) == Status.COMPLETED
    assert trail(second) == ["open", "close", "undo", "decide"]


def test_a_rejection_undone_brings_back_what_each_sibling_closed_besides() -> None:
    first, second = make_alike(2)
    third = make_other(second.submission_id)
    close(first, second, decision=Hold.Decision.CONFIRM)
    third.refresh_from_db()
    assert third.closed_with_id == second.pk
    decisions.undo(third.pk, by=EVE, note="a slip")
    assert set(Hold.objects.values_list("status", flat=True)) == {"open"}
    assert {status(first), status(second)} == {Status.HELD}


def make_other(submission_id: UUID) -> Hold:
    return holds.open_hold(
        submission_id,
        kind=Hold.Kind.LLM_SUSPICION,
        reason_code="question",
        summary="A question.",
        evidence={},
        by="system:pipeline",
    )


def test_one_that_somebody_else_has_just_decided_stops_all() -> None:
    first, second, third = make_alike()
    decisions.decide(second.pk, Hold.Decision.CONFIRM, by=MALLORY, note="a copy", version=second.version)
    with pytest.raises(SiblingChanged) as conflict:
        close(first, third, second)
    assert conflict.value.hold.decided_by == MALLORY
    assert "operator:mallory decided in the meantime: Confirm" in str(conflict.value)
    assert [status(hold) for hold in (first, third)] == [Status.HELD] * 2


def test_what_is_no_sibling_is_not_closed() -> None:
    hold, stranger = make_quarantine(), make_quarantine()
    attribute = {"decision": Hold.Decision.ATTRIBUTE}
    for others, said in (([stranger], {}), ([hold], {}), ([Hold(pk=999)], {}), (make_alike(1), attribute)):
        with pytest.raises(DecisionRefused):
            close(hold, *others, **said)  # type: ignore[arg-type]
    assert {status(hold), status(stranger)} == {Status.HELD}


def test_where_one_cannot_be_decided_none_is() -> None:
    first, second = make_alike(2)
    neighbour = {"hotkey": "5Eve", "similarity": 0.9}
    Hold.objects.filter(pk=second.pk).update(evidence={"neighbours": [neighbour]})
    OperatorProfile.objects.create(user=make_operator("eve"), hotkey="5Eve")
    with pytest.raises(SiblingRefused, match=f"hold {second.pk}: a hotkey of your own"):
        close(first, second)
    assert [status(hold) for hold in (first, second)] == [Status.HELD] * 2


def test_where_one_cannot_be_undone_none_is() -> None:
    alike = make_alike(2)
    close(*alike)
    Hold.objects.create(
        submission=alike[1].submission,
        kind=Hold.Kind.QUARANTINE,
        reason_code="another",
        summary="Another.",
        created_at=timezone.now(),
        due_at=timezone.now(),
    )
    with pytest.raises(decisions.UndoTooLate):
        decisions.undo(alike[0].pk, by=EVE, note="a slip")
    assert [status(hold) for hold in alike] == [Status.PENDING] * 2
    assert Submission.objects.get(pk=alike[0].submission_id).stage == Stage.QUEUED


def post(client: Client, hold: Hold, *others: Hold, decision: str = "release") -> Any:
    ticked = [f"{other.pk}:{other.version}" for other in others]
    said = {"decision": decision, "note": "all of them", "version": hold.version, "sibling": ticked}
    return client.post(f"/operator/holds/{hold.pk}/decide", said)


def test_the_page_offers_them_and_goes_on_after_them(eve: Client) -> None:
    first, second = make_alike(2)
    following = make_quarantine()
    page = eve.get(f"/operator/holds/{first.pk}").content.decode()
    assert f'value="{second.pk}:{second.version}" data-takes="confirm release"' in page
    assert f'id="sibling-{following.pk}"' not in page
    response = post(eve, first, second)
    assert response["Location"] == f"/operator/holds/{following.pk}?decided={first.pk}"
    assert "and 1 more hold with it" in eve.get(response["Location"]).content.decode()
    ended = eve.get(f"/operator/holds/{first.pk}").content.decode()
    assert f'Closed with it: <a href="/operator/holds/{second.pk}">' in ended
    page = eve.post(f"/operator/holds/{first.pk}/undo", {"note": "a slip"}, follow=True).content.decode()
    assert "Undone: 2 holds are open again." in page


def test_the_page_names_the_sibling_that_changed_and_keeps_what_was_written(
    eve: Client, mallory: Client
) -> None:
    first, second, third = make_alike()
    post(mallory, second, decision="confirm")
    response = post(eve, first, second, third)
    page = response.content.decode()
    assert response.status_code == 409
    for said in (
        "sibling_changed",
        f"hold {second.pk}",
        "operator:mallory decided",
        "all of them</textarea>",
    ):
        assert said in page
    assert f'value="{third.pk}:{third.version}" data-takes="confirm release" checked' in page
    assert status(first) == Status.HELD
