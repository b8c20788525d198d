import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.thinning import stretches, thin

LONG = np.arange(1.0, 1_000_001)


@pytest.mark.parametrize("log", [False, True])
def test_the_extremes_of_a_million_are_kept(log: bool) -> None:
    y = np.sin(LONG / 1000)
    y[[3, 500_000]] = [9.0, -9.0]
    kept = thin(LONG, y, 2_000, log=log)
    assert len(kept) <= 2_000
    assert {0, 3, 500_000, 999_999} <= set(kept.tolist())


def test_every_decade_of_a_logarithmic_axis_has_its_share() -> None:
    kept = LONG[thin(LONG, np.sin(LONG), 2_000, log=True)]
    shares = [np.count_nonzero((kept >= low) & (kept < 10 * low)) for low in (1e3, 1e4, 1e5)]
    assert min(shares) > 300
    assert kept[:9].tolist() == list(range(1, 10))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.integers(2, 40), st.booleans())
def test_places_ascend_and_are_few_enough(x: list[float], points: int, log: bool) -> None:
    along = np.sort(np.array(x))
    kept = thin(along, np.cos(along), points, log=log)
    assert len(kept) <= max(points, 1)
    assert (np.diff(kept) > 0).all()
    assert {0, len(x) - 1} <= set(kept.tolist())


@given(st.lists(st.floats(0, 1e6), max_size=60), st.integers(1, 20), st.booleans())
def test_stretches_begin_with_the_first_and_are_few_enough(x: list[float], points: int, log: bool) -> None:
    begins = stretches(np.sort(np.array(x, dtype=np.float64)), points, log=log)
    assert len(begins) <= points
    assert begins[:1].tolist() == ([0] if x else [])
