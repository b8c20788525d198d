"""Storing a score, and lifting one that was held: the only writer of `Score`."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evaluations import transitions
from evaluations.enums import Mode, RunState, Verdict
from evaluations.models import Run, Submission
from prism_site.policy.resolve import Policy, resolve_policy
from scoring import final_score, ranking, standings
from scoring.final_score import ScoreParts, ScoreTerms
from scoring.models import Score


class NothingToScore(Exception):
    """The submission has no finished run with the verdict `scored`."""

    code = "nothing_to_score"


def record_score(*, submission_id: UUID, by: str) -> Score:
    """Score a submission from its run's manifest and complete it, once; later calls return the same score.

    A score whose multiplier is 0 completes nothing: the submission waits in `scoring` for its hold.
    Raises `NothingToScore`, `final_score.ScoreImpossible`, `PolicyInvalid` for official modes, and
    `TransitionRefused` where the submission is not waiting for a score.
    """
    with transaction.atomic():
        submission = Submission.objects.get(pk=submission_id)
        _take_turn(submission)
        existing = Score.objects.filter(pk=submission_id).first()
        if existing is not None:
            return existing
        policy = resolve_policy(official=Mode(submission.mode).is_official)
        score = _compute(submission, _scored_runs(submission), policy)
        _store(score)
        if score.multiplier > 0:
            transitions.complete(submission_id, by=by, data=data_of(score))
    return score


def complete_held(*, submission_id: UUID, by: str, lift: bool, note: str) -> Score:
    """An operator lets a held score stand: with `lift` it counts in full, without it stays at 0.

    Raises `TransitionRefused` where the submission is not held in scoring.
    """
    with transaction.atomic():
        submission = Submission.objects.get(pk=submission_id)
        _take_turn(submission)
        score = Score.objects.get(pk=submission_id)
        before = {"multiplier": score.multiplier, "final_score": score.final_score}
        if lift:
            _lift(score)
        data = {**data_of(score), "before": before, "multiplier": score.multiplier, "note": note}
        transitions.complete(submission_id, by=by, data=data)
    return score


def data_of(score: Score) -> dict[str, Any]:
    """What the history keeps of a score."""
    return {"final_score": score.final_score, "bpb": score.bpb, "run_id": str(score.run_id)}


def _lift(score: Score) -> None:
    """The score that it would have had, by the policy under which it was scored."""
    policy = resolve_policy(at=score.computed_at, official=Mode(score.mode).is_official)
    cleared = final_score.multiplier(anomaly=True, lifted=True)
    parts = score_manifest(score.run.manifest or {}, policy, multiplier=cleared)
    score.multiplier, score.final_score = parts.multiplier, parts.final_score
    _mark_best(score)
    score.save(update_fields=["multiplier", "final_score", "best_in_mode"])


def _scored_runs(submission: Submission) -> list[Run]:
    runs = submission.runs.filter(state=RunState.FINISHED, verdict=Verdict.SCORED)
    found = list(runs.order_by("created_at", "seed"))
    if not found:
        raise NothingToScore(str(submission.pk))
    return found


def _compute(submission: Submission, runs: list[Run], policy: Policy) -> Score:
    """The first run's score; an anomaly of any run counts against it."""
    run, manifest = runs[0], runs[0].manifest or {}
    anomaly = any(each.manifest and each.manifest["score"]["multiplier"] == 0 for each in runs)
    parts = score_manifest(manifest, policy, multiplier=final_score.multiplier(anomaly=anomaly))
    return Score(
        submission=submission,
        run=run,
        hotkey=submission.hotkey,
        mode=submission.mode,
        epoch=submission.epoch,
        accepted_at=submission.created_at,
        bpb=manifest["score"]["bpb"],
        bpb_se=manifest["score"]["bpb_se"] or 0.0,
        heldout_delta=(manifest.get("heldout") or {}).get("delta"),
        multiplier=parts.multiplier,
        penalty=parts.penalty,
        final_score=parts.final_score,
        policy_row_ids=policy.row_ids,
        computed_at=timezone.now(),
    )


def score_manifest(manifest: dict[str, Any], policy: Policy, *, multiplier: float) -> ScoreParts:
    """The score of a validated manifest with the verdict `scored`."""
    comparability = policy.loss_comparability_policy
    heldout = manifest.get("heldout") or {}
    return final_score.final_score(
        manifest["score"]["bpb"],
        heldout_delta=heldout.get("delta"),
        heldout_gap=heldout.get("gap"),
        multiplier=multiplier,
        terms=ScoreTerms(
            heldout_epsilon_bpb=comparability.heldout_epsilon_bpb,
            memorization_gap_bpb=comparability.memorization_gap_bpb,
            memorization_penalty=comparability.memorization_penalty,
        ),
    )


def _take_turn(submission: Submission) -> None:
    """One score of a hotkey at a time, because each decides anew which is the best.

    The lock is on the hotkey's first submission: a row that all of them find and none of them changes here.
    The mark itself cannot be locked: a row that has just lost it no longer answers to the query.
    """
    of_hotkey = Submission.objects.select_for_update().filter(hotkey=submission.hotkey)
    of_hotkey.order_by("created_at", "pk").first()


def _store(score: Score) -> None:
    """Insert the score, and move the mark of the hotkey's best if it is the new one."""
    _mark_best(score)
    score.save(force_insert=True)


def _mark_best(score: Score) -> None:
    """Decide whether this score is its hotkey's best; the old mark goes first, as it is unique."""
    marked = Score.objects.filter(mode=score.mode, hotkey=score.hotkey, best_in_mode=True)
    old = marked.exclude(pk=score.pk).first()
    ranked = ranking.rank(standings.contenders([score] if old is None else [old, score]))
    score.best_in_mode = ranked[0].submission_id == score.submission_id
    if old is not None and score.best_in_mode:
        Score.objects.filter(pk=old.pk).update(best_in_mode=False)
