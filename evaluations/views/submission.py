"""The page of one submission, and the parts of it that refresh themselves."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from evaluations.attributed import attributed
from evaluations.views import curve, detail, graph_drawing, log

STOP_POLLING = 286  # htmx ends its poll on this status, and still shows the body


@require_safe
def page(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """Everything about one submission."""
    moving = detail.moving(submission_id)
    identity = getattr(moving.submission, "identity", None)
    context: dict[str, Any] = {
        "detail": moving,
        "files": detail.bundle_files(submission_id),
        "identity": identity,
        "family": attributed(moving.submission)["family"],
        "drawing": graph_drawing.svg(identity.graph) if identity else "",
    }
    return render(request, "submission.html", context)


@require_safe
@cache_control(no_cache=True)
@conditional_page
def live(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """The moving parts again; the last answer ends the polling."""
    moving = detail.moving(submission_id)
    status = STOP_POLLING if moving.is_over else 200
    return render(request, "submission/live.html", {"detail": moving, "refresh": True}, status=status)


@require_safe
@cache_control(no_cache=True)
@conditional_page
def figure(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """The curve as a Plotly figure, or with `after=` the points that came since."""
    view = curve.View.from_query(request.GET)
    return JsonResponse(curve.answer(submission_id, view))


@require_safe
def learner_log(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """The end of the learner's own log."""
    return render(request, "submission/log.html", {"tail": log.tail(detail.newest_attempt(submission_id))})
