"""The checklist of a run: which state each claim is in, and that its words hold the figures."""

import copy
from typing import Any

import pytest

from evaluations.checklist.claim import Claim
from evaluations.checklist.listing import checklist
from tests.factories import AUDIT, HELDOUT, INTEGRITY

VIOLATION = {
    "code": "causality_violation",
    "chunk": 3,
    "batch": 0,
    "window": 5,
    "position": 41,
    "claimed": -0.0215,
    "audited": -6.1042,
    "difference": 6.0827,
}


def manifest(**parts: dict[str, Any]) -> dict[str, Any]:
    """A scored run's manifest with some values of its sections changed."""
    made: dict[str, Any] = {
        "verdict": "scored",
        "code": "scored",
        "reason": "",
        "audit": copy.deepcopy(AUDIT),
        "integrity": copy.deepcopy(INTEGRITY),
        "heldout": copy.deepcopy(HELDOUT),
    }
    for name, values in parts.items():
        made[name] = {**made[name], **values} if isinstance(values, dict) else values
    return made


def claims(**parts: Any) -> dict[str, Claim]:
    return {claim.key: claim for claim in checklist(manifest(**parts))}


def test_an_honest_run_proves_every_claim() -> None:
    assert {claim.state for claim in claims().values()} == {"holds"}
    assert len(claims()) == 11


def test_before_there_is_a_manifest_nothing_is_claimed() -> None:
    assert checklist({}) == []


def test_every_claim_is_said_and_has_its_figures() -> None:
    for claim in claims().values():
        assert claim.title
        assert claim.words.endswith(".")
        assert claim.figures, claim.key


def test_a_leak_is_told_with_window_position_and_difference() -> None:
    found = claims(audit={"violations": [VIOLATION]}, code="causality_violation")["causal"]
    assert found.state == "broken"
    assert found.words.startswith("In chunk 3, window 5, position 41, the model claimed log p = -0.021")
    assert "it finds -6.104" in found.words
    assert "The difference is 6.083 nats, where rounding explains 0.001 at most." in found.words
    assert found.figures["position"] == 41


def test_probabilities_that_do_not_sum_to_one_are_told_with_their_place() -> None:
    violation = {**VIOLATION, "code": "not_a_distribution", "claimed": 0.0, "audited": 0.5}
    found = claims(audit={"violations": [violation]})
    assert found["distributions"].state == "broken"
    assert "In chunk 3, window 5, position 41" in found["distributions"].words
    assert "0.500, not 0" in found["distributions"].words
    assert found["causal"].state == "holds"


def test_totals_that_do_not_agree_are_told_with_the_distance() -> None:
    found = claims(audit={"z": 9.3}, code="audit_mismatch")["whole"]
    assert (found.state, "9.3 standard errors" in found.words) == ("broken", True)


@pytest.mark.parametrize(
    ("key", "code", "early"),
    [
        ("step0", "step0_anomaly", True),
        ("early", "early_compression_anomaly", False),
        ("later", "early_compression_anomaly", True),
        ("seeds", "seed_invariant_parameters", True),
    ],
)
def test_an_anomaly_is_suspicious_in_the_words_of_the_referee(key: str, code: str, early: bool) -> None:
    compared = {**INTEGRITY["early_vs_ppmd"], "ok": early}
    anomalies = [{"code": code, "detail": "It knew too much."}]
    found = claims(integrity={"anomalies": anomalies, "early_vs_ppmd": compared})
    assert (found[key].state, found[key].words) == ("suspicious", "It knew too much.")
    assert [claim.key for claim in found.values() if claim.state != "holds"] == [key]


def test_a_lossy_tokenizer_is_told_with_the_referees_reason() -> None:
    reason = "chunk 2 does not survive encoding and decoding, from byte 7 on"
    found = claims(integrity={"lossless": False}, reason=reason)["lossless"]
    assert (found.state, found.words) == ("broken", f"{reason}.")


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("causal", {"audit": None}),
        ("causal", {"audit": {"windows": 0}}),
        ("distributions", {"audit": None}),
        ("whole", {"audit": {"z": None}}),
        ("step0", {"integrity": {"step0": None}}),
        ("early", {"integrity": {"early_vs_ppmd": None}}),
        ("later", {"integrity": {"later_vs_ppmd": []}}),
        ("seeds", {"integrity": {"seed_invariant": None}}),
        ("relabelled", {"integrity": {"permuted": False}}),
        ("lossless", {"integrity": {"lossless": None}}),
        ("sandbox", {"integrity": {"sandbox": None}}),
        ("sandbox", {"integrity": {"sandbox": {"learner": {"mode": "off", "checks": {}}}}}),
        ("heldout", {"heldout": None}),
    ],
)
def test_what_was_not_measured_is_not_claimed(key: str, parts: dict[str, Any]) -> None:
    assert claims(**parts)[key].state == "unmeasured"


def test_nothing_trained_leaves_no_gap_to_tell() -> None:
    found = claims(heldout={"train_bpb": None, "gap": None})["heldout"]
    assert "gap" not in found.words
    assert found.words.endswith("untrained 8.030.")


@pytest.mark.parametrize("odd", ["text", [1], {"a": 1}, True, None, float("inf")])
@pytest.mark.parametrize("place", ["audit", "integrity", "heldout", "code", "reason"])
def test_a_value_of_another_type_does_not_break_the_list(place: str, odd: Any) -> None:
    assert len(checklist({**manifest(), place: odd})) == 11
    if place in ("audit", "integrity", "heldout"):
        for name in manifest()[place]:
            assert len(checklist(manifest(**{place: {name: odd}}))) == 11


def of_a_run(run: Any) -> dict[str, Claim]:
    return {claim.key: claim for claim in checklist(manifest() | {"run": run})}


def test_a_run_that_went_on_says_from_where_and_what_was_made_again() -> None:
    found = {"times": 1, "chunks": [4], "stream_bytes": 40_960, "commits_repeated": 6}
    claim = of_a_run({"resumed": found, "began_anew": None})["resumed"]
    assert claim.state == "holds"
    assert "byte 40,960" in claim.words
    assert "6 commits" in claim.words
    assert claim.figures == found


def test_a_run_that_began_anew_says_why() -> None:
    assert "(commit_differs)" in of_a_run({"resumed": None, "began_anew": "commit_differs"})["resumed"].words


@pytest.mark.parametrize(
    "run", [{}, {"resumed": None, "began_anew": None}, {"resumed": 3, "began_anew": 7}, 5]
)
def test_a_run_that_nothing_befell_says_nothing_of_it(run: Any) -> None:
    assert "resumed" not in of_a_run(run)
