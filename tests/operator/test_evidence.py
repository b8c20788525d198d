"""Evidence as exhibits: whatever a check has stored can be printed, and nothing of it is hidden."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_site.operator.evidence import exhibits, margins

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
THRESHOLDS = {"static_reject_similarity": 0.96, "quarantine_source_similarity": 0.85}


def test_a_finding_has_its_place_quote_and_category() -> None:
    finding = {
        "code": "opaque_constant", "outcome": "quarantine", "message": "Large.", "file": "a.py", "line": 3,
        "quote": "x = '\u202e'", "category": "opaque_constants", "bytes": 5120,
    }  # fmt: skip
    (exhibit,) = exhibits({"findings": [finding]})
    assert (exhibit.code, exhibit.text, exhibit.place) == ("opaque_constant", "Large.", "a.py, line 3")
    assert exhibit.quote == "x = '⟨U+202E⟩'"
    assert exhibit.facts == [("category", "opaque_constants"), ("bytes", "5120")]


def test_an_anomaly_tells_its_detail() -> None:
    (exhibit,) = exhibits({"anomalies": [{"code": "step0_anomaly", "detail": "It knew.", "run": "r1"}]})
    assert (exhibit.code, exhibit.text, exhibit.facts) == ("step0_anomaly", "It knew.", [("run", "r1")])


def test_plain_facts_come_last() -> None:
    last = exhibits({"attempts": 3, "findings": [{"code": "x"}]})[-1]
    assert last.facts == [("attempts", "3")]


def test_margin_says_how_far_beyond_the_limit() -> None:
    step0 = {"bpb": 3.0, "limit": 4.0, "ok": False}
    early = {"ratio": 0.35, "limit": 0.7, "ok": False}
    found = margins({}, {"step0": step0, "early_vs_ppmd": early}, THRESHOLDS)
    assert [(margin.value, margin.limit, margin.percent) for margin in found] == [
        ("3.000", "at least 4.000", 25.0),
        ("0.350", "at least 0.700", 50.0),
    ]


def test_figures_within_their_limits_have_no_margin() -> None:
    assert margins({}, {"step0": {"bpb": 9.0, "limit": 4.0, "ok": True}}, THRESHOLDS) == []
    assert margins({"neighbours": [{"similarity": 0.5}]}, {}, THRESHOLDS) == []


@pytest.mark.parametrize(("similarity", "count"), [(0.84, 0), (0.85, 1), (0.97, 2), (1.0, 2)])
def test_likeness_is_told_against_the_thresholds_that_it_passes(similarity: float, count: int) -> None:
    evidence = {"neighbours": [{"similarity": 0.1}, {"similarity": similarity}]}
    assert len(margins(evidence, {}, THRESHOLDS)) == count


def test_work_that_is_contained_in_more_is_told_too() -> None:
    evidence = {"neighbours": [{"similarity": 0.4, "containment": 0.99}]}
    assert [margin.what for margin in margins(evidence, {}, THRESHOLDS)] == ["quarantine_source_similarity"]


@given(JSON)
def test_any_evidence_can_be_printed(evidence: Any) -> None:
    assert isinstance(exhibits(evidence), list)
    assert isinstance(margins(evidence, evidence, THRESHOLDS), list)
    assert isinstance(exhibits({"findings": [evidence], "neighbours": evidence}), list)
