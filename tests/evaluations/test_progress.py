import json
from pathlib import Path
from typing import Any

import pytest

from evaluations import claims
from evaluations.backends.hostile_files import FileRefused
from evaluations.enums import Mode
from evaluations.models import Attempt
from evaluations.progress import ingest
from tests.evaluations import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt(host: Path) -> Attempt:
    world.queued()
    claimed = claims.claim(host="here", backend="local", modes=[Mode.LOCAL_CPU_SMOKE], policy_row_ids={})
    assert claimed is not None
    return claimed


def line(number: int, **changes: Any) -> str:
    chunk = {
        "type": "chunk", "index": number, "stream_bytes": 4096 * (number + 1), "bits": 100.5,
        "chunk_bytes": 4096, "chunk_bits": 50.25, "tokens": 4096, "seconds": 1.5, "nonfinite": 0, "bpb": 2.0,
    }  # fmt: skip
    return json.dumps({**chunk, **changes}) + "\n"


def indexes(attempt: Attempt) -> list[int]:
    return list(attempt.points.values_list("index", flat=True))


def test_lines_become_points_once(attempt: Attempt, tmp_path: Path) -> None:
    progress = tmp_path / "progress.jsonl"
    progress.write_text('{"type": "started"}\n' + line(0))
    assert ingest(attempt, progress) == 1
    assert ingest(attempt, progress) == 0
    with progress.open("a") as file:
        file.write(line(1) + line(2))
    assert ingest(attempt, progress) == 2
    assert indexes(attempt) == [0, 1, 2]
    point = attempt.points.get(index=1)
    assert (point.stream_bytes, point.bits, point.chunk_bits, point.seconds) == (8192, 100.5, 50.25, 1.5)


def test_a_line_without_its_end_waits(attempt: Attempt, tmp_path: Path) -> None:
    progress = tmp_path / "progress.jsonl"
    progress.write_text(line(0) + line(1)[:-20])
    ingest(attempt, progress)
    assert indexes(attempt) == [0]
    progress.write_text(line(0) + line(1))
    ingest(attempt, progress)
    assert indexes(attempt) == [0, 1]


def test_no_file_yet_is_no_progress(attempt: Attempt, tmp_path: Path) -> None:
    assert ingest(attempt, tmp_path / "progress.jsonl") == 0


@pytest.mark.parametrize(
    "hostile",
    [
        "garbage\n",
        "[" * 4000 + "\n",
        line(1, bits=float("nan")),
        line(1, bits=float("inf")),
        line(1, seconds=-1.0),
        line(1, tokens=True),
        line(1, index=-1),
        line(1, index="1"),
        line(1, index=1.0),
        line(1, stream_bytes=2**63),
        line(1, bits=None),
        line(1, note="x" * 5000),
        '{"type": "chunk"}\n',
        "null\n",
        "\n",
    ],
    ids=range(15),
)
def test_hostile_lines_are_passed_over(attempt: Attempt, tmp_path: Path, hostile: str) -> None:
    progress = tmp_path / "progress.jsonl"
    progress.write_text(line(0) + hostile + line(2))
    assert ingest(attempt, progress) == 2
    assert indexes(attempt) == [0, 2]


def test_a_chunk_told_twice_counts_once(attempt: Attempt, tmp_path: Path) -> None:
    progress = tmp_path / "progress.jsonl"
    progress.write_text(line(0) + line(0, bits=1.0))
    ingest(attempt, progress)
    assert attempt.points.get().bits == 100.5


def test_a_file_that_shrinks_adds_nothing_again(attempt: Attempt, tmp_path: Path) -> None:
    progress = tmp_path / "progress.jsonl"
    progress.write_text(line(0) + line(1))
    ingest(attempt, progress)
    progress.write_text(line(0))
    assert ingest(attempt, progress) == 0
    attempt.refresh_from_db()
    assert attempt.lines_ingested == 2


def test_a_link_in_place_of_the_file_is_refused(attempt: Attempt, tmp_path: Path) -> None:
    (tmp_path / "progress.jsonl").symlink_to("/etc/hostname")
    with pytest.raises(FileRefused):
        ingest(attempt, tmp_path / "progress.jsonl")
