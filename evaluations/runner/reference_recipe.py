"""The reference recipe: how an architecture is trained where only the architecture counts. Versioned data.

A change of any number is a new version: what was trained by another compares with nothing of it. AdamW
(Loshchilov and Hutter 2019), with a linear warm-up over a share of the text and a cosine over the rest. A
batch grows as the square root of the text: the noise that it should average out falls as there is more text
(McCandlish et al. 2018), and a short text is worth many small steps.
"""

import hashlib
import json
import math
from typing import Any

from evaluations.runner.training_recipe import TrainingRecipe

NAME, VERSION = "prism-reference", 1
ADAM_BETAS = (0.9, 0.95)
BATCH_TOKENS_PER_ROOT_BYTE = 0.75  # two rows of a smoke run, 33 of a run over two gigabytes
FEWEST_ROWS, MOST_ROWS = 1, 512
FIXED: dict[str, Any] = {
    "learning_rate": 2e-3,
    "optimizer": "adamw",
    "scheduler": "cosine",
    "weight_decay": 0.01,
    "warmup_fraction": 0.02,
    "final_fraction": 0.1,
    "grad_clip": 1.0,
    "sequence_length": None,  # that of the mode
}


def recipe_for(byte_budget: int, sequence_length: int) -> TrainingRecipe:
    """The recipe of a run over so many bytes of text in rows of so many tokens."""
    rows = round(BATCH_TOKENS_PER_ROOT_BYTE * math.sqrt(byte_budget) / sequence_length)
    return TrainingRecipe(batch_size=min(max(rows, FEWEST_ROWS), MOST_ROWS), **FIXED)


def numbers() -> dict[str, Any]:
    """Everything that the recipe fixes, by name."""
    return {
        "name": NAME,
        "version": VERSION,
        "adam_betas": list(ADAM_BETAS),
        "batch_tokens_per_root_byte": BATCH_TOKENS_PER_ROOT_BYTE,
        "batch_rows": [FEWEST_ROWS, MOST_ROWS],
        **FIXED,
    }


def sha256() -> str:
    """The recipe's identity (hex): SHA-256 over its numbers as JSON with sorted keys."""
    return hashlib.sha256(json.dumps(numbers(), sort_keys=True).encode()).hexdigest()


def statement() -> dict[str, Any]:
    """What the manifest of a run under the recipe says: name, version and hash."""
    return {"name": NAME, "version": VERSION, "sha256": sha256()}
