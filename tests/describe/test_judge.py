from typing import Any

import pytest

from evaluations.runner.patience import TIMEOUT
from reviews.describe.judge import DOUBTFUL, findings_of
from reviews.ladder import Outcome


def report(verdict: str, code: str, **more: Any) -> dict[str, Any]:
    return {"verdict": verdict, "code": code, "reason": "what\n  happened", "traceback": "", **more}


def test_a_described_model_has_no_finding() -> None:
    assert findings_of(report("described", "described", anomalies=[])) == []


@pytest.mark.parametrize("code", ["too_many_layers", "contract_broken", "model_error", "tokenizer_invalid"])
def test_deterministic_ends_reject(code: str) -> None:
    (finding,) = findings_of(report("failed", code))
    assert (finding.code, finding.outcome) == (code, Outcome.REJECT)
    assert finding.message == "The model could not be described: what happened."


@pytest.mark.parametrize("code", sorted(DOUBTFUL))
def test_what_may_go_otherwise_elsewhere_is_held(code: str) -> None:
    (finding,) = findings_of(report("failed", code))
    assert finding.outcome == Outcome.HOLD


def test_time_is_never_evidence() -> None:
    assert TIMEOUT in DOUBTFUL


def test_anomalies_are_flags_beside_whatever_else_there_is() -> None:
    anomalies = [{"code": "step0_anomaly", "detail": "It knows."}]
    found = findings_of(report("rejected", "causality_violation", anomalies=anomalies))
    assert [(f.code, f.outcome) for f in found] == [
        ("causality_violation", Outcome.REJECT),
        ("step0_anomaly", Outcome.FLAG),
    ]
