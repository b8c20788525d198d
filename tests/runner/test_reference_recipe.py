"""The reference recipe: pinned, and what the loop does without hooks."""

import dataclasses

from evaluations.runner import reference_recipe
from evaluations.runner.recipe import rate_factor
from evaluations.runner.training_recipe import TrainingRecipe


def test_the_recipe_is_pinned() -> None:
    """Whoever changes a number raises the version, and measures all yardsticks anew."""
    assert reference_recipe.statement() == {
        "name": "prism-reference",
        "version": 1,
        "sha256": "59363822d661e451d60bc180e2e01edff32446965f7d3556a6bf78cb2d703faf",
    }


def test_every_number_is_in_the_hash() -> None:
    assert reference_recipe.numbers().keys() == {
        "name",
        "version",
        "adam_betas",
        *(field.name for field in dataclasses.fields(TrainingRecipe)),
    }


def test_a_recipe_that_names_nothing_is_the_reference() -> None:
    assert TrainingRecipe() == reference_recipe.RECIPE


def test_warm_up_is_a_share_of_the_text_whatever_its_length() -> None:
    recipe = reference_recipe.RECIPE
    assert rate_factor(recipe, recipe.warmup_fraction / 2) == 0.5
    assert rate_factor(recipe, recipe.warmup_fraction) == 1.0
    assert rate_factor(recipe, 1.0) == recipe.final_fraction
