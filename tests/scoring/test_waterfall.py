"""The steps of a waterfall: each begins where the last ended, and the last is the figure itself."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from evaluations.models import Submission
from prism_site.policy.schemas.measurements import LossComparabilityPolicy
from prism_site.policy.schemas.scores import ScoreWeights
from scoring.accounts import account_of
from scoring.components.component import Measure, Unavailable, missing
from scoring.components.quality import quality
from scoring.final_score import ScoreTerms, final_score
from scoring.models import Quality, Score
from scoring.waterfall import WIDTH, Kind, Waterfall, blend_steps, quality_steps, score_steps
from tests import factories

TERMS = ScoreTerms(heldout_epsilon_bpb=0.005, memorization_gap_bpb=1.0, memorization_penalty=0.5)
FORMULA = ScoreWeights().architecture_formula


def is_connected(waterfall: Waterfall) -> bool:
    """Whether every bar begins where the one before ended, and a total at 0."""
    at = 0.0
    for step in waterfall.steps:
        if step.start != (0.0 if step.kind is Kind.TOTAL else pytest.approx(at)):
            return False
        at = step.end
    return True


@given(
    bpb=st.floats(0, 20),
    delta=st.none() | st.floats(-8, 8),
    gap=st.none() | st.floats(-2, 3),
    multiplier=st.sampled_from([0.0, 1.0]),
)
def test_the_last_step_is_the_final_score(
    bpb: float, delta: float | None, gap: float | None, multiplier: float
) -> None:
    parts = final_score(bpb, heldout_delta=delta, heldout_gap=gap, multiplier=multiplier, terms=TERMS)
    found = score_steps(
        bpb=bpb, heldout_delta=delta, penalty=parts.penalty, multiplier=multiplier, terms=TERMS
    )
    assert found.steps[-1].end == pytest.approx(parts.final_score)
    assert is_connected(found)
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH + 1e-6 for bar in found.bars)


def test_the_worked_example_is_drawn_as_calculated() -> None:
    found = score_steps(bpb=3.67, heldout_delta=4.6, penalty=1.0, multiplier=1.0, terms=TERMS)
    assert found.steps[-1].amount == pytest.approx(0.214264670434)
    assert found.steps[1].how.startswith("0.002875 bits per byte less")
    assert [step.kind for step in found.steps] == ["total", "gain", "none", "none", "total"]


def test_what_takes_is_told_apart_without_colour() -> None:
    found = score_steps(bpb=2.0, heldout_delta=None, penalty=0.5, multiplier=0.0, terms=TERMS)
    assert [step.sign for step in found.steps] == ["=", "·", "−", "−", "="]
    assert found.steps[-1].end == 0.0
    assert found.steps[3].how == "an integrity anomaly is open"


def lines(**values: float | None) -> tuple[list[dict[str, Any]], float | None]:
    measures = {
        name: missing(Unavailable.NO_PACKS) if value is None else Measure(value=value)
        for name, value in (dict.fromkeys(FORMULA.model_dump(), 0.5) | values).items()
    }
    made = quality(measures, FORMULA, LossComparabilityPolicy())
    return [line.as_json() for line in made.components], made.value


def test_contributions_add_up_to_the_quality_and_what_is_missing_says_why() -> None:
    account, value = lines(benchmark_sanity=None, parameter_efficiency=0.9)
    found = quality_steps("q_arch", "Architecture", account, value)
    assert is_connected(found)
    assert found.steps[-2].end == pytest.approx(found.steps[-1].end)
    unavailable = next(step for step in found.steps if step.label == "benchmark sanity")
    assert (unavailable.kind, unavailable.how) == (Kind.NONE, "No benchmark pack was measured.")
    assert found.note.startswith("5% of the formula")


def test_a_quality_without_any_figure_has_no_total() -> None:
    account, value = lines(**dict.fromkeys(FORMULA.model_dump(), None))
    found = quality_steps("q_arch", "Architecture", account, value)
    assert {step.kind for step in found.steps} == {Kind.NONE}
    assert all(bar.width == 0 for bar in found.bars)


def test_the_blend_is_both_qualities_by_their_weights() -> None:
    found = blend_steps(0.6, 0.5, architecture=0.7, recipe=0.3)
    assert found.steps[-1].end == pytest.approx(0.57)
    assert is_connected(found)


@pytest.mark.django_db
def test_an_account_reaches_from_bits_to_the_weight() -> None:
    score = factories.make_completed()
    account, value = lines(benchmark_sanity=None)
    Quality.objects.create(
        submission_id=score.submission_id,
        mode=score.mode,
        q_arch=value,
        architecture=account,
        computed_at=timezone.now(),
    )
    found = account_of(Submission.objects.get(pk=score.submission_id))
    assert [waterfall.title for waterfall in found] == [
        "From bits per byte to the score",
        "What the architecture is worth",
        "What the training is worth",
        "From the score to the weight",
    ]
    assert found[0].steps[-1].end == pytest.approx(score.final_score)
    assert all(is_connected(waterfall) for waterfall in found)


@pytest.mark.django_db
def test_the_page_shows_the_account_in_words_and_digits(client: Client) -> None:
    score = factories.make_completed()
    page = client.get(f"/submissions/{score.submission_id}").content.decode()
    assert "How the score came about" in page
    assert f"{Score.objects.get().final_score:.6f}" in page
    assert "no integrity anomaly is open" in page
    assert "A preview: smoke runs are never exported." in page
    assert (
        "How the score came about"
        not in client.get(f"/submissions/{factories.make_failed().pk}").content.decode()
    )


@pytest.mark.django_db
def test_without_a_score_there_is_no_account() -> None:
    assert account_of(factories.make_submission()) == []
