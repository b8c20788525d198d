"""How often rules and reviewers were overturned, as a page and as JSON."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from prism_site.api.etags import etag_of, not_modified, tagged
from prism_site.api.operators import OperatorSession, ResolvesHolds
from prism_site.api.schema import answers
from prism_site.operator.guard import operators_only
from prism_site.operator.overturns import DEFAULT_DAYS, WINDOWS, OverturnReport, days_of, report


class WindowQuery(serializers.Serializer[None]):
    """How far back."""

    days = serializers.ChoiceField(required=False, default=DEFAULT_DAYS, choices=WINDOWS)


@require_safe
@operators_only
def page(request: HttpRequest) -> HttpResponse:
    """Rules and reviewers of a window of time."""
    found = report(days_of(request.GET.get("days", "")))
    return render(request, "operator/overturns.html", {"report": found, "windows": WINDOWS})


class OverturnsView(APIView):
    """The same for a program."""

    authentication_classes = [OperatorSession]
    permission_classes = [ResolvesHolds]

    @extend_schema(
        operation_id="overturns",
        parameters=[WindowQuery],
        responses=answers(OverturnReport, 400, 401, 403),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Fired, decided and overturned, with the 95 % interval of each rate."""
        query = WindowQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        found = report(query.validated_data["days"]).model_dump(mode="json")
        etag = etag_of(found)
        return not_modified(request, etag) or tagged(found, etag)
