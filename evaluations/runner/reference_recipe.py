"""The reference recipe: how an architecture is trained where only the architecture counts. Versioned data.

A change of any number is a new version: what was trained by another compares with nothing of it. AdamW
(Loshchilov and Hutter 2019), with a linear warm-up over a share of the text and a cosine over the rest.
"""

import dataclasses
import hashlib
import json
from typing import Any

from evaluations.runner.training_recipe import TrainingRecipe

NAME, VERSION = "prism-reference", 1
ADAM_BETAS = (0.9, 0.95)
RECIPE = TrainingRecipe(
    learning_rate=3e-3,
    batch_size=8,
    optimizer="adamw",
    scheduler="cosine",
    weight_decay=0.01,
    warmup_fraction=0.02,
    final_fraction=0.1,
    grad_clip=1.0,
    sequence_length=None,  # that of the mode
)


def numbers() -> dict[str, Any]:
    """Everything that the recipe fixes, by name."""
    return {"name": NAME, "version": VERSION, "adam_betas": list(ADAM_BETAS), **dataclasses.asdict(RECIPE)}


def sha256() -> str:
    """The recipe's identity (hex): SHA-256 over its numbers as JSON with sorted keys."""
    return hashlib.sha256(json.dumps(numbers(), sort_keys=True).encode()).hexdigest()


def statement() -> dict[str, Any]:
    """What the manifest of a run under the recipe says: name, version and hash."""
    return {"name": NAME, "version": VERSION, "sha256": sha256()}
