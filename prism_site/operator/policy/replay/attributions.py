"""Whose a submission is, decided again from the evidence that was kept with the decision.

What a family was at the time is not kept whole, so the question is rebuilt from the evidence and first put to
the policy of the time: only where that gives the stored decision is the draft asked. A decision that nobody
can reproduce is left out, and counted as such.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from evaluations.enums import Kind
from prism_site.operator.policy.replay.replayed import Budget, Flip, Replayed
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.resolve import Policy, policy_at
from prism_site.policy.schemas.scores import ImprovementThresholds
from scoring.attribution import decide
from scoring.attribution_facts import Decision, KnownFamily, KnownVariant, Measurements, Signature
from scoring.gathering import terms_of
from scoring.models import Attribution, Variant
from scoring.paired import Improvement, Verdict, verdict

TITLE = "Attributions"
BY_A_PERSON = "a person decided, which no threshold changes"
NOT_REPRODUCED = "the evidence that is kept does not give the decision that was made"
RIVAL = "current best"


def attributions(now: Policy, draft: Policy, budget: Budget) -> Replayed:
    """Which architecture and training would have been another's, held, or let through."""
    found = Replayed(
        title=TITLE,
        note="Each by itself: what its answer would have changed about families after it is not followed.",
    )
    rows = Attribution.objects.select_related("submission").order_by("-decided_at", "-pk")
    for row in budget.spend(rows[: budget.last], found, rows.count()):
        _replay(row, now, draft, found)
    return found


def _replay(row: Attribution, now: Policy, draft: Policy, found: Replayed) -> None:
    if row.decision["reason"] == "operator" or "operator" in row.decision["evidence"]:
        found.skip(BY_A_PERSON)
        return
    asked = Rebuilt(row.decision, row.hotkey, _trains_for(row), known_variants(row))
    try:
        reproduced = same(asked.answer(policy_at(row.decided_at)), row.decision)
    except PolicyInvalid:
        reproduced = False
    if reproduced:
        found.judge(row.decided_at, _flip(row, asked.answer(now), asked.answer(draft)))
    else:
        found.skip(NOT_REPRODUCED)


def _trains_for(row: Attribution) -> str | None:
    return row.submission.architecture_id if row.submission.kind == Kind.TRAINING_FOR_ARCH else None


def known_variants(row: Attribution) -> list[KnownVariant]:
    """The variant that a decision names; of one held, the family's earlier one of the same training."""
    kept = row.decision["evidence"]
    named = row.decision["training_variant_id"] or kept.get("copied_variant_id")
    if named:
        rows = Variant.objects.filter(pk=named)
    elif row.decision["training_action"] == "hold" and kept["nearest_family_id"]:
        rows = Variant.objects.filter(
            family_id=kept["nearest_family_id"],
            training_hash=kept["training_hash"],
            created_at__lt=row.accepted_at,
        )
    else:
        return []
    return [
        KnownVariant(
            id=str(each.pk),
            family_id=str(each.family_id),
            training_hash=each.training_hash,
            hotkey=each.hotkey,
        )
        for each in rows
    ]


@dataclass(frozen=True)
class Rebuilt:
    """The question of a stored decision, as far as its evidence tells."""

    decision: Mapping[str, Any]
    hotkey: str
    trains_for: str | None
    known: Sequence[KnownVariant] = ()  # of the same training, as far as the decision met them

    def answer(self, policy: Policy) -> Decision:
        """The decision under a policy."""
        families = [self.family] if self.family else []
        measured = Measurements(
            improvement=self._improvement(policy.score_weights.improvement_thresholds),
            reviewer_confidence=self.evidence["reviewer_confidence"],
        )
        return decide(self.signature, families, self.variants, measured, terms_of(policy))

    @property
    def evidence(self) -> Mapping[str, Any]:
        """What was kept."""
        kept: Mapping[str, Any] = self.decision["evidence"]
        return kept

    @cached_property
    def signature(self) -> Signature:
        """What the submission is."""
        kept = self.evidence
        return Signature(
            hotkey=self.hotkey,
            architecture_hash=kept["architecture_hash"],
            graph_hash=kept["graph_hash"],
            training_hash=kept["training_hash"],
            trains_for=self.trains_for,
        )

    @cached_property
    def family(self) -> KnownFamily | None:
        """The nearest family as it was: its graph and source are known where the decision shows it."""
        kept, own = self.evidence, self.signature
        if kept["nearest_family_id"] is None:
            return None
        exact = kept["graph_similarity"] == 1.0 and own.graph_hash is not None
        graphs = {own.graph_hash} if exact and self.decision["reason"] != "similar_graph" else set()
        # Where source and graph disagree without any likeness of the source, its hash was known.
        disagrees = "evidence_disagrees" in self.decision["holds"] and not kept["source_similarity"]
        known = self.decision["architecture_action"] == "existing" or "copied_variant_id" in kept or disagrees
        changed = self.decision["reason"] == "structure_changed"
        return KnownFamily(
            id=kept["nearest_family_id"],
            graph_hashes=frozenset(filter(None, graphs)),
            architecture_hashes=frozenset({own.architecture_hash} if known else set()),
            canonical_architecture_hash="" if changed else own.architecture_hash,
            graph_similarity=kept["graph_similarity"],
            source_similarity=kept["source_similarity"],
        )

    @cached_property
    def variants(self) -> list[KnownVariant]:
        """The variants that its training was known from, and the current best that it was compared with."""
        if not self.evidence["improvement"] or self.family is None:
            return list(self.known)
        rival = KnownVariant(id=RIVAL, family_id=self.family.id, training_hash=RIVAL, hotkey=RIVAL)
        return [*self.known, rival]

    def _improvement(self, thresholds: ImprovementThresholds) -> Improvement | None:
        kept = self.evidence["improvement"]
        if kept is None:
            return None
        told = Improvement(**{**kept, "verdict": Verdict(kept["verdict"]), "seeds": ()})
        return judged(told, thresholds) if kept["seeds"] else told  # without pairs it was said without a test


def judged(told: Improvement, thresholds: ImprovementThresholds) -> Improvement:
    """The same measurement under other thresholds."""
    best_bpb = told.mean_bpb / told.relative if told.relative else 0.0
    required = max(thresholds.min_delta_abs, thresholds.min_delta_rel * best_bpb)
    answer = verdict(told.mean_bpb, told.z, required, thresholds.z_score)
    return replace(told, verdict=answer, required_bpb=required, required_z=thresholds.z_score)


def same(decision: Decision, stored: Mapping[str, Any]) -> bool:
    """Whether the rebuilt question gives the answer that was stored."""
    names = ("architecture_action", "training_action", "reason", "takes_current_best")
    return all(getattr(decision, name) == stored[name] for name in names)


def _flip(row: Attribution, before: Decision, after: Decision) -> Flip | None:
    one, other = words(before), words(after)
    if one == other:
        return None
    detail = f"{before.reason} → {after.reason}" if before.reason != after.reason else ""
    return Flip(
        submission_id=row.submission_id, name=row.submission.name, before=one, after=other, detail=detail
    )


def words(decision: Decision) -> str:
    """A decision in a line: `architecture variant, training new, takes current best`."""
    parts = [f"architecture {decision.architecture_action}", f"training {decision.training_action}"]
    return ", ".join([*parts, *(["takes current best"] if decision.takes_current_best else [])])
