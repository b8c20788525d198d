"""Every point of a curve as a file."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest

from evaluations.curves import head_of, points_of
from tests import factories
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.django_db


def rows_of(answer, kind: str) -> list[dict[str, object]]:  # type: ignore[no-untyped-def]
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if kind == "parquet":
        return pq.read_table(io.BytesIO(raw)).to_pylist()
    if kind == "jsonl":
        return [json.loads(line) for line in raw.splitlines()]
    return [
        {name: float(value) for name, value in row.items()}
        for row in csv.DictReader(io.StringIO(raw.decode()))
    ]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_file_has_every_point_exactly(client, kind: str) -> None:  # type: ignore[no-untyped-def]
    submission_id = factories.make_completed().submission_id
    answer = client.get(f"/v1/submissions/{submission_id}/curve.{kind}")
    rows, points = rows_of(answer, kind), points_of(head_of(submission_id))
    assert answer["Content-Disposition"].endswith(f'.{kind}"')
    for name in ("index", "bits", "stream_bytes", "chunk_bits", "nonfinite"):
        assert [row[name] for row in rows] == points[name].tolist()
    assert [row["bpb"] for row in rows] == points.bpb.tolist()


def test_an_unknown_kind_or_submission_is_not_found(client) -> None:  # type: ignore[no-untyped-def]
    submission_id = factories.make_submission().pk
    assert_problem(client.get(f"/v1/submissions/{submission_id}/curve.xls"), 404, "not_found")
    unknown = "00000000-0000-4000-8000-000000000000"
    assert_problem(client.get(f"/v1/submissions/{unknown}/curve.csv"), 404, "not_found")
