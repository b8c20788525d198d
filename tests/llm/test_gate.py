"""Only deterministic evidence rejects; doubt holds where the review is required and flags where it is not."""

from typing import Any

import pytest

from prism_site.policy.schemas.reviews import LlmReviewPolicy
from reviews.ladder import Finding, Outcome, worst
from reviews.llm import gate
from reviews.llm.errors import AnswerMalformed, LlmError, LlmUnavailable
from reviews.llm.source import lines_of
from reviews.llm.tools import Verdict

SOURCE = b"""import torch


def train(ctx):
    name = "sys" + "tem"
    run = getattr(ctx, name)
    run(
        "ls",
    )
    return torch.zeros(1)
"""
LINE = 6
SOURCES = {"training.py": lines_of(SOURCE), "architecture.py": lines_of(b"def build_model(ctx):\n    ...\n")}
REQUIRED = LlmReviewPolicy(enabled=True, required=True, model="m")
ADVISORY = LlmReviewPolicy(enabled=True, required=False, model="m")
POLICIES = pytest.mark.parametrize(
    ("policy", "outcome"), [(REQUIRED, Outcome.HOLD), (ADVISORY, Outcome.FLAG)], ids=["required", "advisory"]
)


def check(**fields: Any) -> Finding:
    given = {
        "code": "computed_attribute",
        "outcome": Outcome.FLAG,
        "message": "An attribute is chosen at run time.",
        "file": "training.py",
        "line": LINE,
        "category": "introspection",
    }
    return Finding(**{**given, **fields})


def evidence(**fields: Any) -> dict[str, Any]:
    given = {
        "file": "training.py",
        "line": LINE,
        "quote": "run = getattr(ctx, name)",
        "claim": "it hides a call",
    }
    return {**given, **fields}


def verdict(**fields: Any) -> Verdict:
    given = {
        "verdict": "reject",
        "confidence": 0.9,
        "categories": ["introspection"],
        "evidence": [evidence()],
    }
    return Verdict.model_validate({**given, **fields}, strict=False)


def judged(
    given: Verdict, *, checks: tuple[Finding, ...] = (check(),), policy: LlmReviewPolicy = REQUIRED
) -> list[Finding]:
    return gate.judge_verdict(given, sources=SOURCES, deterministic=checks, policy=policy)


@POLICIES
def test_verified_evidence_rejects_even_where_advisory(policy: LlmReviewPolicy, outcome: Outcome) -> None:
    finding, *claims = judged(verdict(), policy=policy)
    assert (finding.code, finding.outcome) == ("llm_verified_reject", Outcome.REJECT)
    assert (finding.file, finding.line, finding.category) == ("training.py", LINE, "introspection")
    assert finding.quote == "run = getattr(ctx, name)"
    assert [claim.code for claim in claims] == ["llm_claim"]


def test_one_verified_item_among_others_is_enough() -> None:
    items = [evidence(quote="subprocess.run(cmd)"), evidence(file="nowhere.py"), evidence()]
    assert judged(verdict(evidence=items))[0].outcome == Outcome.REJECT


UNVERIFIED: dict[str, tuple[dict[str, Any], tuple[Finding, ...]]] = {
    "no evidence": ({"evidence": []}, (check(),)),
    "no check fired": ({}, ()),
    "check of another category": ({}, (check(category="network"),)),
    "check without category": ({}, (check(category=""),)),
    "verdict without category": ({"categories": []}, (check(),)),
    "verdict of another category": ({"categories": ["process", "other"]}, (check(),)),
    "check in another file": ({}, (check(file="architecture.py"),)),
    "check without place": ({}, (check(line=0),)),
    "check six lines away": ({}, (check(line=LINE + 6),)),
    "quote not in the source": ({"evidence": [evidence(quote="os.system('ls')")]}, (check(),)),
    "quote in another file": ({"evidence": [evidence(file="architecture.py")]}, (check(),)),
    "unknown file": ({"evidence": [evidence(file="../training.py")]}, (check(),)),
    "quote four lines away": ({"evidence": [evidence(line=LINE + 4)]}, (check(),)),
    "line after the end": ({"evidence": [evidence(line=10_000)]}, (check(line=10_000),)),
    "quote of next to nothing": ({"evidence": [evidence(quote="run(")]}, (check(),)),
    "quote of blanks": ({"evidence": [evidence(quote=" \n\t  \n   ")]}, (check(),)),
    "other case": ({"evidence": [evidence(quote="RUN = GETATTR(ctx, name)")]}, (check(),)),
}


