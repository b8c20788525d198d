"""What a description's report means for a submission. Pure.

What the submitted code does every time rejects. What may go otherwise on another machine or in another hour
(time, a killed process) is looked at by a person. An anomaly is only a flag: the run measures it again and
holds the score.
"""

from typing import Any

from evaluations.runner.patience import TIMEOUT
from reviews.ladder import Finding, Outcome

CATEGORY = "describe"
# Ends of a process that say as much about the host as about the model.
DOUBTFUL = frozenset({TIMEOUT, "predictor_timeout", "predictor_died", "too_many_threads", "out_of_memory"})
SHOWN_REASON_CHARS = 500


def findings_of(report: dict[str, Any]) -> list[Finding]:
    """At most one finding that stops the submission, and a flag for each anomaly."""
    anomalies = report.get("anomalies") or []
    flags = [_finding(item["code"], Outcome.FLAG, item["detail"]) for item in anomalies]
    if report["verdict"] == "described":
        return flags
    outcome = Outcome.HOLD if report["code"] in DOUBTFUL else Outcome.REJECT
    return [_finding(report["code"], outcome, _sentence(report)), *flags]


def _finding(code: str, outcome: Outcome, message: str) -> Finding:
    return Finding(code=code, outcome=outcome, message=message, category=CATEGORY)


def _sentence(report: dict[str, Any]) -> str:
    reason = " ".join(str(report["reason"]).split())[:SHOWN_REASON_CHARS]
    return f"The model could not be described: {reason or report['code']}."
