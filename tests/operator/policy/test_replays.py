"""What a draft would have decided otherwise, from submissions that were really decided."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evaluations.enums import Mode
from evaluations.models import Run, StoredBundle, Submission
from prism_site import decisions
from prism_site.config import override_env
from prism_site.operator.policy.replay.attributions import BY_A_PERSON, NOT_REPRODUCED, attributions
from prism_site.operator.policy.replay.duplicates import NO_SIGNATURE, duplicates
from prism_site.operator.policy.replay.intake import intake, verdict_of
from prism_site.operator.policy.replay.llm import NO_ANSWER, llm
from prism_site.operator.policy.replay.replay import replay
from prism_site.operator.policy.replay.replayed import Budget, Replayed
from prism_site.operator.policy.replay.scores import NO_MANIFEST, scores
from prism_site.operator.policy.replay.weights import weights
from prism_site.policy.resolve import set_policy
from prism_site.policy.schemas.limits import ArtifactLimits
from reviews.duplicates.review import compare
from reviews.models import Hold, Review, SourceSignature, Transcript
from scoring.models import Attribution
from tests import factories
from tests.duplicates.programs import program
from tests.duplicates.test_likeness import edited
from tests.duplicates.test_review import ALICE, BOB, accepted
from tests.evaluations import world
from tests.operator.conftest import SOURCE
from tests.operator.policy.conftest import address, filled, html
from tests.operator.policy.policies import both
from tests.scoring.test_architectures import scored

pytestmark = pytest.mark.django_db
REVIEWER = Review.Reviewer
ANOTHER_ACTIVATION = "architecture.py", ("nn.GELU()", "nn.SiLU()")
VERDICT = {"verdict": "suspicious", "confidence": 0.8, "categories": [], "evidence": []}


def budget(last: int = 100, seconds: float = 600.0) -> Budget:
    return Budget(last=last, seconds=seconds)


def reviewed(submission_id: UUID, reviewer: Review.Reviewer, **fields: Any) -> Review:
    values = {"outcome": "pass", "findings": [], "duration_seconds": 0.1, "created_at": timezone.now()}
    return Review.objects.create(submission_id=submission_id, reviewer=reviewer, **{**values, **fields})


def flipped(found: Replayed) -> dict[UUID, tuple[str, str]]:
    return {flip.submission_id: (flip.before, flip.after) for flip in found.flips}


def copied() -> Submission:
    """An upload that is another hotkey's but for one activation; both have been reviewed."""
    for files, hotkey in ((program("classic"), ALICE), (edited("classic", *ANOTHER_ACTIVATION), BOB)):
        submission, bundle = accepted(files, hotkey)
        found = compare(submission, bundle, both()[0].duplicate_thresholds)
        reviewed(submission.pk, REVIEWER.DUPLICATES, findings=[each.as_json() for each in found.findings])
    return submission


def test_higher_similarities_would_have_let_a_copy_through() -> None:
    copy = copied()
    high = dict.fromkeys(
        ("exact_source_similarity", "static_reject_similarity", "quarantine_source_similarity"), 1.0
    )
    found = duplicates(*both(duplicate_thresholds=high), budget())
    assert (found.judged, flipped(found)) == (2, {copy.pk: ("reject", "flag")})
    assert "The file resembles" in found.flips[0].detail


def test_the_same_thresholds_flip_nothing() -> None:
    copied()
    assert duplicates(*both(duplicate_thresholds={}), budget()).flips == []


def test_a_source_without_a_signature_is_left_out() -> None:
    copy = copied()
    SourceSignature.objects.filter(submission=copy).update(version=0)
    found = duplicates(*both(duplicate_thresholds={}), budget())
    assert (found.judged, found.left_out) == (1, {NO_SIGNATURE: 1})


def said(verdict: dict[str, Any] | None) -> Submission:
    submission = world.upload(SOURCE, hotkey=factories.make_hotkey(str(verdict)))
    reviewed(submission.pk, REVIEWER.LLM)
    outcome = {"outcome": "suspicious"} if verdict else {"outcome": "failed", "error_code": "timed_out"}
    Transcript.objects.create(
        submission=submission, created_at=timezone.now(), prompt_version="1", verdict=verdict, **outcome
    )
    return submission


def test_a_required_reviewer_turns_doubt_and_silence_into_holds() -> None:
    set_policy("llm_review_policy", {"enabled": True}, by="ada")
    doubted, silent = said(VERDICT), said(None)
    found = llm(*both(llm_review_policy={"enabled": True, "required": True}), budget())
    assert flipped(found) == {doubted.pk: ("flag", "hold"), silent.pk: ("flag", "hold")}
    off = llm(*both(llm_review_policy={"enabled": False}), budget())
    assert set(flipped(off).values()) == {("flag", "pass")}


def test_what_the_reviewer_never_said_is_left_out() -> None:
    unread = said({"verdict": "allow"})
    reviewed(factories.make_submission().pk, REVIEWER.LLM)
    found = llm(*both(llm_review_policy={"enabled": True, "required": True}), budget())
    assert (found.judged, found.left_out) == (0, {NO_ANSWER: 2})
    assert Transcript.objects.get().submission == unread


def strict(delta: float) -> dict[str, Any]:
    return {"improvement_thresholds": {"min_delta_abs": delta}}


def test_a_stricter_threshold_would_have_left_the_current_best_where_it_was() -> None:
    first = scored(1.0)
    better = scored(3.0, like=first)
    found = attributions(*both(score_weights=strict(1.0)), budget())
    assert (found.judged, dict(found.left_out)) == (2, {})
    ((submission_id, (before, after)),) = flipped(found).items()
    assert submission_id == better.pk
    assert before.endswith("takes current best")
    assert "takes current best" not in after


