"""How many submissions came on each day."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F
from django.db.models.functions import TruncDate
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.api.answers import DayCount, History
from evaluations.models import Submission
from prism_site.access.throttles import AddressThrottle
from prism_site.api.permissions import Public
from prism_site.api.schema import answers


class HistoryQuery(serializers.Serializer[Any]):
    """How far back."""

    days = serializers.IntegerField(required=False, default=90, min_value=1, max_value=366)


class HistoryView(APIView):
    """Counts per UTC day."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(operation_id="history", parameters=[HistoryQuery], responses=answers(History, 400))
    def get(self, request: Request) -> Response:
        """Submissions per UTC day and status, today last."""
        query = HistoryQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response(_history(query.validated_data["days"]).model_dump(mode="json"))


def _history(days: int) -> History:
    today = timezone.now().date()
    wanted = [today - timedelta(days=back) for back in reversed(range(days))]
    counts: dict[Any, dict[str, int]] = {day: {} for day in wanted}
    rows = Submission.objects.filter(created_at__gte=datetime.combine(wanted[0], time.min, tzinfo=UTC))
    for row in rows.values(day=TruncDate("created_at"), state=F("status")).annotate(count=Count("pk")):
        counts.setdefault(row["day"], {})[row["state"]] = row["count"]
    return History(
        days=[
            DayCount(day=day, total=sum(states.values()), by_status=states) for day, states in counts.items()
        ]
    )
