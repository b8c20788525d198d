"""From measures and a formula's shares to a quality, without what could not be measured. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from prism_site.policy.schemas.measurements import LossComparabilityPolicy
from prism_site.policy.schemas.scores import ArchitectureFormula, ScoreWeights, TrainingFormula
from scoring.components.component import Component, Measure

Formula = ArchitectureFormula | TrainingFormula


@dataclass(frozen=True, kw_only=True)
class Quality:
    """A quality in [0, 1] and its account, in the formula's order; None where nothing at all was measured."""

    value: float | None
    components: tuple[Component, ...]

    @property
    def redistributed(self) -> float:
        """The share of components that were unavailable."""
        return math.fsum(line.share for line in self.components if line.value is None)


def quality(
    measures: Mapping[str, Measure], formula: Formula, comparability: LossComparabilityPolicy
) -> Quality:
    """Weigh the measures of a formula; `measures` holds exactly its components.

    The share of an unavailable component goes to the others in proportion to theirs; where the policy does
    not allow that, it is lost.
    """
    shares: dict[str, float] = formula.model_dump()
    if shares.keys() != measures.keys():
        raise ValueError(f"measured {sorted(measures)}, the formula has {sorted(shares)}")
    defined = math.fsum(share for name, share in shares.items() if measures[name].value is not None)
    scale = 1.0 / defined if defined and comparability.allow_redistribution_for_non_main_track else 1.0
    lines = tuple(_line(name, share, scale, measures[name]) for name, share in shares.items())
    value = math.fsum(line.contribution for line in lines) if defined else None
    return Quality(value=value, components=lines)


def blend(architecture: Quality, recipe: Quality, weights: ScoreWeights) -> float | None:
    """`blend_score`; None unless both qualities were measured."""
    if architecture.value is None or recipe.value is None:
        return None
    return weights.final_architecture_weight * architecture.value + weights.final_recipe_weight * recipe.value


def _line(name: str, share: float, scale: float, measure: Measure) -> Component:
    weight = 0.0 if measure.value is None else share * scale
    return Component(
        name=name,
        share=share,
        weight=weight,
        value=measure.value,
        contribution=weight * (measure.value or 0.0),
        sources=measure.sources,
        unavailable=measure.unavailable,
    )
