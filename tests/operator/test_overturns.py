"""Overturn rates: what fired, what was decided of it, and for which rule and reviewer it counts."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evaluations.enums import Stage
from prism_site import decisions
from prism_site.operator.overturns import ENOUGH, Overturns, report
from reviews import suspicion
from reviews.models import Hold, Review
from reviews.models.transcript import Transcript
from tests import factories
from tests.operator.conftest import make_anomaly

pytestmark = pytest.mark.django_db
PAGE, JSON = "/operator/audit/overturns", "/operator/audit/overturns.json"
EVE = "operator:eve"


def review(reviewer: str, *found: tuple[str, str], submission: Any = None) -> Review:
    """A review with findings (code, outcome), by default of a submission of its own."""
    submission = submission or factories.make_submission(stage=Stage.REVIEW)
    findings = [{"code": code, "outcome": outcome, "message": "Seen.", "file": "", "line": 0, "quote": "",
                 "category": ""} for code, outcome in found]  # fmt: skip
    return Review.objects.create(
        submission=submission,
        reviewer=reviewer,
        outcome=found[0][1] if found else "pass",
        findings=findings,
        duration_seconds=0.1,
        created_at=timezone.now(),
    )


def stop(row: Review, decision: Hold.Decision | None = None) -> Hold:
    """Hold a reviewed submission as its findings ask, and decide about it."""
    (hold,) = suspicion.hold_for_suspicions(row.submission_id, by="system:pipeline")
    if decision:
        decisions.decide(hold.pk, decision, by=EVE, note="seen", version=hold.version)
    return hold


def by_rule() -> dict[tuple[str, str], Overturns]:
    return {(line.source, line.rule): line for line in report().rules}


def figures(line: Overturns) -> tuple[int, int, int, int, int]:
    return line.fired, line.held, line.confirmed, line.overturned, line.expired


def test_each_rule_that_asked_for_a_hold_is_judged_by_its_decision() -> None:
    both = review("static", ("opaque_constant", "quarantine"), ("odd_name", "flag"))
    review("duplicates", ("duplicate_suspected", "quarantine"), submission=both.submission)
    stop(both, Hold.Decision.RELEASE)
    stop(review("static", ("opaque_constant", "quarantine")), Hold.Decision.CONFIRM)
    stop(review("static", ("opaque_constant", "quarantine")))
    review("static", ("bad_import", "reject"))
    found = by_rule()
    assert figures(found["static", "opaque_constant"]) == (3, 3, 1, 1, 0)
    assert figures(found["duplicates", "duplicate_suspected"]) == (1, 1, 0, 1, 0)
    assert figures(found["static", "odd_name"]) == (1, 0, 0, 0, 0)
    assert figures(found["static", "bad_import"]) == (1, 0, 0, 0, 0)


def test_what_passes_has_not_fired() -> None:
    review("duplicates", ("own_work", "pass"))
    review("describe")
    assert report().rules == []


def test_holds_without_a_reviewer_count_by_kind_and_reason() -> None:
    kept, freed, late = make_anomaly(), make_anomaly(), make_anomaly()
    decisions.decide(kept.pk, Hold.Decision.CONFIRM, by=EVE, note="seen", version=1)
    decisions.decide(freed.pk, Hold.Decision.LIFT_MULTIPLIER, by=EVE, note="seen", version=1)
    Hold.objects.filter(pk=late.pk).update(status="expired", decided_at=timezone.now())
    line = by_rule()["integrity_anomaly", "step0_anomaly"]
    assert figures(line) == (3, 3, 1, 1, 1)
    assert (line.rate, line.is_enough) == (0.5, False)


def test_an_undone_decision_is_none() -> None:
    hold = stop(review("static", ("opaque_constant", "quarantine")), Hold.Decision.RELEASE)
    decisions.undo(hold.pk, by=EVE, note="a slip")
    line = by_rule()["static", "opaque_constant"]
    assert (figures(line), line.rate, line.low, line.high) == ((1, 1, 0, 0, 0), None, None, None)


def test_a_reviewer_counts_a_hold_once_and_a_model_by_its_name() -> None:
    row = review("llm", ("llm_suspicious", "hold"), ("prompt_injection", "hold"))
    Transcript.objects.create(
        submission=row.submission,
        created_at=timezone.now(),
        model="asked",
        answered_by="reviewer-1",
        prompt_version="v1",
        verdict={},
        outcome="suspicious",
    )
    stop(row, Hold.Decision.RELEASE)
    (line,) = report().reviewers
    assert (line.source, line.rule, figures(line)) == ("llm", "reviewer-1", (1, 1, 0, 1, 0))


def test_the_window_leaves_out_what_is_older() -> None:
    row = review("static", ("opaque_constant", "quarantine"))
    hold = stop(row)
    past = timezone.now() - timedelta(days=8)
    Review.objects.filter(pk=row.pk).update(created_at=past)
    Hold.objects.filter(pk=hold.pk).update(created_at=past)
    assert (len(report(7).rules), len(report(30).rules)) == (0, 1)


def decide_many(count: int) -> None:
    hold = stop(review("static", ("opaque_constant", "quarantine")), Hold.Decision.RELEASE)
    hold.refresh_from_db()
    others = [factories.make_submission(stage=Stage.REVIEW) for _ in range(count - 1)]
    fields = {field.attname: getattr(hold, field.attname) for field in Hold._meta.concrete_fields}
    fields = {name: value for name, value in fields.items() if name not in {"id", "submission_id"}}
    Hold.objects.bulk_create(Hold(submission=submission, **fields) for submission in others)


def test_a_rate_of_few_decisions_says_so_and_one_of_many_has_an_interval(eve: Client) -> None:
    decide_many(ENOUGH - 1)
    assert f"too few to tell: {ENOUGH - 1} of {ENOUGH - 1}" in eve.get(PAGE).content.decode()
    decide_many(1)
    page = eve.get(PAGE).content.decode()
    assert "100\u202f% (72\u202f% to 100\u202f%)" in page
    assert "too few" not in page


def test_json_is_the_same_for_a_program(client: Client, eve: Client) -> None:
    stop(review("static", ("opaque_constant", "quarantine")), Hold.Decision.RELEASE)
    answer = eve.get(f"{JSON}?days=7")
    assert answer.json()["rules"][0]["overturned"] == 1
    assert answer.json()["days"] == 7
    assert eve.get(f"{JSON}?days=7", headers={"If-None-Match": answer["ETag"]}).status_code == 304
    wrong = eve.get(f"{JSON}?days=8")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/days")
    assert client.get(JSON).status_code == 401


def test_the_page_offers_windows_and_is_reached_from_the_audit(eve: Client) -> None:
    assert PAGE in eve.get("/operator/audit").content.decode()
    page = eve.get(f"{PAGE}?days=30").content.decode()
    assert 'href="?days=30" aria-current="true"' in page
    assert "No rule has fired in these 30 days." in page
    assert 'href="?days=90" aria-current="true"' in eve.get(f"{PAGE}?days=x").content.decode()


def test_names_of_strangers_are_escaped(eve: Client) -> None:
    stop(review("static", ("<script>alert(1)</script>", "quarantine")))
    assert b"<script>alert" not in eve.get(PAGE).content


def test_it_costs_three_queries(django_assert_num_queries: Any) -> None:
    for _ in range(3):
        stop(review("static", ("opaque_constant", "quarantine")))
    with django_assert_num_queries(3):
        report()
