"""The LLM review of a submission: asking, judging what came back, and keeping what was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone
from pydantic import SecretStr

from evaluations.intake.bundle import Bundle
from prism_site.config import env
from prism_site.policy.schemas.reviews import LlmReviewPolicy
from reviews.ladder import Finding
from reviews.llm import gate
from reviews.llm.client import Gateway, Try, longest_call_seconds
from reviews.llm.conversation import Conversation, converse
from reviews.llm.errors import ModelNotConfigured
from reviews.llm.injection import injections
from reviews.llm.prompt import Prompt, build_prompt, prompt_version
from reviews.llm.redact import redacted
from reviews.llm.source import excerpt, sources_of
from reviews.models import Transcript

log = structlog.get_logger(__name__)
CALLS = 2  # the diagram and the verdict


@dataclass(frozen=True)
class Judged:
    """What the review comes to; `confidence` is the model's own, 0 where it gave none."""

    findings: list[Finding]
    confidence: float


def judge(
    submission_id: UUID, bundle: Bundle, *, policy: LlmReviewPolicy, deterministic: Sequence[Finding]
) -> Judged:
    """Ask the configured model about `bundle` and weigh its answer against what deterministic reviews found.

    Stores one `Transcript`. Takes at most `longest_seconds(policy)`: call it outside transactions. Raises
    nothing for what a gateway does: that becomes a finding. A disabled reviewer is not asked.
    """
    if not policy.enabled:
        return Judged([], 1.0)
    sources = sources_of(bundle)
    sent = excerpt(sources, max_chars=policy.max_source_chars)
    prompt = build_prompt(bundle, sent, deterministic)
    said = _ask(prompt, policy)
    _keep(submission_id, said, policy)
    if said.error:
        log.warning("llm_review_without_verdict", submission=str(submission_id), code=said.error.code)
    findings = [
        *_from_verdict(said, prompt, policy, sources=sources, deterministic=deterministic),
        *gate.truncated(policy, sent.left_out),
        *gate.injected(policy, injections(sources)),
    ]
    return Judged(_storable(findings), said.verdict.confidence if said.verdict else 0.0)


def longest_seconds(policy: LlmReviewPolicy) -> float:
    """The longest that `judge` waits for the gateway, retries and the pauses before them included."""
    if not policy.enabled:
        return 0.0
    return CALLS * longest_call_seconds(policy.timeout_seconds, policy.max_retries)


def configured_gateway(policy: LlmReviewPolicy) -> Gateway:
    """The gateway of the settings with the model of the policy; `ModelNotConfigured` without one."""
    if not policy.model:
        raise ModelNotConfigured("llm_review_policy.model is not set")
    key = env().llm_api_key
    return Gateway(
        base_url=env().llm_base_url,
        model=policy.model,
        timeout_seconds=policy.timeout_seconds,
        max_retries=policy.max_retries,
        api_key=key.get_secret_value() if key else "",
    )


def _ask(prompt: Prompt, policy: LlmReviewPolicy) -> Conversation:
    try:
        gateway = configured_gateway(policy)
    except ModelNotConfigured as error:
        return Conversation(prompt.messages, [], error=error)
    return converse(gateway, prompt.messages)


def _from_verdict(
    said: Conversation, prompt: Prompt, policy: LlmReviewPolicy, **evidence: Any
) -> list[Finding]:
    if said.verdict is None:
        assert said.error is not None
        return [gate.failed(policy, said.error)]
    findings = gate.judge_verdict(said.verdict, policy=policy, **evidence)
    if any(prompt.delimiter in answer.arguments for answer in said.answers):
        findings.append(gate.echoed(policy))
    return findings


def _keep(submission_id: UUID, said: Conversation, policy: LlmReviewPolicy) -> None:
    secrets = configured_secrets()
    Transcript.objects.create(
        submission_id=submission_id,
        created_at=timezone.now(),
        model=policy.model or "",
        answered_by=redacted(said.answers[-1].model if said.answers else "", secrets)[:200],
        prompt_version=prompt_version(),
        messages=redacted(said.messages, secrets),
        exchanges=redacted([_exchange(one.tool, one.tries) for one in said.exchanges], secrets),
        diagram=redacted(said.diagram.diagram if said.diagram else "", secrets),
        verdict=redacted(said.verdict.model_dump(mode="json"), secrets) if said.verdict else None,
        prompt_tokens=sum(answer.prompt_tokens for answer in said.answers),
        completion_tokens=sum(answer.completion_tokens for answer in said.answers),
        latency_seconds=said.seconds,
        outcome=said.verdict.verdict if said.verdict else Transcript.Outcome.FAILED,
        error_code=said.error.code if said.error else "",
        error_detail=redacted(str(said.error) if said.error else "", secrets),
    )


def configured_secrets() -> list[str]:
    """The text of every secret setting, the tokens of a list one by one."""
    values = [getattr(env(), name) for name in type(env()).model_fields]
    texts = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    return [*texts, *env().shared_tokens]


def _exchange(tool: str, tries: Sequence[Try]) -> dict[str, Any]:
    return {"tool": tool, "tries": [_try(one) for one in tries]}


def _try(one: Try) -> dict[str, Any]:
    return {
        "seconds": round(one.seconds, 3),
        "error": one.error.code if one.error else "",
        "detail": str(one.error) if one.error else "",
        "received": one.answer.received if one.answer else one.error.received if one.error else "",
    }


def _storable(findings: Sequence[Finding]) -> list[Finding]:
    """Findings quote what a model wrote, so they are redacted like the rest."""
    secrets = configured_secrets()
    return [Finding.from_json(redacted(finding.as_json(), secrets)) for finding in findings]