@POLICIES
@pytest.mark.parametrize("name", UNVERIFIED)
def test_unverified_reject_is_doubt(name: str, policy: LlmReviewPolicy, outcome: Outcome) -> None:
    fields, checks = UNVERIFIED[name]
    findings = judged(verdict(**fields), checks=checks, policy=policy)
    assert (findings[0].code, worst(findings)) == ("llm_unverified_reject", outcome)


@pytest.mark.parametrize("policy", [REQUIRED, ADVISORY])
def test_policy_without_evidence_holds_and_never_rejects(policy: LlmReviewPolicy) -> None:
    loose = policy.model_copy(update={"evidence_required_for_rejection": False})
    assert worst(judged(verdict(), checks=(), policy=loose)) == Outcome.HOLD


@pytest.mark.parametrize(
    ("quote", "line"),
    [
        ("  run =   getattr(ctx,\tname) ", LINE),
        ("run = getattr(ctx, name)", LINE - 3),
        ("run = getattr(ctx, name)", LINE + 3),
        ("run = getattr(ctx, name)\n    run(\n        'ls',".replace("'", '"'), LINE),
        ('run(\n        "ls",\n    )\n    return torch.zeros(1)', LINE + 1),
        ('run( "ls", )', LINE + 1),
    ],
    ids=[
        "blanks",
        "three lines before",
        "three lines after",
        "three lines",
        "four lines",
        "one line of three",
    ],
)
def test_blanks_and_three_lines_do_not_matter(quote: str, line: int) -> None:
    assert judged(verdict(evidence=[evidence(quote=quote, line=line)]))[0].code == "llm_verified_reject"


@pytest.mark.parametrize("distance", [-5, 5])
def test_check_may_fire_five_lines_away(distance: int) -> None:
    assert judged(verdict(), checks=(check(line=LINE + distance),))[0].code == "llm_verified_reject"


@POLICIES
def test_suspicion_is_doubt_whatever_it_can_prove(policy: LlmReviewPolicy, outcome: Outcome) -> None:
    findings = judged(verdict(verdict="suspicious"), policy=policy)
    assert (findings[0].code, worst(findings)) == ("llm_suspicious", outcome)


@POLICIES
@pytest.mark.parametrize("said", ["allow", "reject", "suspicious"])
def test_low_confidence_is_doubt_whatever_it_says(
    said: str, policy: LlmReviewPolicy, outcome: Outcome
) -> None:
    [finding] = judged(verdict(verdict=said, confidence=0.71), policy=policy)
    assert (finding.code, finding.outcome) == ("llm_low_confidence", outcome)


@pytest.mark.parametrize("policy", [REQUIRED, ADVISORY])
@pytest.mark.parametrize("confidence", [0.72, 1.0])
def test_allow_of_enough_confidence_passes(policy: LlmReviewPolicy, confidence: float) -> None:
    assert judged(verdict(verdict="allow", confidence=confidence), policy=policy) == []


def every_error() -> list[type[LlmError]]:
    return [*LlmUnavailable.__subclasses__(), *AnswerMalformed.__subclasses__()]


@POLICIES
@pytest.mark.parametrize("error", every_error())
def test_every_failure_is_doubt(error: type[LlmError], policy: LlmReviewPolicy, outcome: Outcome) -> None:
    finding = gate.failed(policy, error("what came back"))
    expected = "llm_malformed" if issubclass(error, AnswerMalformed) else "llm_unavailable"
    assert (finding.code, finding.outcome) == (expected, outcome)
    assert "what came back" not in finding.message


def test_every_failure_has_a_code_of_its_own() -> None:
    codes = [error.code for error in every_error()]
    assert len(set(codes)) == len(codes)
    assert LlmError.code not in codes


def test_claims_are_shown_for_existing_places_only() -> None:
    items = [evidence(), evidence(quote="os.system('ls')"), evidence(quote="return torch.zeros(1)", line=10)]
    _, *claims = judged(verdict(evidence=items), checks=())
    assert [(claim.outcome, claim.line) for claim in claims] == [(Outcome.FLAG, 6), (Outcome.FLAG, 10)]


def test_claims_are_few_and_short() -> None:
    many = [evidence(claim="x" * 2_000)] * 50
    findings = judged(verdict(evidence=many), checks=())
    assert len(findings) == 1 + gate.SHOWN_EVIDENCE
    assert all(len(finding.message) < 300 for finding in findings)


@POLICIES
def test_doubts_about_the_source_follow_the_policy(policy: LlmReviewPolicy, outcome: Outcome) -> None:
    findings = [
        *gate.truncated(policy, ["training.py"]),
        *gate.injected(policy, [("training.py", 4)]),
        gate.echoed(policy),
    ]
    assert {finding.outcome for finding in findings} == {outcome}
    assert gate.truncated(policy, []) == []
