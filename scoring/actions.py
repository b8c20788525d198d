"""Storing a score, lifting and withdrawing one: the only writer of `Score`."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evaluations import transitions
from evaluations.enums import Mode, Status, Verdict
from evaluations.models import Run, Submission
from prism_site.policy.resolve import Policy, resolve_policy
from scoring import final_score, ranking, standings
from scoring.blends import mark_best_blend
from scoring.final_score import ScoreParts, ScoreTerms
from scoring.models import Score
from scoring.seeds import Measured, over_seeds


class NothingToScore(Exception):
    """The submission has no run, or one that is not finished with the verdict `scored`."""

    code = "nothing_to_score"


def record_score(*, submission_id: UUID, by: str, held: bool = False) -> Score:
    """Score a submission from its runs, one per seed, and complete it, once; later calls return that score.

    A score that is `held`, or whose multiplier is 0, completes nothing: the submission waits in `scoring`.
    Raises `NothingToScore`, `final_score.ScoreImpossible`, `PolicyInvalid` for official modes, and
    `TransitionRefused` where the submission is not waiting for a score.
    """
    with transaction.atomic():
        submission = take_turn(submission_id)
        existing = Score.objects.filter(pk=submission_id).first()
        if existing is not None:
            return existing
        policy = resolve_policy(official=Mode(submission.mode).is_official)
        score = _compute(submission, policy)
        if not held:
            _mark_best(score)
        score.save(force_insert=True)
        if score.multiplier > 0 and not held:
            transitions.complete(submission_id, by=by, data=data_of(score))
    return score


def complete(*, submission_id: UUID, by: str, data: dict[str, Any]) -> Score:
    """Nothing holds a stored score: it stands, with the multiplier that it has.

    Raises `TransitionRefused` where the submission is not in scoring.
    """
    with transaction.atomic():
        take_turn(submission_id)
        score = Score.objects.get(pk=submission_id)
        _mark_best(score)
        score.save(update_fields=["best_in_mode"])
        told = {**data_of(score), "multiplier": score.multiplier, **data}
        transitions.complete(submission_id, by=by, data=told)
        mark_best_blend(score)
    return score


def lift(*, submission_id: UUID) -> Score:
    """An operator clears the anomalies of a held score; raises `Score.DoesNotExist` before there is one."""
    with transaction.atomic():
        take_turn(submission_id)
        score = Score.objects.select_related("submission").get(pk=submission_id)
        parts = lifted_parts(score)
        _store_parts(score, parts)
    return score


def lifted_parts(score: Score) -> ScoreParts:
    """The score that it would have without its anomalies, by the policy under which it was scored."""
    policy = resolve_policy(at=score.computed_at, official=Mode(score.mode).is_official)
    cleared = final_score.multiplier(anomaly=True, lifted=True)
    return parts_of(_measured(score.submission)[1], policy, multiplier=cleared)


def withdraw(*, submission_id: UUID, unlift: bool) -> Score:
    """A score counts no longer, because its submission is held again; with `unlift` its anomalies are back.

    The hotkey's next best takes its place on the leaderboard.
    """
    with transaction.atomic():
        take_turn(submission_id)
        score = Score.objects.select_related("submission").get(pk=submission_id)
        if unlift:
            policy = resolve_policy(at=score.computed_at, official=Mode(score.mode).is_official)
            back = final_score.multiplier(anomaly=True)
            _store_parts(score, parts_of(_measured(score.submission)[1], policy, multiplier=back))
        if score.best_in_mode:
            _pass_on_mark(score)
        mark_best_blend(score, without=score.pk)
    return score


def data_of(score: Score) -> dict[str, Any]:
    """What the history keeps of a score."""
    return {"final_score": score.final_score, "bpb": score.bpb, "run_id": str(score.run_id)}


def _store_parts(score: Score, parts: ScoreParts) -> None:
    score.multiplier, score.final_score = parts.multiplier, parts.final_score
    score.save(update_fields=["multiplier", "final_score"])


def _measured(submission: Submission) -> tuple[Run, Measured]:
    """The first run and the measurement over all; every one of them must have been scored."""
    runs = list(submission.runs.order_by("created_at", "seed"))
    manifests = [run.manifest for run in runs if run.manifest and run.verdict == Verdict.SCORED]
    if not runs or len(manifests) < len(runs):
        raise NothingToScore(str(submission.pk))
    return runs[0], over_seeds(manifests)


def _compute(submission: Submission, policy: Policy) -> Score:
    run, measured = _measured(submission)
    parts = parts_of(measured, policy, multiplier=final_score.multiplier(anomaly=measured.anomaly))
    return Score(
        submission=submission,
        run=run,
        hotkey=submission.hotkey,
        mode=submission.mode,
        epoch=submission.epoch,
        accepted_at=submission.created_at,
        bpb=measured.bpb,
        bpb_se=measured.bpb_se,
        bpb_sd=measured.bpb_sd,
        seeds=list(measured.seeds),
        heldout_delta=measured.heldout_delta,
        multiplier=parts.multiplier,
        penalty=parts.penalty,
        final_score=parts.final_score,
        policy_row_ids=policy.row_ids,
        computed_at=timezone.now(),
    )


def parts_of(measured: Measured, policy: Policy, *, multiplier: float) -> ScoreParts:
    """The score of a measurement under a policy."""
    comparability = policy.loss_comparability_policy
    return final_score.final_score(
        measured.bpb,
        heldout_delta=measured.heldout_delta,
        heldout_gap=measured.heldout_gap,
        multiplier=multiplier,
        terms=ScoreTerms(
            heldout_epsilon_bpb=comparability.heldout_epsilon_bpb,
            memorization_gap_bpb=comparability.memorization_gap_bpb,
            memorization_penalty=comparability.memorization_penalty,
        ),
    )


def take_turn(submission_id: UUID) -> Submission:
    """One score of a hotkey at a time, because each decides anew which is the best.

    The lock is on the hotkey's first submission: a row that all of them find and none of them changes here.
    The mark itself cannot be locked: a row that has just lost it no longer answers to the query.
    """
    submission = Submission.objects.get(pk=submission_id)
    of_hotkey = Submission.objects.select_for_update().filter(hotkey=submission.hotkey)
    of_hotkey.order_by("created_at", "pk").first()
    return submission


def _mark_best(score: Score) -> None:
    """Decide whether this score is its hotkey's best; the old mark goes first, as it is unique."""
    marked = Score.objects.filter(mode=score.mode, hotkey=score.hotkey, best_in_mode=True)
    old = marked.exclude(pk=score.pk).first()
    ranked = ranking.rank(standings.contenders([score] if old is None else [old, score]))
    score.best_in_mode = ranked[0].submission_id == score.submission_id
    if old is not None and score.best_in_mode:
        Score.objects.filter(pk=old.pk).update(best_in_mode=False)


def _pass_on_mark(score: Score) -> None:
    """The best of the hotkey's scores that stand, if there is one, is the best now."""
    score.best_in_mode = False
    score.save(update_fields=["best_in_mode"])
    others = Score.objects.filter(mode=score.mode, hotkey=score.hotkey, submission__status=Status.COMPLETED)
    following = others.exclude(pk=score.pk).order_by(*standings.RANK_ORDER).first()
    if following is not None:
        Score.objects.filter(pk=following.pk).update(best_in_mode=True)
