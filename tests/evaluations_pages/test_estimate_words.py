import pytest

from evaluations.estimates import Span
from evaluations.views.estimate_words import about


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (Span(0, 0, 0), "now"),
        (Span(0, 3, 9), "now"),
        (Span(21, 44, 89), "40 s (20 to 90)"),
        (Span(480, 720, 1500), "12 min (8 to 25)"),
        (Span(715, 720, 730), "12 min"),
        (Span(3600, 9000, 36_000), "2.5 h (1.0 to 10)"),
        (Span(86_400, 3 * 86_400, 12 * 86_400), "3.0 days (1.0 to 12)"),
    ],
)
def test_an_estimate_is_told_in_the_unit_of_its_middle(span: Span, said: str) -> None:
    assert about(span) == said
