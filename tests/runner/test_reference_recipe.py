"""The reference recipe: pinned, and what the loop does without hooks."""

import dataclasses

import pytest

from evaluations.runner import reference_recipe
from evaluations.runner.recipe import rate_factor
from evaluations.runner.training_recipe import TrainingRecipe


def test_the_recipe_is_pinned() -> None:
    """Whoever changes a number raises the version, and measures all yardsticks anew."""
    assert reference_recipe.statement() == {
        "name": "prism-reference",
        "version": 1,
        "sha256": "6adb7f3077b280b4f6aff02f32fa39e7573aafdce49b61db1530552472d20cc9",
    }


def test_every_number_is_in_the_hash() -> None:
    fields = {field.name for field in dataclasses.fields(TrainingRecipe)} - {"batch_size"}
    of_batches = {"batch_tokens_per_root_byte", "batch_rows"}
    assert reference_recipe.numbers().keys() == {"name", "version", "adam_betas", *of_batches, *fields}


@pytest.mark.parametrize(
    ("text_bytes", "sequence_length", "rows"),
    [(524_288, 256, 2), (2_000_000_000, 1_024, 33), (1_024, 256, 1), (10**13, 1_024, 512)],
)
def test_a_batch_grows_as_the_square_root_of_the_text(
    text_bytes: int, sequence_length: int, rows: int
) -> None:
    assert reference_recipe.recipe_for(text_bytes, sequence_length).batch_size == rows


def test_warm_up_is_a_share_of_the_text_whatever_its_length() -> None:
    recipe = reference_recipe.recipe_for(524_288, 256)
    assert rate_factor(recipe, recipe.warmup_fraction / 2) == 0.5
    assert rate_factor(recipe, recipe.warmup_fraction) == 1.0
    assert rate_factor(recipe, 1.0) == recipe.final_fraction
