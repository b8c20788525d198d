"""Architectures and training variants over HTTP."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.enums import Mode
from prism_site.access.throttles import AddressThrottle
from prism_site.api.etags import etag_of, not_modified, tagged
from prism_site.api.paging import PageQuery, decode_cursor, encode_cursor, identifier, instant, page_of
from prism_site.api.permissions import Public
from prism_site.api.schema import answers
from prism_site.config import env
from scoring import families
from scoring.architecture_answers import (
    Architecture,
    ArchitecturePage,
    ArchitectureRow,
    OwnershipEventRow,
    Report,
    VariantPage,
    VariantRow,
)
from scoring.architecture_report import sentences
from scoring.models import Family, Variant

EVENTS_SHOWN = 50


class ArchitectureQuery(PageQuery):
    """Of which mode; without it that of new submissions."""

    mode = serializers.ChoiceField(required=False, choices=Mode.choices)


class VariantQuery(ArchitectureQuery):
    """Of which family; without it those of the whole mode."""

    architecture_id = serializers.UUIDField(required=False)


class PublicView(APIView):
    """What everybody may read."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]


class ArchitecturesView(PublicView):
    """What was discovered."""

    @extend_schema(
        operation_id="architectures", parameters=[ArchitectureQuery], responses=answers(ArchitecturePage, 400)
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Families of a mode, the best first."""
        query = _checked(ArchitectureQuery, request)
        mode = Mode(query.get("mode", env().execution_mode))
        rows = families.listed(mode, after=_family_place(query.get("cursor")))
        found, cursor = page_of(list(rows[: query["limit"] + 1]), query["limit"], _family_cursor)
        items = [ArchitectureRow.of(row) for row in found]
        page = ArchitecturePage(mode=mode, official=mode.is_official, items=items, next_cursor=cursor)
        body = page.model_dump(mode="json")
        etag = etag_of(body)
        return not_modified(request, etag) or tagged(body, etag)


class ArchitectureView(PublicView):
    """One discovery."""

    @extend_schema(operation_id="architecture", responses=answers(Architecture, 404))
    def get(self, request: Request, architecture_id: UUID) -> Response:
        """A family with its graph and what happened to it, the newest first."""
        family = families.one(architecture_id)
        identity = families.identity_of(family)
        events = family.events.order_by("-pk")[:EVENTS_SHOWN]
        answer = Architecture(
            **ArchitectureRow.fields_of(family),
            graph=identity.graph if identity else None,
            graph_source=identity.graph_source if identity else "",
            graph_hashes=sorted(family.graphs.values_list("graph_hash", flat=True)[:EVENTS_SHOWN]),
            architecture_hashes=family.sources.count(),
            events=[OwnershipEventRow.of(event) for event in events],
        )
        return Response(answer.model_dump(mode="json"))


class ArchitectureVariantsView(PublicView):
    """How it is trained."""

    @extend_schema(
        operation_id="architecture_variants", parameters=[PageQuery], responses=answers(VariantPage, 400, 404)
    )
    def get(self, request: Request, architecture_id: UUID) -> Response:
        """The variants of a family, the best first."""
        query = _checked(PageQuery, request)
        return Response(_variants_of(get_object_or_404(Family, pk=architecture_id), query))


class ArchitectureReportView(PublicView):
    """What is known."""

    @extend_schema(operation_id="architecture_report", responses=answers(Report, 404))
    def get(self, request: Request, architecture_id: UUID) -> Response:
        """Facts about a family in sentences; nothing in them is estimated or phrased by a model."""
        family = families.one(architecture_id)
        report = Report(architecture_id=family.pk, phrased_by=None, sentences=sentences(family))
        return Response(report.model_dump(mode="json"))


class TrainingVariantsView(PublicView):
    """Training recipes."""

    @extend_schema(
        operation_id="training_variants", parameters=[VariantQuery], responses=answers(VariantPage, 400, 404)
    )
    def get(self, request: Request) -> Response:
        """Variants of one family, the best first, or of a whole mode, the newest first."""
        query = _checked(VariantQuery, request)
        if "architecture_id" in query:
            return Response(_variants_of(get_object_or_404(Family, pk=query["architecture_id"]), query))
        rows = families.newest_variants(Mode(query.get("mode", env().execution_mode)))
        if query.get("cursor"):
            at, pk = decode_cursor(query["cursor"], instant, identifier)
            rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__gt=pk), created_at__lte=at)
        found, cursor = page_of(
            list(rows[: query["limit"] + 1]),
            query["limit"],
            lambda row: encode_cursor(row.created_at.isoformat(), row.pk),
        )
        return Response(_variant_page(found, cursor))


def _checked(kind: type[PageQuery], request: Request) -> dict[str, Any]:
    query = kind(data=request.query_params)
    query.is_valid(raise_exception=True)
    found: dict[str, Any] = query.validated_data
    return found


def _variants_of(family: Family, query: dict[str, Any]) -> dict[str, Any]:
    rows: QuerySet[Variant] = families.variants_of(family)
    if query.get("cursor"):
        score, pk = decode_cursor(query["cursor"], float, identifier)
        rows = rows.filter(Q(best_score__lt=score) | Q(best_score=score, pk__gt=pk), best_score__lte=score)
    found, cursor = page_of(
        list(rows[: query["limit"] + 1]),
        query["limit"],
        lambda row: encode_cursor(row.best_score, row.pk),
    )
    return _variant_page(found, cursor)


def _variant_page(found: list[Variant], cursor: str | None) -> dict[str, Any]:
    page = VariantPage(items=[VariantRow.of(row) for row in found], next_cursor=cursor)
    return page.model_dump(mode="json")


def _family_cursor(family: Family) -> str:
    return encode_cursor(family.best_score, family.discovered_at.isoformat(), family.pk)


def _family_place(cursor: str | None) -> families.Place | None:
    return decode_cursor(cursor, float, instant, identifier) if cursor else None
