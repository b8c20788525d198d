import numpy as np
import pytest

from evaluations import curve_blocks, progress
from evaluations.curve_blocks import BLOCK, count, read
from evaluations.models import Attempt, CurveBlock, CurvePoint
from tests import factories

pytestmark = pytest.mark.django_db


def point(attempt: Attempt, index: int) -> CurvePoint:
    return CurvePoint(
        attempt=attempt,
        index=index,
        stream_bytes=10 * (index + 1),
        bits=30.0 * (index + 1),
        chunk_bytes=10,
        chunk_bits=30.0,
        tokens=10 * (index + 1),
        seconds=index / 4,
    )


def stored(points: range, *, before: int = 0) -> Attempt:
    attempt = factories.make_evaluating(points=0)
    made = [point(attempt, index) for index in points]
    progress.store(attempt, made, before=before, after=before + len(made))
    return attempt


def test_full_blocks_are_packed_and_the_rest_is_read_from_rows() -> None:
    attempt = stored(range(BLOCK + 3))
    assert list(CurveBlock.objects.values_list("attempt", "number")) == [(attempt.pk, 0)]
    assert read(attempt.pk)["index"].tolist() == list(range(BLOCK + 3))
    assert count(attempt.pk) == BLOCK + 3


def test_a_block_has_the_bytes_of_its_rows() -> None:
    attempt = stored(range(BLOCK))
    packed = read(attempt.pk)
    CurveBlock.objects.all().delete()
    assert np.array_equal(packed, read(attempt.pk))


@pytest.mark.parametrize("after", [-1, 0, BLOCK - 2, BLOCK - 1, BLOCK, BLOCK + 2, BLOCK + 9])
def test_reading_goes_on_behind_any_chunk(after: int) -> None:
    attempt = stored(range(BLOCK + 3))
    assert read(attempt.pk, after=after)["index"].tolist() == list(range(after + 1, BLOCK + 3))


def test_a_block_with_a_gap_stays_rows() -> None:
    attempt = stored(range(1, BLOCK + 5))
    assert not CurveBlock.objects.exists()
    assert len(read(attempt.pk)) == count(attempt.pk) == BLOCK + 4


def test_packing_twice_packs_once() -> None:
    attempt = stored(range(BLOCK))
    assert curve_blocks.pack(attempt.pk) == 0
    assert CurveBlock.objects.count() == 1
