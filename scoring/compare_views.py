"""The page that compares submissions, and its pictures."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from evaluations import charts
from evaluations.curves import CurveHead, head_of, points_of
from evaluations.views.curve import View
from scoring import compare_figures, compare_table
from scoring.compared import MOST, Compared, CompareRefused, NothingToCompare, compared, names_in


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Up to twelve submissions side by side; without any, how to name them."""
    try:
        found = compared(names_in(request.GET.getlist("ids")))
    except NothingToCompare:
        return render(request, "compare.html", {"most": MOST})
    except CompareRefused as refused:
        return render(request, "compare.html", {"refused": refused, "most": MOST}, status=refused.status)
    context = {
        "compared": found,
        "headings": compare_table.headings(),
        "rows": compare_table.rows(found),
        "most": MOST,
    }
    return render(request, "compare.html", context)


@require_safe
@cache_control(no_cache=True)
@conditional_page
def figure(request: HttpRequest) -> HttpResponse:
    """Both pictures as Plotly figures; a refusal as `{code, detail}`."""
    try:
        found = compared(names_in(request.GET.getlist("ids")))
    except CompareRefused as refused:
        return JsonResponse({"code": refused.code, "detail": str(refused)}, status=refused.status)
    return JsonResponse(_pictures(found, View.from_query(request.GET)))


def _pictures(found: Compared, view: View) -> dict[str, object]:
    heads = [head_of(each.submission.pk) for each in found.contestants]
    lines = [(each, points_of(head)) for each, head in zip(found.contestants, heads, strict=True)]
    drawn = [(each, points) for each, points in lines if len(points) and points.knows(view.look.x)]
    return {
        "curves": compare_figures.curves(drawn, _yardsticks(heads), view.look),
        "gains": compare_figures.gains(found),
        "drawn": len(drawn),
        "tested": sum(bool(each.difference and each.difference.along) for each in found.contestants),
        "live": any(head.live for head in heads),
        "z": found.thresholds.z_score,
    }


def _yardsticks(heads: list[CurveHead]) -> charts.Yardsticks:
    """Those of the first that has any: runs of one mode and seed have the same."""
    known = (head.yardsticks for head in heads if head.yardsticks.stream_bytes)
    return next(known, charts.Yardsticks())
