"""When a submission has its score: whose it is, and whether it counts from now on."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from evaluations import transitions
from prism_site.operator_words import reviewer_confidence, word_of
from reviews import opening
from reviews.models import Hold
from scoring import actions as scoring
from scoring import ownership
from scoring.attribution_facts import Reason
from scoring.models import Attribution, Score
from scoring.ownership import State
from scoring.resolutions import AttributionRefused

KINDS: Mapping[str, Hold.Kind] = {
    Reason.STRUCTURE_CHANGED: Hold.Kind.STRUCTURE_CHANGED,
    Reason.NEAR_THRESHOLD: Hold.Kind.NEAR_THRESHOLD,
}
SUMMARIES: Mapping[str, str] = {
    Reason.STRUCTURE_CHANGED: "It is training for an architecture that exists, and brings another structure.",
    Reason.EVIDENCE_DISAGREES: "Its source and its graph point to different architectures.",
    Reason.REVIEWER_UNSURE: "A reviewer was not sure of what it is.",
    Reason.GRAPH_UNKNOWN: "The graph of its model could not be read.",
    Reason.GRAPH_AMBIGUOUS: "Its graph is neither clearly a known one nor clearly a new one.",
    Reason.NEAR_THRESHOLD: "It is nearly, but not clearly, better than the best of its kind.",
}
LOOKED_AT = "An operator looks at whose it is before its score counts."
REJECTIONS: Mapping[str, str] = {
    Reason.COPY: "Architecture and training are those of a submission that another hotkey sent before.",
    Reason.FAMILY_UNKNOWN: "It is training for an architecture that does not exist.",
}


def settle(
    submission_id: UUID, *, by: str, told: Mapping[str, Any] | None = None, deciding: bool = False
) -> None:
    """Attribute a scored submission that nothing stops; complete it, hold it, or reject a copy.

    The caller has locked the submission. What an operator said about it counts; `deciding` says that it is
    being said now, and a word that contradicts what is known raises `AttributionRefused`. One that was
    overtaken meanwhile is put aside.
    """
    data = dict(told or {})
    if Score.objects.get(pk=submission_id).multiplier == 0:
        scoring.complete(submission_id=submission_id, by=by, data=data)  # worth nothing, so it claims nothing
        return
    row = _attribute(submission_id, by, deciding)
    match State(row.state):
        case State.HELD:
            _hold(row, by)
        case State.REJECTED:
            reason = row.decision["reason"]
            text = REJECTIONS[reason]
            transitions.reject(submission_id, by=by, reason_code=reason, reason=text, data=data | _facts(row))
        case _:
            scoring.complete(submission_id=submission_id, by=by, data=data | _facts(row))


def _attribute(submission_id: UUID, by: str, deciding: bool) -> Attribution:
    word, confidence = word_of(submission_id), reviewer_confidence(submission_id)
    try:
        return ownership.attribute(
            submission_id=submission_id, by=by, reviewer_confidence=confidence, word=word
        )
    except AttributionRefused:
        if deciding:
            raise
        return ownership.attribute(submission_id=submission_id, by=by, reviewer_confidence=confidence)


def _hold(row: Attribution, by: str) -> None:
    reason = row.decision["reason"]
    opening.hold_for_attribution(
        row.pk,
        kind=KINDS.get(reason, Hold.Kind.LOW_CONFIDENCE_ATTRIBUTION),
        reason_code=reason,
        summary=f"{SUMMARIES[reason]} {LOOKED_AT}",
        evidence=_evidence(row.decision),
        confidence=min(row.decision["architecture_confidence"], row.decision["training_confidence"]),
        by=by,
    )


def _evidence(decision: Mapping[str, Any]) -> dict[str, Any]:
    """What an operator looks at: every reason in a sentence, what it follows from, the decision itself."""
    known = decision["evidence"]
    improvement = known.get("improvement") or {}
    names = ("nearest_family_id", "graph_similarity", "source_similarity", "reviewer_confidence")
    compared = ("mean_bpb", "required_bpb", "z", "required_z")
    facts = {name: known.get(name) for name in names} | {name: improvement.get(name) for name in compared}
    return {
        "reasons": [{"code": reason, "message": SUMMARIES[reason]} for reason in decision["holds"]],
        **{name: value for name, value in facts.items() if value is not None},
        "decision": dict(decision),
    }


def _facts(row: Attribution) -> dict[str, Any]:
    """What the history keeps of an attribution."""
    names = ("architecture_action", "training_action", "reason")
    return {
        "family": str(row.family_id) if row.family_id else None,
        **{name: row.decision[name] for name in names},
    }
