"""Every point of a curve as a file: CSV, JSON lines or Parquet."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from evaluations.curves import head_of, points_of
from evaluations.models import Submission
from evaluations.points import COLUMNS, Points
from prism_site.access.throttles import AddressThrottle
from prism_site.api.permissions import Public
from prism_site.api.schema import answers

LINES_AT_ONCE = 10_000


class CurveFileQuery(serializers.Serializer[Any]):
    """Which curve: the newest run's where none is named."""

    run = serializers.UUIDField(required=False, default=None)


class CurveFileView(APIView):
    """All points of the curve of one submission."""

    permission_classes = [Public]
    throttle_classes = [AddressThrottle]

    @extend_schema(
        operation_id="submission_curve_file",
        parameters=[
            CurveFileQuery,
            OpenApiParameter("kind", str, "path", enum=["csv", "jsonl", "parquet"]),
        ],
        responses=answers(OpenApiTypes.BINARY, 400, 404),
    )
    def get(self, request: Request, submission_id: UUID, kind: str) -> HttpResponseBase:
        """A line a chunk: the totals so far and the chunk's own, with its bits per byte of both."""
        query = CurveFileQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        if kind not in WRITERS:
            raise Http404
        try:
            head = head_of(submission_id, query.validated_data["run"])
        except Submission.DoesNotExist:
            raise Http404 from None
        answer = WRITERS[kind](table_of(points_of(head)))
        answer["Content-Disposition"] = f'attachment; filename="prism-curve-{submission_id}.{kind}"'
        return answer


def table_of(points: Points) -> pa.Table:
    """The columns as they are stored, and bits per byte; what is unknown is null."""
    stored = {name: np.ascontiguousarray(points[name]) for name in COLUMNS}
    counted = {"bpb": points.bpb, "chunk_bpb": points.chunk_bpb}
    return pa.table({**stored, **{name: pa.array(line, from_pandas=True) for name, line in counted.items()}})


def _csv(table: pa.Table) -> HttpResponseBase:
    file = io.BytesIO()
    pyarrow.csv.write_csv(table, file, pyarrow.csv.WriteOptions(quoting_style="none"))
    return HttpResponse(file.getvalue(), content_type="text/csv")


def _json_lines(table: pa.Table) -> HttpResponseBase:
    return StreamingHttpResponse(_lines(table), content_type="application/jsonl")


def _lines(table: pa.Table) -> Iterator[str]:
    for batch in table.to_batches(LINES_AT_ONCE):
        yield "".join(f"{json.dumps(row)}\n" for row in batch.to_pylist())


def _parquet(table: pa.Table) -> HttpResponseBase:
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    return HttpResponse(file.getvalue(), content_type="application/vnd.apache.parquet")


WRITERS: dict[str, Callable[[pa.Table], HttpResponseBase]] = {
    "csv": _csv,
    "jsonl": _json_lines,
    "parquet": _parquet,
}
