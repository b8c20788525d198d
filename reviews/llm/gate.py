"""The evidence gate: what a verdict may do to a submission. Pure.

A model can be wrong, flattered or instructed, so its word alone neither rejects nor clears. A reject stands
only on a place that can be read back and at which a deterministic check fired for the same reason. Every
doubt becomes a hold where the review is required and a flag where it is advisory. An allow takes nothing away
from what other reviews found: the worst outcome of all decides.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prism_site.policy.schemas.reviews import LlmReviewPolicy
from reviews.ladder import Finding, Outcome
from reviews.llm.errors import AnswerMalformed, LlmError
from reviews.llm.source import Lines
from reviews.llm.tools import Evidence, Verdict

QUOTE_WITHIN_LINES = 3
CHECK_WITHIN_LINES = 5
MIN_QUOTE_CHARACTERS = 6  # blanks apart: less stands on nearly every line
SHOWN_EVIDENCE = 10
SHOWN_CHARACTERS = 200


def judge_verdict(
    verdict: Verdict,
    *,
    sources: Mapping[str, Lines],
    deterministic: Sequence[Finding],
    policy: LlmReviewPolicy,
) -> list[Finding]:
    """What follows from a verdict; nothing from an `allow` of enough confidence."""
    if verdict.confidence < policy.min_confidence:
        return [doubt(policy, "llm_low_confidence", "The LLM reviewer is not sure of its verdict.")]
    if verdict.verdict == "allow":
        return []
    shown = _claims(verdict, sources)
    if verdict.verdict == "suspicious":
        return [doubt(policy, "llm_suspicious", "The LLM reviewer asks for a person to look."), *shown]
    proof = next(verified(verdict, sources=sources, deterministic=deterministic), None)
    return [_reject(*proof) if proof else _unverified(policy), *shown]


def verified(
    verdict: Verdict, *, sources: Mapping[str, Lines], deterministic: Sequence[Finding]
) -> Iterator[tuple[Evidence, Finding]]:
    """Evidence whose quote stands where it says, with the check of one of the verdict's categories there."""
    for evidence in verdict.evidence:
        check = _check_at(evidence, verdict, deterministic)
        if check is not None and occurs(evidence, sources):
            yield evidence, check


def occurs(evidence: Evidence, sources: Mapping[str, Lines]) -> bool:
    """Whether the quote stands within three lines of its line, blanks and line breaks read as one space."""
    quote = " ".join(evidence.quote.split())
    lines = sources.get(evidence.file, ())
    if len(quote.replace(" ", "")) < MIN_QUOTE_CHARACTERS or evidence.line > len(lines):
        return False
    last = evidence.line + QUOTE_WITHIN_LINES + evidence.quote.strip().count("\n")
    around = lines[max(0, evidence.line - 1 - QUOTE_WITHIN_LINES) : last]
    return quote in " ".join(" ".join(around).split())


def failed(policy: LlmReviewPolicy, error: LlmError) -> Finding:
    """No verdict: neither silence nor noise lets anything pass."""
    if isinstance(error, AnswerMalformed):
        return doubt(policy, "llm_malformed", "The LLM reviewer's answer could not be read.")
    return doubt(policy, "llm_unavailable", "The LLM reviewer could not be reached.")


def truncated(policy: LlmReviewPolicy, files: Sequence[str]) -> list[Finding]:
    """The reviewer did not read everything."""
    message = "The source is longer than the LLM reviewer reads."
    return [doubt(policy, "llm_source_truncated", message, file=files[0])] if files else []


def injected(policy: LlmReviewPolicy, places: Iterable[tuple[str, int]]) -> list[Finding]:
    """The source speaks to its reviewer, so whatever the reviewer says may be the source's own words."""
    message = "The source holds text that speaks to its reviewer."
    return [doubt(policy, "prompt_injection", message, file=name, line=line) for name, line in places]


def echoed(policy: LlmReviewPolicy) -> Finding:
    """The answer repeats the secret word around the source: the model was talked out of its task."""
    return doubt(policy, "llm_delimiter_echoed", "The LLM reviewer's answer repeats what it must not repeat.")


def doubt(policy: LlmReviewPolicy, code: str, message: str, *, file: str = "", line: int = 0) -> Finding:
    """A hold where the review is required, a flag where it is advisory."""
    outcome = Outcome.HOLD if policy.required else Outcome.FLAG
    return Finding(code=code, outcome=outcome, message=message, file=file, line=line)


def _check_at(evidence: Evidence, verdict: Verdict, deterministic: Sequence[Finding]) -> Finding | None:
    for check in deterministic:
        near = check.line and abs(check.line - evidence.line) <= CHECK_WITHIN_LINES
        if near and check.file == evidence.file and check.category in verdict.categories:
            return check
    return None


def _reject(evidence: Evidence, check: Finding) -> Finding:
    message = f"A check ({check.code}) and the LLM reviewer agree that this is not allowed."
    return Finding(
        code="llm_verified_reject",
        outcome=Outcome.REJECT,
        message=message,
        file=evidence.file,
        line=evidence.line,
        quote=evidence.quote[:SHOWN_CHARACTERS],
        category=check.category,
    )


def _unverified(policy: LlmReviewPolicy) -> Finding:
    """A policy that asks for no evidence still rejects nothing: it holds, even where advisory."""
    message = "The LLM reviewer would reject, without evidence that could be verified."
    finding = doubt(policy, "llm_unverified_reject", message)
    if policy.evidence_required_for_rejection:
        return finding
    return Finding(code=finding.code, outcome=Outcome.HOLD, message=message)


def _claims(verdict: Verdict, sources: Mapping[str, Lines]) -> list[Finding]:
    """What the reviewer says of places that exist, for the person who decides."""
    existing = [evidence for evidence in verdict.evidence if occurs(evidence, sources)]
    return [
        Finding(
            code="llm_claim",
            outcome=Outcome.FLAG,
            message=f"The LLM reviewer says: {evidence.claim[:SHOWN_CHARACTERS]}",
            file=evidence.file,
            line=evidence.line,
            quote=evidence.quote[:SHOWN_CHARACTERS],
        )
        for evidence in existing[:SHOWN_EVIDENCE]
    ]
