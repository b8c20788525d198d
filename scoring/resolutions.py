"""An operator's word about whose a submission is, as the decision that it makes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from scoring.attribution_facts import (
    ArchitectureAction,
    Decision,
    KnownFamily,
    KnownVariant,
    Reason,
    Signature,
    TrainingAction,
)
from scoring.attribution_rules import same_graph


class AttributionRefused(Exception):
    """The word contradicts what is known: a family or a variant that is not there, or a discovery."""

    code = "attribution_refused"


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What an operator said; `takes_best` where the question was whether it is better."""

    architecture_action: Literal["new", "existing", "variant"]
    training_action: Literal["new", "existing", "transfer", "none"]
    architecture_id: str | None
    training_variant_id: str | None
    takes_best: bool | None
    said: Mapping[str, Any]  # hold, operator and note, as evidence


def resolved(
    signature: Signature,
    resolution: Resolution,
    families: Sequence[KnownFamily],
    variants: Sequence[KnownVariant],
) -> Decision:
    """The decision that a word makes; raises `AttributionRefused`. First discovery never moves by it."""
    family = _family(signature, resolution, families)
    variant = _variant(signature, resolution, family, variants)
    training = TrainingAction(resolution.training_action)
    return Decision(
        architecture_action=ArchitectureAction(resolution.architecture_action),
        training_action=training,
        architecture_confidence=1.0,
        training_confidence=1.0,
        reason=Reason.OPERATOR,
        family_id=family.id if family else None,
        training_variant_id=variant.id if variant else None,
        takes_current_best=bool(resolution.takes_best) and training in COMPETES,
        evidence={"operator": dict(resolution.said), "graph_hash": signature.graph_hash},
    )


COMPETES = (TrainingAction.NEW, TrainingAction.TRANSFER)


def released(decision: Decision, said: Mapping[str, Any]) -> Decision:
    """Of a training that is nearly better: it stands where it was found to, and is not the current best."""
    transferred = decision.training_variant_id is not None
    return replace(
        decision,
        training_action=TrainingAction.TRANSFER if transferred else TrainingAction.NEW,
        holds=(),
        evidence={**decision.evidence, "operator": dict(said)},
    )


def _family(
    signature: Signature, resolution: Resolution, families: Sequence[KnownFamily]
) -> KnownFamily | None:
    if resolution.architecture_action == "new":
        if known := next((family for family in families if same_graph(signature, family)), None):
            raise AttributionRefused(f"its graph is that of family {known.id}, whose discovery does not move")
        return None
    found = next((family for family in families if family.id == resolution.architecture_id), None)
    if found is None:
        raise AttributionRefused(f"there is no family {resolution.architecture_id} in this mode")
    return found


def _variant(
    signature: Signature,
    resolution: Resolution,
    family: KnownFamily | None,
    variants: Sequence[KnownVariant],
) -> KnownVariant | None:
    if resolution.training_action == "none":
        return None
    if signature.training_hash is None:
        raise AttributionRefused("it brings an architecture alone, so there is no training to attribute")
    if resolution.training_action == "new":
        return None
    found = next((variant for variant in variants if variant.id == resolution.training_variant_id), None)
    if found is None:
        raise AttributionRefused(f"there is no variant {resolution.training_variant_id} in this mode")
    within = family is not None and found.family_id == family.id
    if within != (resolution.training_action == "existing"):
        raise AttributionRefused("existing training is a variant of the same family, a transfer is another's")
    return found