def test_a_decision_of_another_time_is_reproduced_by_the_policy_of_its_time() -> None:
    first = scored(1.0)
    scored(3.0, like=first)
    set_policy("score_weights", strict(1.0), by="ada")
    found = attributions(*both(score_weights={}), budget())
    assert (found.judged, len(found.flips), dict(found.left_out)) == (2, 1, {})


def test_what_a_person_decided_or_nobody_can_reproduce_is_left_out() -> None:
    best = scored(1.2)
    near = scored(1.2 * 1.004, like=best)
    hold = Hold.objects.get(submission=near)
    decisions.decide(hold.pk, Hold.Decision.RELEASE, by="operator:eve", note="seen", version=hold.version)
    row = Attribution.objects.get(pk=best.pk)
    row.decision["reason"] = "similar_graph"
    row.save()
    found = attributions(*both(score_weights=strict(1.0)), budget())
    assert found.left_out == {BY_A_PERSON: 1, NOT_REPRODUCED: 1}


def test_scores_are_made_again_from_their_manifests() -> None:
    score, gone = factories.make_completed(), factories.make_completed()
    Run.objects.filter(pk=gone.run_id).update(verdict="failed")
    found = scores(*both(loss_comparability_policy={"heldout_epsilon_bpb": 0.0}), budget())
    assert (found.judged, found.left_out) == (1, {NO_MANIFEST: 1})
    before, after = flipped(found)[score.pk]
    assert before == f"{score.final_score:.6f}"
    assert float(after) < float(before)


def test_weights_move_at_once_with_the_pools() -> None:
    one, other = factories.make_completed(ease=2.0), factories.make_completed(ease=1.0)
    effect = weights(*both(reward_pools={"distribution": "winner_take_all"}), ["reward_pools"], budget())
    moved = {change.hotkey: (round(change.before, 6), change.after) for change in effect.at_once}
    assert moved == {one.hotkey: (0.666667, 1.0), other.hotkey: (0.333333, 0.0)}
    assert effect.as_if is None


def test_a_threshold_moves_weights_only_as_if_it_had_always_been_so() -> None:
    first = scored(1.0)
    better = scored(3.0, like=first)
    effect = weights(*both(score_weights=strict(1.0)), ["score_weights"], budget())
    assert effect.at_once == []
    assert effect.as_if is not None
    moved = {change.hotkey: round(change.after - change.before, 6) for change in effect.as_if.changes}
    assert moved == {first.hotkey: 0.4, better.hotkey: -0.4}
    assert (effect.as_if.families, effect.as_if.kept) == (1, 0)


def test_families_that_time_does_not_reach_stay_as_they_are() -> None:
    scored(1.0)
    effect = weights(*both(score_weights=strict(1.0)), ["score_weights"], budget(seconds=0.0))
    assert effect.as_if is not None
    assert (effect.as_if.changes, effect.as_if.families, effect.as_if.kept) == ([], 0, 1)


def test_uploads_are_measured_against_the_sizes_of_the_draft() -> None:
    submission = factories.make_submission()
    found = intake(*both(artifact_limits={"max_code_bytes": 100}), budget())
    size = len(StoredBundle.objects.get().archive)
    assert flipped(found) == {submission.pk: ("accepted", f"refused: archive of {size} bytes")}
    limits = ArtifactLimits(max_code_bytes=100, max_files=2, max_bytes=10)
    assert verdict_of(100, [5, 5], limits) == "accepted"
    assert verdict_of(100, [1, 1, 1], limits) == "refused: 3 files"
    assert verdict_of(100, [5, 6], limits) == "refused: 11 bytes inflated"


def test_a_replay_writes_nothing_and_says_over_what_it_went() -> None:
    for _ in range(3):
        factories.make_completed()
    keys = ["loss_comparability_policy", "sandbox_limits"]
    pair = both(loss_comparability_policy={"heldout_epsilon_bpb": 0.0}, sandbox_limits={"cpus": 2.0})
    with CaptureQueriesContext(connection) as asked:
        result = replay(*pair, keys, last=2)
    (first, _) = result.parts
    assert (first.judged, first.more, result.flips) == (2, 1, 2)
    assert {query["sql"].partition(" ")[0] for query in asked.captured_queries} == {"SELECT"}
    assert [line.partition(":")[0] for line in result.cannot] == ["sandbox_limits"]


def test_the_page_lists_what_would_flip_with_links(carol: Client) -> None:
    first = scored(1.0)
    better = scored(3.0, like=first, name="<better>")
    sent = filled("score_weights", improvement_thresholds__min_delta_abs="1")
    page = html(carol.post(address("score_weights", "/draft"), sent))
    assert "1 decision would have been another" in page
    assert f'href="/submissions/{better.pk}"' in page
    assert "&lt;better&gt;" in page
    assert "As if every score and comparison had been made under the draft" in page


def test_a_mode_that_stops_being_official_is_said_to_burn(carol: Client) -> None:
    with override_env(execution_mode="gpu_proxy_eval"):
        factories.make_completed(mode=Mode.GPU_PROXY_EVAL)
        value = '{"gpu_proxy_eval": {"official_score": false}}'
        sent = {"value": value, "seen": filled("execution_mode_targets")["seen"]}
        page = html(carol.post(address("execution_mode_targets", "/json"), sent))
    assert "the platform would burn" in page
    assert "Not replayed: execution_mode_targets" in page
