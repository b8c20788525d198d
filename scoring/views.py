"""The leaderboard page: fifty hotkeys at a time, so that the first of them are there at once."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from evaluations.enums import Mode
from evaluations.views import now
from evaluations.views.drawing import Point
from prism_site.api.paging import page_of
from prism_site.api.problems import Problem
from prism_site.config import env
from prism_site.policy.errors import PolicyInvalid
from scoring.epochs import Epoch, epoch_at, epoch_from
from scoring.metrics import Metric, metric_of
from scoring.payout import payout
from scoring.standings import After, Entry
from scoring.standings import leaderboard as standings
from scoring.standings_cursor import after_of, cursor_of

SHOWN = 50
EPOCHS_OFFERED = 8
METRICS = {Metric.PREQUENTIAL: "final score", Metric.BLEND: "blend of qualities"}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    entry: Entry
    points: list[Point]
    weight: float | None
    is_mine: bool


@require_safe
def leaderboard(request: HttpRequest) -> HttpResponse:
    """Who is ahead, by mode and epoch, each hotkey with its best."""
    mode = _mode(request.GET.get("mode", ""))
    epochs = recent_epochs()
    epoch = _epoch(request.GET.get("epoch", ""), epochs)
    hotkey = request.GET.get("hotkey", "").strip()[:64]
    shares, policy_problem = _weights(mode)
    metric = _metric(request.GET.get("metric", ""), mode)
    after = _after(request.GET.get("after", ""))
    found = standings(mode, epoch=epoch, limit=SHOWN + 1, after=after, metric=metric)
    entries, following = page_of(found, SHOWN, cursor_of)
    rows = _rows(entries, shares, hotkey=hotkey)
    context = {
        "mode": mode,
        "modes": list(Mode),
        "metric": metric,
        "metrics": METRICS,
        "epoch": epoch,
        "epochs": epochs,
        "hotkey": hotkey,
        "hotkey_is_listed": any(row.is_mine for row in rows),
        "rows": rows,
        "policy_problem": policy_problem,
        "after": after,
        "next_page": _next_page(request, following),
    }
    return render(request, "leaderboard.html", context)


def _after(cursor: str) -> After | None:
    """The entry that a page goes on from; the beginning for a cursor that is none."""
    try:
        return after_of(cursor)
    except Problem:
        return None


def _next_page(request: HttpRequest, cursor: str | None) -> str | None:
    """The query of the next page, with the same filters."""
    if cursor is None:
        return None
    query = request.GET.copy()
    query["after"] = cursor
    return query.urlencode()


def recent_epochs() -> list[Epoch]:
    """This epoch and the ones before it, newest first."""
    seconds = env().epoch_seconds
    current = epoch_at(timezone.now(), seconds)
    return [epoch_from(current.epoch_id - back * seconds, seconds) for back in range(EPOCHS_OFFERED)]


def _mode(asked: str) -> Mode:
    return Mode(asked) if asked in Mode.values else Mode(env().execution_mode)


def _metric(asked: str, mode: Mode) -> Metric:
    return Metric(asked) if asked in list(Metric) else metric_of(mode)


def _epoch(asked: str, offered: list[Epoch]) -> int | None:
    """The epoch asked for, if it is one of those offered; otherwise all time."""
    return next((epoch.epoch_id for epoch in offered if str(epoch.epoch_id) == asked), None)


def _rows(entries: list[Entry], shares: dict[str, float], *, hotkey: str) -> list[Row]:
    points = now.sparse_points_of_runs(entry.score.run_id for entry in entries)
    return [
        Row(
            entry=entry,
            points=points.get(entry.score.run_id, []),
            weight=shares.get(entry.score.hotkey),
            is_mine=bool(hotkey) and entry.score.hotkey == hotkey,
        )
        for entry in entries
    ]


def _weights(mode: Mode) -> tuple[dict[str, float], PolicyInvalid | None]:
    """What the standings earn; an invalid policy stops official weights and nothing else of the page."""
    try:
        return payout(mode).weights.weights, None
    except PolicyInvalid as problem:
        return {}, problem
