"""Relabelling the vocabulary: a permutation that its key decides, and nothing else."""

import numpy as np
import pytest

from evaluations.runner.relabelling import Relabelling

IDS = np.arange(1000, dtype=np.int32)


def test_every_id_gets_one_new_id_of_the_same_vocabulary() -> None:
    new = Relabelling(b"secret", "one", 1000).apply(IDS)
    assert new.dtype == np.int32
    assert sorted(new) == list(range(1000))


def test_the_same_secret_and_submission_give_the_same_ids() -> None:
    first, again = (Relabelling(b"secret", "one", 1000).apply(IDS) for _ in range(2))
    assert np.array_equal(first, again)


@pytest.mark.parametrize(("secret", "submission"), [(b"secret", "two"), (b"other", "one")])
def test_another_submission_or_secret_gives_other_ids(secret: bytes, submission: str) -> None:
    one, other = Relabelling(b"secret", "one", 1000), Relabelling(secret, submission, 1000)
    assert (one.apply(IDS) == other.apply(IDS)).mean() < 0.01  # one in a thousand by chance


def test_repetitions_stay_repetitions() -> None:
    new = Relabelling(b"secret", "one", 256).apply(np.array([7, 9, 7, 7], dtype=np.int32))
    assert new[0] == new[2] == new[3] != new[1]


def test_an_id_outside_the_vocabulary_is_an_error() -> None:
    with pytest.raises(IndexError):
        Relabelling(b"secret", "one", 256).apply(np.array([256], dtype=np.int32))
