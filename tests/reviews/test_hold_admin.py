"""Deciding in the admin: a permission and a note are needed, and who has neither changes nothing."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from evaluations.enums import Status
from evaluations.models import Submission
from reviews.models import Hold
from tests.reviews.test_holds import held

pytestmark = pytest.mark.django_db
LIST = "admin:reviews_hold_changelist"


def staff(client: Client, *codenames: str) -> Client:
    user = User.objects.create_user("eve", is_staff=True)
    found = Permission.objects.filter(content_type__app_label="reviews", codename__in=codenames)
    user.user_permissions.add(*found)
    client.force_login(user)
    return client


def act(client: Client, hold: Hold, action: str, note: str = "looked at it") -> int:
    data = {"action": action, "note": note, "_selected_action": [str(hold.pk)]}
    return client.post(reverse(LIST), data).status_code


def status(hold: Hold) -> str:
    return Submission.objects.get(pk=hold.submission_id).status


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ("lift_multiplier", Status.COMPLETED),
        ("release", Status.COMPLETED),
        ("confirm", Status.REJECTED),
    ],
)
def test_an_operator_decides_with_a_note(client: Client, action: str, after: Status) -> None:
    hold = held()
    act(staff(client, "view_hold", "resolve_hold"), hold, action, note="a reason")
    hold.refresh_from_db()
    assert (hold.decision, hold.decided_by, hold.note) == (action, "operator:eve", "a reason")
    assert status(hold) == after


def test_without_a_note_nothing_is_decided(client: Client) -> None:
    hold = held()
    act(staff(client, "view_hold", "resolve_hold"), hold, "release", note=" ")
    assert status(hold) == Status.HELD


def test_deciding_twice_says_so(client: Client) -> None:
    hold = held()
    operator = staff(client, "view_hold", "resolve_hold")
    act(operator, hold, "release")
    act(operator, hold, "confirm")
    assert "decided in the meantime" in operator.get(reverse(LIST)).content.decode()
    assert status(hold) == Status.COMPLETED


def test_staff_without_the_permission_decides_nothing(client: Client) -> None:
    hold = held()
    act(staff(client, "view_hold"), hold, "confirm")
    assert status(hold) == Status.HELD


def test_strangers_are_sent_to_the_login(client: Client) -> None:
    hold = held()
    assert act(client, hold, "confirm") == 302
    assert status(hold) == Status.HELD


def test_a_hold_is_shown_and_cannot_be_written_by_hand(client: Client) -> None:
    hold = held()
    client.force_login(User.objects.create_superuser("root"))
    url = reverse("admin:reviews_hold_change", args=[hold.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"status": "resolved"}).status_code == 403
