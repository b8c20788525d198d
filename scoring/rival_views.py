"""The lines behind a submission's curve, for the browser."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from evaluations.charts import line_of
from evaluations.curves import points_of
from evaluations.look import Look
from evaluations.models import Submission
from evaluations.views.curve import View
from scoring.rivals import Rival, rivals_of


@require_safe
@cache_control(no_cache=True)
@conditional_page
def figure(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """`{"data": [...]}`: the traces along the axis that is asked for, of those that have a place on it."""
    submission = get_object_or_404(Submission, pk=submission_id)
    look = View.from_query(request.GET).look
    lines = [_line(rival, look) for rival in rivals_of(submission)]
    return JsonResponse({"data": [line for line in lines if line is not None]})


def _line(rival: Rival, look: Look) -> dict[str, Any] | None:
    points = points_of(rival.head)
    if not len(points) or not points.knows(look.x):
        return None
    style = {"mode": "lines", "line": {"width": 1.5, "dash": "dashdot"}, "hovertemplate": "%{y:.4f}"}
    return {
        "meta": rival.role,
        "name": rival.name,
        **style,
        **line_of(points.along(look.x), points.bpb, look),
    }
