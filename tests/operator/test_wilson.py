"""The interval of a share against figures from the literature, and its limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_site.operator.wilson import wilson


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    # Newcombe 1998, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_of_the_literature(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson(hits, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_share_lies_within_and_the_interval_within_0_and_1(case: tuple[int, int]) -> None:
    hits, trials = case
    low, high = wilson(hits, trials)
    assert 0.0 <= low <= hits / trials + 1e-12
    assert hits / trials - 1e-12 <= high <= 1.0
    assert wilson(trials - hits, trials) == pytest.approx((1 - high, 1 - low))


def test_without_trials_nothing_is_known_and_nonsense_is_refused() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    for hits, trials in ((2, 1), (-1, 3)):
        with pytest.raises(ValueError, match="share"):
            wilson(hits, trials)
