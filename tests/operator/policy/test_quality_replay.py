"""Blends weighed again from the runs that they were measured by."""

import pytest

from evaluations.models import Run
from prism_site.operator.policy.replay.qualities import RUN_MISSING, qualities
from prism_site.operator.policy.replay.replayed import Budget
from scoring.models import Quality
from tests import factories
from tests.operator.policy.policies import both
from tests.scoring.test_qualities import _references, host, measured, text_folder

__all__ = ["_references", "host", "text_folder"]

pytestmark = pytest.mark.django_db
WEIGHTS = {"final_architecture_weight": 0.5, "final_recipe_weight": 0.5}


def budget() -> Budget:
    return Budget(last=10, seconds=600)


def test_another_blend_flips_every_score_that_has_both_sides() -> None:
    quality = measured(factories.make_completed(ease=2.0))
    found = qualities(*both(score_weights=WEIGHTS), budget())
    assert (found.judged, len(found.flips)) == (1, 1)
    assert quality.q_arch is not None
    assert quality.q_recipe is not None
    assert found.flips[0].before.startswith(f"blend {quality.blend_score:.4f}")
    assert found.flips[0].after.startswith(f"blend {0.5 * (quality.q_arch + quality.q_recipe):.4f}")


def test_the_same_weights_flip_nothing() -> None:
    measured(factories.make_completed())
    found = qualities(*both(score_weights={}), budget())
    assert (found.judged, found.flips) == (1, [])


def test_a_quality_whose_run_is_not_there_is_left_out() -> None:
    quality = measured(factories.make_completed())
    quality.runs["reference"] = ["00000000-0000-4000-8000-000000000000"]
    quality.save()
    assert not Run.objects.filter(pk=quality.runs["reference"][0]).exists()
    found = qualities(*both(score_weights=WEIGHTS), budget())
    assert (found.judged, found.left_out) == (0, {RUN_MISSING: 1})
    assert Quality.objects.count() == 1
