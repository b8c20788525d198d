"""The front page: what is happening now."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from evaluations.enums import Mode
from evaluations.runner.codelength import bits_per_byte
from evaluations.views import drawing, now
from prism_site.config import env
from scoring.epochs import epoch_at
from scoring.standings import Entry
from scoring.standings import leaderboard as standings


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Pipeline, runs in progress, the best curve, the epoch and the newest submissions."""
    return render(request, "home.html", _context())


@require_safe
@cache_control(no_cache=True)
@conditional_page
def live(request: HttpRequest) -> HttpResponse:
    """The same again, for the page's own refresh."""
    return render(request, "home/now.html", _context())


def _context() -> dict[str, Any]:
    mode = Mode(env().execution_mode)
    leading = standings(mode, limit=1)
    return {
        "mode": mode,
        "pipeline": now.pipeline(),
        "running": now.running(),
        "recent": now.recent(),
        "best": leading[0] if leading else None,
        "plot": _plot(leading[0]) if leading else None,
        "epoch": epoch_at(timezone.now(), env().epoch_seconds),
    }


def _plot(best: Entry) -> drawing.Plot | None:
    """The leader's curve over PPMd; its run is loaded with one query."""
    run = best.score.run
    ppmd = zip(run.yardsticks.get("bytes", []), run.yardsticks.get("ppmd_bits", []), strict=True)
    curve = (run.manifest or {}).get("curve") or {"bytes": [], "bpb": []}
    return drawing.plot(
        list(zip(curve["bytes"], curve["bpb"], strict=True)),
        [(count, bits_per_byte(bits, count)) for count, bits in ppmd],
    )
