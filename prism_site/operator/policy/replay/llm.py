"""The gate over the LLM reviewer again, from what it said at the time; nobody is asked anew."""

import json
from collections.abc import Mapping

from evaluations.bundles import BundleChanged
from evaluations.intake.bundle import Bundle
from evaluations.intake.refusals import BundleRefused
from evaluations.run_files import bundle_as_run
from prism_site.operator.policy.replay.duplicates import outcome
from prism_site.operator.policy.replay.replayed import Budget, Flip, Replayed
from prism_site.policy.resolve import Policy
from prism_site.policy.schemas.reviews import LlmReviewPolicy
from reviews.ladder import Finding
from reviews.llm import gate
from reviews.llm.errors import AnswerMalformed, ArgumentsMalformed, LlmError
from reviews.llm.injection import injections
from reviews.llm.source import Lines, excerpt, sources_of
from reviews.llm.tools import read_verdict
from reviews.models import Review, Transcript

TITLE = "LLM reviews"
NO_BUNDLE = "its files cannot be read any more"
NO_ANSWER = "what the reviewer said is not kept"
ECHOED = "llm_delimiter_echoed"
MALFORMED = "llm_malformed"  # as `reviews.llm.gate.failed` names it


def llm(now: Policy, draft: Policy, budget: Budget) -> Replayed:
    """What would have become of the verdicts that are kept."""
    found = Replayed(
        title=TITLE,
        note="From the answers that are kept: another model, or a first look, would have to be asked.",
    )
    rows = Review.objects.filter(reviewer=Review.Reviewer.LLM).order_by("-created_at", "-pk")
    policies = now.llm_review_policy, draft.llm_review_policy
    for row in budget.spend(rows.select_related("submission")[: budget.last], found, rows.count()):
        _replay(row, *policies, found)
    return found


def _replay(row: Review, now: LlmReviewPolicy, draft: LlmReviewPolicy, found: Replayed) -> None:
    transcript = Transcript.objects.filter(submission_id=row.submission_id).first()
    if transcript is None:
        found.skip(NO_ANSWER)
        return
    try:
        bundle = bundle_as_run(row.submission_id)
        before, after = (judged(row, transcript, bundle, each) for each in (now, draft))
    except (BundleChanged, BundleRefused):
        found.skip(NO_BUNDLE)
    except ArgumentsMalformed:
        found.skip(NO_ANSWER)
    else:
        found.judge(row.created_at, _flip(row, outcome(before), outcome(after)))


def judged(row: Review, transcript: Transcript, bundle: Bundle, policy: LlmReviewPolicy) -> list[Finding]:
    """What `reviews.llm.review.judge` would find of the same answer under a policy."""
    if not policy.enabled:
        return []
    sources = sources_of(bundle)
    findings = _of_answer(row, transcript, sources, policy)
    findings += gate.truncated(policy, excerpt(sources, max_chars=policy.max_source_chars).left_out)
    return findings + gate.injected(policy, injections(sources))


def _of_answer(
    row: Review, transcript: Transcript, sources: Mapping[str, Lines], policy: LlmReviewPolicy
) -> list[Finding]:
    codes = {stored["code"] for stored in row.findings}
    if transcript.verdict is None:
        return [gate.failed(policy, AnswerMalformed() if MALFORMED in codes else LlmError())]
    found = gate.judge_verdict(
        read_verdict(json.dumps(transcript.verdict)),
        sources=sources,
        deterministic=_of_others(row),
        policy=policy,
    )
    return [*found, gate.echoed(policy)] if ECHOED in codes else found


def _of_others(row: Review) -> list[Finding]:
    """What the reviewers before it had found."""
    rows = (
        Review.objects.filter(submission_id=row.submission_id).exclude(pk=row.pk).order_by("created_at", "pk")
    )
    return [Finding.from_json(stored) for other in rows for stored in other.findings]


def _flip(row: Review, before: str, after: str) -> Flip | None:
    if before == after:
        return None
    name = row.submission.name
    return Flip(submission_id=row.submission_id, name=name, before=before, after=after)
