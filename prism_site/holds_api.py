"""Holds over HTTP: the list and the decision, for the platform by token and for operators by session."""

from typing import Any, NoReturn

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from pydantic import ValidationError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.api.json_body import not_as_described, read_json
from evaluations.transitions import TransitionRefused
from prism_site import decisions
from prism_site.api.operators import OperatorSession, ResolvesHolds, actor
from prism_site.api.paging import PageQuery, decode_cursor, encode_cursor, instant, page_of
from prism_site.api.problems import Problem
from prism_site.api.schema import answers
from prism_site.hold_answers import HoldPage, HoldRow, ResolveBody
from reviews.attribution import Attribution
from reviews.holds import DecisionRefused, HoldChanged
from reviews.models import Hold
from reviews.operators import OwnHotkey
from scoring.resolutions import AttributionRefused
from scoring.snapshots import final_until

MAX_BYTES = 16 * 1024
STATUS: dict[type[Exception], int] = {
    AttributionRefused: 422,
    DecisionRefused: 422,
    HoldChanged: 409,
    OwnHotkey: 403,
    TransitionRefused: 409,
}


class HoldQuery(PageQuery):
    """Which holds; the open ones unless `status` says otherwise."""

    status = serializers.ChoiceField(required=False, default=Hold.Status.OPEN, choices=Hold.Status.choices)
    kind = serializers.ChoiceField(required=False, choices=Hold.Kind.choices)
    reason_code = serializers.CharField(required=False, max_length=64)
    submission_id = serializers.UUIDField(required=False)


class HoldsView(APIView):
    """What waits for a person."""

    authentication_classes = [OperatorSession]
    permission_classes = [ResolvesHolds]

    @extend_schema(operation_id="holds", parameters=[HoldQuery], responses=answers(HoldPage, 400, 401, 403))
    def get(self, request: Request) -> Response:
        """Holds with their evidence, the most urgent first."""
        query = HoldQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        rows = list(_rows(query.validated_data)[: query.validated_data["limit"] + 1])
        found, cursor = page_of(rows, query.validated_data["limit"], _cursor_of)
        until = final_until()
        page = HoldPage(items=[HoldRow.of(hold, until) for hold in found], next_cursor=cursor)
        return Response(page.model_dump(mode="json"))


class ResolveView(APIView):
    """A decision about one hold."""

    authentication_classes = [OperatorSession]
    permission_classes = [ResolvesHolds]

    @extend_schema(
        operation_id="resolve_hold",
        request=ResolveBody,
        responses=answers(HoldRow, 400, 401, 403, 404, 409, 411, 413, 415, 422, 431),
    )
    def post(self, request: Request, hold_id: int) -> Response:
        """Decide, once: 409 `hold_changed` shows what another operator decided in the meantime."""
        body = read_json(request, ResolveBody, max_bytes=MAX_BYTES)
        hold = get_object_or_404(Hold, pk=hold_id)
        attribution = _attribution(body)
        try:
            resolved = decisions.decide(
                hold_id,
                body.decision_about(hold, attribution),
                by=actor(request),
                note=body.words,
                version=body.version or hold.version,
                attribution=attribution,
            )
        except tuple(STATUS) as error:
            _refuse(error)
        return Response(_row(resolved).model_dump(mode="json"))


def _rows(query: dict[str, Any]) -> QuerySet[Hold]:
    named = {
        name: query[name] for name in ("status", "kind", "reason_code", "submission_id") if name in query
    }
    rows = Hold.objects.select_related("submission").filter(**named).order_by("due_at", "pk")
    if query.get("cursor"):
        due_at, pk = decode_cursor(query["cursor"], instant, int)
        rows = rows.filter(Q(due_at__gt=due_at) | Q(due_at=due_at, pk__gt=pk))
    return rows


def _cursor_of(hold: Hold) -> str:
    return encode_cursor(hold.due_at.isoformat(), hold.pk)


def _attribution(body: ResolveBody) -> Attribution | None:
    try:
        return body.attribution()
    except ValidationError as error:
        raise not_as_described(error, ResolveBody, code="attribution_malformed") from error


def _row(hold: Hold) -> HoldRow:
    return HoldRow.of(hold, final_until())


def _refuse(error: Exception) -> NoReturn:
    code: str = getattr(error, "code")  # noqa: B009 - every kind in STATUS has one
    extra = {"hold": _row(error.hold).model_dump(mode="json")} if isinstance(error, HoldChanged) else {}
    raise Problem(STATUS[type(error)], code, str(error), extra=extra) from error
