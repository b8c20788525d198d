"""The page of one hold, and health at a glance: what stands on them, and that they cost little."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evaluations.models import Canary, Submission
from prism_site import decisions
from prism_site.operator.notes import NOTES
from prism_site.policy.models import RuntimeConfig
from reviews.models import Description, Hold, Review
from reviews.models.transcript import Transcript
from scoring.snapshots import snapshot_epochs
from tests import factories
from tests.operator.conftest import make_anomaly, make_quarantine

pytestmark = pytest.mark.django_db


def page_of(client: Client, hold: Hold, query: str = "") -> str:
    return client.get(f"/operator/holds/{hold.pk}{query}").content.decode()


def transcribe(hold: Hold) -> Transcript:
    verdict = {
        "verdict": "suspicious", "confidence": 0.6, "categories": ["opaque_constants"],
        "evidence": [{"file": "architecture.py", "line": 3, "quote": "b'\u202e'", "claim": "It hides text."}],
    }  # fmt: skip
    return Transcript.objects.create(
        submission_id=hold.submission_id,
        created_at=timezone.now(),
        model="reviewer-1",
        prompt_version="v1",
        messages=[{"role": "user", "content": "the secret prompt"}],
        exchanges=[{"tool": "submit_verdict", "tries": []}],
        diagram="graph TD",
        verdict=verdict,
        outcome="suspicious",
    )


def test_an_anomaly_shows_its_margin_and_what_each_decision_would_do(eve: Client) -> None:
    other = factories.make_completed()
    hold = make_anomaly()
    page = page_of(eve, hold)
    for said in ("at least 4.000", "37.5 %", "What this run proves", "Its score counts."):
        assert said in page
    assert f'title="{other.hotkey}"' in page
    assert "1 of 1" in page


def test_a_finding_shows_its_quote_with_nothing_hidden(eve: Client) -> None:
    page = page_of(eve, make_quarantine(quote="x = '\u202e<b>'"))
    assert "x = &#x27;⟨U+202E⟩&lt;b&gt;&#x27;" in page
    assert "architecture.py, line 3" in page


def test_reviews_are_listed_with_their_findings(eve: Client) -> None:
    hold = make_quarantine()
    finding = hold.evidence["findings"][0]
    Review.objects.create(
        submission_id=hold.submission_id,
        reviewer="static",
        outcome="quarantine",
        findings=[finding],
        duration_seconds=0.2,
        created_at=timezone.now(),
    )
    page = page_of(eve, hold)
    assert "Static checks" in page
    assert page.count("A constant of 5,120 bytes.") == 2


def test_what_the_description_measured_stands_with_its_review(eve: Client) -> None:
    hold = make_quarantine()
    now = timezone.now()
    Review.objects.create(
        submission_id=hold.submission_id,
        reviewer="describe",
        outcome="pass",
        duration_seconds=2.0,
        created_at=now,
    )
    facts = {"model": {"parameters": 1_317_120, "layers": None}, "seed_invariant": []}
    Description.objects.create(
        submission_id=hold.submission_id,
        verdict="described",
        code="described",
        facts=facts,
        duration_seconds=2.0,
        created_at=now,
    )
    page = page_of(eve, hold)
    assert '<dt>model.parameters</dt><dd class="mono">1317120</dd>' in page
    assert "model.layers" not in page


def test_transcripts_are_for_those_who_may_read_them(sign_in: Callable[..., Client]) -> None:
    hold = make_quarantine()
    transcribe(hold)
    reader = sign_in("reader", "resolve_hold", "view_transcript")
    assert "the secret prompt" in page_of(reader, hold)
    assert "It hides text." in page_of(reader, hold)
    assert "\u202e" not in page_of(reader, hold)
    plain = page_of(sign_in("plain", "resolve_hold"), hold)
    assert "the secret prompt" not in plain
    assert "It hides text." not in plain


def test_a_decided_hold_offers_its_undo_until_the_weights_are_final(eve: Client) -> None:
    hold = make_anomaly()
    decisions.decide(hold.pk, Hold.Decision.CONFIRM, by="operator:mallory", note="a copy", version=1)
    assert 'data-key="u"' in page_of(eve, hold)
    past = timezone.now() - timedelta(days=2)
    Submission.objects.filter(pk=hold.submission_id).update(created_at=past)
    Hold.objects.filter(pk=hold.pk).update(decided_at=past)
    snapshot_epochs()
    page = page_of(eve, hold)
    assert "it stands" in page
    assert 'data-key="u"' not in page
    assert 'name="decision"' not in page


def test_other_holds_of_the_submission_are_named(eve: Client) -> None:
    hold = make_anomaly()
    sibling = make_quarantine(submission=hold.submission)
    assert f'href="/operator/holds/{sibling.pk}"' in page_of(eve, hold)


def test_filters_stay_in_every_link(eve: Client) -> None:
    first, second = make_quarantine(), make_quarantine()
    assert f'href="/operator/holds/{second.pk}?kind=quarantine"' in page_of(eve, first, "?kind=quarantine")


def test_every_decision_has_notes_for_the_number_keys() -> None:
    assert set(NOTES) == set(Hold.Decision)
    assert {len(notes) for notes in NOTES.values()} == {5}


def test_no_page_holds_a_script_or_a_style_of_its_own(eve: Client) -> None:
    hold = make_anomaly()
    for path in ("", "holds", f"holds/{hold.pk}", f"holds/{hold.pk}/diff", "audit"):
        page = eve.get(f"/operator/{path}").content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert page.count("<script") == page.count("<script src=")


def test_pages_cost_few_queries(eve: Client, django_assert_max_num_queries: Any) -> None:
    hold = make_anomaly()
    factories.make_evaluating()
    with django_assert_max_num_queries(58):
        page_of(eve, hold)
    with django_assert_max_num_queries(24):
        eve.get("/operator/")


def test_health_names_what_waits_fails_and_runs(eve: Client) -> None:
    score = factories.make_completed()
    factories.make_failed()
    factories.make_evaluating(name="the running one")
    make_quarantine()
    Canary.objects.create(cluster="default", host="host-1", stamped_at=timezone.now())
    page = eve.get("/operator/").content.decode()
    for said in (
        "1 open",
        "learner_raised",
        "the running one",
        score.hotkey,
        "queue default on host-1",
        "valid",
    ):
        assert said in page


def test_health_names_an_invalid_policy(eve: Client) -> None:
    RuntimeConfig(config_key="reward_pools", value_json={"top_k": -1}, updated_by="x").save()
    page = eve.get("/operator/").content.decode()
    assert "not valid" in page
    assert "reward_pools" in page


def test_health_on_an_empty_installation(eve: Client) -> None:
    page = eve.get("/operator/").content.decode()
    for said in ("Nothing waits for a decision.", "Nothing is being evaluated.", "Nobody earns weight."):
        assert said in page
