"""A secret relabelling of the vocabulary: what was learned about token ids elsewhere means nothing here."""

import numpy as np
import numpy.typing as npt

from evaluations.runner.windows import Tokens, secret_rng


class Relabelling:
    """A permutation of all token ids, drawn anew for every submission.

    Learning from scratch cannot tell: a random initialisation treats all ids alike. Weights or tables made
    elsewhere are keyed by the public ids and meet other ones. Only ids that children see are relabelled;
    the code length of a text does not depend on what its tokens are called.
    """

    def __init__(self, secret: bytes, submission_id: str, vocab_size: int) -> None:
        rng = secret_rng(secret, f"relabelling of {submission_id}")
        self.new_of_old: npt.NDArray[np.int32] = rng.permutation(vocab_size).astype(np.int32)

    def apply(self, tokens: Tokens) -> Tokens:
        """The new ids of `tokens`, same shape; raise `IndexError` for an id outside the vocabulary."""
        return self.new_of_old[tokens]
