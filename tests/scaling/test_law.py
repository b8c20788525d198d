"""The law, its optimum and its slopes, against arithmetic."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.scaling.law import Law, LawHasNoOptimum, two_point_slope

CHINCHILLA = Law(E=1.817, A=482.0, B=2085.4, alpha=0.3478, beta=0.3659)  # Besiroglu et al. 2024

laws = st.builds(
    Law,
    E=st.floats(0.1, 3),
    A=st.floats(1, 1e4),
    B=st.floats(1, 1e4),
    alpha=st.floats(0.05, 1.5),
    beta=st.floats(0.05, 1.5),
)


def test_the_loss_of_a_pair_is_the_sum_of_its_terms() -> None:
    assert float(Law(1.0, 10.0, 100.0, 0.5, 1.0).loss(4.0, 50.0)) == pytest.approx(1 + 5 + 2)


@given(laws, st.floats(1e12, 1e26))
def test_no_other_split_of_the_compute_is_better_than_the_optimum(law: Law, compute: float) -> None:
    best = law.optimum(compute)
    assert 6 * best.parameters * best.tokens == pytest.approx(compute, rel=1e-6)
    others = law.isoflop(compute, best.parameters * np.array([0.5, 0.9, 1.1, 2.0]))
    assert (others >= best.loss * (1 - 1e-12)).all()


def test_the_published_law_puts_its_budget_at_twenty_tokens_a_parameter() -> None:
    best = CHINCHILLA.optimum(5.76e23)
    assert best.parameters == pytest.approx(73e9, rel=0.05)
    assert 15 < best.tokens / best.parameters < 25


@pytest.mark.parametrize("law", [Law(1, 1, 1, 0, 0.3), Law(1, 1, 1, 0.3, -0.1), Law(1, 0, 1, 0.3, 0.3)])
def test_a_law_whose_term_does_not_fall_has_no_optimum(law: Law) -> None:
    with pytest.raises(LawHasNoOptimum):
        law.optimum(1e20)


def test_a_two_point_slope_is_alpha_less_the_share_of_the_irreducible_loss() -> None:
    law, endless = Law(1.0, 20.0, 1.0, 0.4, 0.4), 1e30
    near = two_point_slope((1e6, float(law.loss(1e6, endless))), (1.001e6, float(law.loss(1.001e6, endless))))
    expected = law.alpha * (1 - law.E / float(law.loss(1e6, endless)))
    assert near == pytest.approx(expected, rel=1e-3)
    assert law.slope(1e6, endless) == pytest.approx(expected, rel=1e-6)
    assert near < law.alpha
    assert math.isfinite(near)
