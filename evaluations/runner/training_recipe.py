"""The numbers that the reference loop is run with; the referee, which has no torch, reads them too."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingRecipe:
    """What the challenge's reference loop is run with; every field may be chosen by `get_recipe`."""

    learning_rate: float = 3e-3
    batch_size: int = 8
    optimizer: str = "adamw"  # adamw or sgd; `configure_optimizer` goes before
    scheduler: str = "cosine"  # cosine or constant, over the share of text consumed
    weight_decay: float = 0.01
    warmup_fraction: float = 0.02  # of the byte budget
    final_fraction: float = 0.1  # of the learning rate, at the end of a cosine
    grad_clip: float = 1.0  # of the global gradient norm; 0 for none
    sequence_length: int | None = None  # of training rows; None for ctx.sequence_length
