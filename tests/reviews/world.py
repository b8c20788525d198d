"""Holds of every kind at every point of the story, and operators."""

from typing import Any

from django.contrib.auth.models import Permission, User

from evaluations import attempts, claims, transitions
from evaluations.enums import Mode, Stage
from evaluations.models import Submission
from prism_site import decisions, pipeline
from reviews import holds
from reviews.models import Hold
from tests import factories

EVE, ADAM = "operator:eve", "operator:adam"
BY = "system:test"


def open_on(submission: Submission, kind: Hold.Kind = Hold.Kind.QUARANTINE, **fields: Any) -> Hold:
    """An open hold of a submission, wherever that stands."""
    values = {"reason_code": "opaque_constant", "summary": "An operator looks at it.", "evidence": {}}
    return holds.open_hold(submission.pk, kind=kind, by=BY, **{**values, **fields})


def held_in_review(**submission: Any) -> Hold:
    """A submission that its reviews found suspicious."""
    waiting = factories.make_submission(stage=Stage.REVIEW, **submission)
    transitions.hold(waiting.pk, by=BY, reason_code="opaque_constant", reason="An operator looks at it.")
    return open_on(waiting)


def held_by_infrastructure(**submission: Any) -> Hold:
    """A submission whose run was lost too often."""
    held = factories.make_held(**submission)
    pipeline.advance(str(held.pk))
    return Hold.objects.get(submission=held)


def run_through(submission: Submission) -> None:
    """Evaluate a queued submission and score it."""
    attempt = factories.start(factories.make_run(submission))
    evaluate_to_the_end(attempt)


def evaluate_to_the_end(attempt: Any) -> None:
    """Take a manifest, then let the pipeline score."""
    factories.make_points(attempt, len(factories.chunk_ends()))
    factories.finish(attempt)
    pipeline.advance(str(attempt.run.submission_id))


def decide(hold: Hold, decision: Hold.Decision, *, by: str = EVE, note: str = "looked at it") -> Hold:
    """Decide about a hold as it stands now."""
    hold.refresh_from_db()
    return decisions.decide(hold.pk, decision, by=by, note=note, version=hold.version)


def state(hold: Hold) -> tuple[str, str]:
    """Status and stage of the submission."""
    submission = Submission.objects.get(pk=hold.submission_id)
    return submission.status, submission.stage


def verbs(hold: Hold) -> list[str]:
    """The history of a hold."""
    return list(hold.events.values_list("verb", flat=True))


def operator(name: str = "eve", *codenames: str, staff: bool = True) -> User:
    """An account with permissions of the reviews room."""
    user = User.objects.create_user(name, is_staff=staff)
    found = Permission.objects.filter(content_type__app_label="reviews", codename__in=codenames)
    user.user_permissions.add(*found)
    return user


def lose_run(submission: Submission) -> None:
    """Lose the claimed run of a queued submission once."""
    attempt = claims.claim(host="h", backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})
    assert attempt is not None
    attempts.lose(attempt, reason="job_died")
