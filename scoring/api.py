"""The standings and the epochs over HTTP."""

from typing import Any

from django.db.models import Count
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.enums import Mode
from evaluations.models import Submission
from prism_site.access.throttles import AddressThrottle
from prism_site.api.etags import etag_of, not_modified, tagged
from prism_site.api.paging import PageQuery, decode_cursor, encode_cursor, page_of
from prism_site.api.permissions import Public
from prism_site.api.schema import answers
from prism_site.config import env
from scoring import standings
from scoring.answers import EpochCount, EpochPage, EpochRow, Leaderboard, LeaderboardEntry
from scoring.epochs import epoch_at, epoch_from
from scoring.metrics import Metric, metric_of
from scoring.standings_cursor import after_of, cursor_of


class LeaderboardQuery(PageQuery):
    """Whose standings; without `epoch` those of all time, without `mode` those of new submissions.

    Without `metric` they are ranked by what policy says.
    """

    epoch = serializers.IntegerField(required=False, min_value=0, max_value=2**62)
    mode = serializers.ChoiceField(required=False, choices=Mode.choices)
    metric = serializers.ChoiceField(required=False, choices=[metric.value for metric in Metric])


class LeaderboardView(APIView):
    """Who is ahead."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(
        operation_id="leaderboard", parameters=[LeaderboardQuery], responses=answers(Leaderboard, 400)
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The best submission of every hotkey in rank order."""
        query = LeaderboardQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        body = _leaderboard(query.validated_data).model_dump(mode="json")
        etag = etag_of(body)
        return not_modified(request, etag) or tagged(body, etag)


def _leaderboard(query: dict[str, Any]) -> Leaderboard:
    mode, epoch, limit = Mode(query.get("mode", env().execution_mode)), query.get("epoch"), query["limit"]
    metric = Metric(query["metric"]) if "metric" in query else metric_of(mode)
    after = after_of(query.get("cursor"))
    rows = standings.leaderboard(mode, epoch=epoch, limit=limit + 1, after=after, metric=metric)
    found, cursor = page_of(rows, limit, cursor_of)
    return Leaderboard(
        epoch=epoch,
        mode=mode,
        official=mode.is_official,
        metric=metric,
        entries=[LeaderboardEntry.of(entry) for entry in found],
        next_cursor=cursor,
    )


class CurrentEpochView(APIView):
    """The running epoch."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(operation_id="current_epoch", responses=answers(EpochRow))
    def get(self, request: Request) -> Response:
        """The epoch that holds this moment."""
        epoch = epoch_at(timezone.now(), env().epoch_seconds)
        return Response(EpochRow(**vars(epoch)).model_dump(mode="json"))


class EpochsView(APIView):
    """Past epochs."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(operation_id="epochs", parameters=[PageQuery], responses=answers(EpochPage, 400))
    def get(self, request: Request) -> Response:
        """Epochs in which submissions were accepted, newest first."""
        query = PageQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        cursor, limit = query.validated_data.get("cursor"), query.validated_data["limit"]
        rows = Submission.objects.values("epoch").annotate(count=Count("pk")).order_by("-epoch")
        if cursor:
            rows = rows.filter(epoch__lt=decode_cursor(cursor, int)[0])
        found, next_cursor = page_of(list(rows[: limit + 1]), limit, lambda row: encode_cursor(row["epoch"]))
        seconds = env().epoch_seconds
        items = [
            EpochCount(**vars(epoch_from(row["epoch"], seconds)), submissions=row["count"]) for row in found
        ]
        return Response(EpochPage(items=items, next_cursor=next_cursor).model_dump(mode="json"))
