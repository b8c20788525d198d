import pytest

from reviews import ladder
from reviews.ladder import Finding, Outcome
from reviews.models import Review


def finding(outcome: Outcome, code: str = "some_code") -> Finding:
    return Finding(code=code, outcome=outcome, message="A sentence.", file="model.py", line=3)


def test_outcomes_climb_in_the_order_of_severity() -> None:
    assert [outcome.name for outcome in sorted(Outcome)] == ["PASS", "FLAG", "HOLD", "QUARANTINE", "REJECT"]


def test_rows_know_every_outcome_of_the_ladder() -> None:
    assert {outcome.name.lower() for outcome in Outcome} == set(Review.Outcome.values)


@pytest.mark.parametrize("first", Outcome)
@pytest.mark.parametrize("second", Outcome)
def test_the_worst_outcome_decides_whatever_the_order(first: Outcome, second: Outcome) -> None:
    assert ladder.worst([finding(first), finding(second)]) is max(first, second)


def test_nothing_found_passes() -> None:
    assert ladder.worst([]) is Outcome.PASS
    assert ladder.deciding([]) is None


def test_the_first_of_the_worst_findings_is_the_one_told() -> None:
    findings = [finding(Outcome.FLAG, "a"), finding(Outcome.REJECT, "b"), finding(Outcome.REJECT, "c")]
    deciding = ladder.deciding(findings)
    assert deciding is not None
    assert deciding.code == "b"


@pytest.mark.parametrize("outcome", Outcome)
def test_a_finding_survives_being_stored(outcome: Outcome) -> None:
    assert Finding.from_json(finding(outcome).as_json()) == finding(outcome)
