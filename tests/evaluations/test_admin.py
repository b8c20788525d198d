"""The admin shows history and changes none of it; a release needs a permission and a note."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from evaluations import attempts, claims
from evaluations.enums import Mode, Stage, Status
from evaluations.models import Run, Submission
from prism_site import pipeline
from reviews.models import Hold
from tests.evaluations import world

pytestmark = pytest.mark.django_db
ROOMS = {
    "evaluations": ["submission", "run", "attempt", "event", "canary"],
    "reviews": ["hold", "holdevent", "review"],
    "scoring": ["quality", "score"],
}
MODELS = [f"{room}_{model}" for room, models in ROOMS.items() for model in models]


@pytest.fixture
def held(host: Path) -> Submission:
    submission = world.queued()
    for _ in range(attempts.ALLOWED_ATTEMPTS):
        attempt = claims.claim(host="h", backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})
        assert attempt is not None
        attempts.lose(attempt, reason="job_died")
    pipeline.advance(str(submission.pk))
    submission.refresh_from_db()
    return submission


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def staff(client: Client, *permissions: str) -> Client:
    user = User.objects.create_user("eve", is_staff=True)
    for permission in permissions:
        app, _, codename = permission.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client.force_login(user)
    return client


def release(client: Client, *submissions: Submission, note: str = "looked at it") -> int:
    chosen = [str(pk) for pk in Hold.objects.filter(submission__in=submissions).values_list("pk", flat=True)]
    data = {"action": "release", "note": note, "_selected_action": chosen}
    return client.post(reverse("admin:reviews_hold_changelist"), data).status_code


def status(submission: Submission) -> tuple[str, str]:
    submission.refresh_from_db()
    return submission.status, submission.stage


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_rows_are_shown_and_nothing_can_be_written(
    admin: Client, held: Submission, model: str
) -> None:
    assert admin.get(reverse(f"admin:{model}_changelist")).status_code == 200
    assert admin.get(reverse(f"admin:{model}_add")).status_code == 403
    row = held if model == "evaluations_submission" else None
    if row is not None:
        page = admin.get(reverse(f"admin:{model}_change", args=[row.pk]))
        assert page.status_code == 200
        assert admin.post(reverse(f"admin:{model}_change", args=[row.pk]), {"status": "x"}).status_code == 403
        assert admin.post(reverse(f"admin:{model}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_an_operator_releases_with_a_note_that_stays(client: Client, held: Submission) -> None:
    operator = staff(client, "reviews.view_hold", "reviews.resolve_hold")
    release(operator, held, note="new disk")
    assert status(held) == (Status.PENDING, Stage.QUEUED)
    event = held.events.last()
    assert event is not None
    assert (event.verb, event.by, event.data["note"]) == ("release", "operator:eve", "new disk")
    assert Run.objects.get(submission=held).attempts_made == 0


def test_without_a_note_nothing_is_released(admin: Client, held: Submission) -> None:
    release(admin, held, note="  ")
    assert status(held) == (Status.HELD, Stage.QUEUED)


def test_staff_without_the_permission_cannot_release(client: Client, held: Submission) -> None:
    release(staff(client, "reviews.view_hold"), held)
    assert status(held) == (Status.HELD, Stage.QUEUED)


def test_staff_without_any_permission_sees_nothing(client: Client, held: Submission) -> None:
    assert staff(client).get(reverse("admin:evaluations_submission_changelist")).status_code == 403


def test_strangers_are_sent_to_the_login(client: Client, held: Submission) -> None:
    assert release(client, held) == 302
    assert status(held) == (Status.HELD, Stage.QUEUED)
