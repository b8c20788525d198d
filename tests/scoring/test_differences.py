"""The gain along the text: it ends at the paired test, and says what cannot be compared."""

from typing import Any

import pytest

from prism_site.policy.schemas.scores import ImprovementThresholds
from scoring.differences import MOST_PLACES, difference, places
from scoring.paired import FEWEST_CHUNKS

THRESHOLDS = ImprovementThresholds()


def manifest(chunk_bits: list[float], *, seed: int = 1, text: str = "a") -> dict[str, Any]:
    totals = [sum(chunk_bits[: count + 1]) for count in range(len(chunk_bits))]
    ends = [1000 * (count + 1) for count in range(len(chunk_bits))]
    return {
        "curve": {"bytes": ends, "bits": totals},
        "data": {"stream_sha256": text},
        "run": {"seed": seed},
    }


BEST = manifest([4000.0 + 37 * (k % 5) for k in range(40)])
BETTER = manifest([3900.0 + 31 * (k % 3) for k in range(40)])


def test_the_line_ends_at_the_test_on_the_whole_text() -> None:
    found = difference([BEST], [BETTER], THRESHOLDS)
    assert found.improvement is not None
    last = found.along[-1]
    assert last.stream_bytes == 40_000
    assert last.gain == pytest.approx(found.improvement.mean_bpb)
    assert last.se == pytest.approx(found.improvement.se)


def test_several_seeds_are_averaged_along_the_text_too() -> None:
    again = [manifest([4010.0 + 11 * (k % 4) for k in range(40)], seed=2)]
    better = [BETTER, manifest([3950.0 + 13 * (k % 6) for k in range(40)], seed=2)]
    found = difference([BEST, *again], better, THRESHOLDS)
    assert found.improvement is not None
    assert found.along[-1].gain == pytest.approx(found.improvement.mean_bpb)
    assert found.along[-1].se == pytest.approx(found.improvement.se)


@pytest.mark.parametrize(
    ("candidate", "code"),
    [
        ([], "not_scored"),
        ([manifest([4000.0] * 40, seed=2)], "runs_not_comparable"),
        ([manifest([4000.0] * 40, text="b")], "runs_not_comparable"),
        ([manifest([4000.0] * 39)], "runs_not_comparable"),
    ],
)
def test_what_cannot_be_compared_says_why(candidate: list[dict[str, Any]], code: str) -> None:
    found = difference([BEST], candidate, THRESHOLDS)
    assert (found.improvement, found.along, found.code) == (None, (), code)
    assert found.reason


def test_too_short_a_run_says_so() -> None:
    short = [manifest([1.0, 1.0])]
    assert difference(short, short, THRESHOLDS).code == "too_few_chunks"


@pytest.mark.parametrize("chunks", [0, 1, 3, 4, 5, 28, 1000, 20_000])
def test_places_reach_from_the_fewest_chunks_to_all(chunks: int) -> None:
    found = places(chunks)
    assert found == sorted(set(found))
    assert len(found) <= MOST_PLACES + 1
    if chunks >= FEWEST_CHUNKS:
        assert (found[0], found[-1]) == (FEWEST_CHUNKS, chunks)
    else:
        assert found == []
