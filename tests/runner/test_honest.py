"""Unusual honest bundles by real runs: auditing must not change what they are worth."""

from pathlib import Path

import pytest

from tests.runner.bundles.__main__ import run, wronged
from tests.runner.bundles.honest import all_honest

# Those whose arithmetic or calls are the strangest; `python -m tests.runner.bundles` runs all of them.
CHOSEN = (
    "long convolution by Fourier transform",
    "scan in the logarithm with a global maximum",
    "linear attention with a global maximum",
    "gradients inside the forward",
    "dropout that evaluation does not end",
    "noise from numpy",
    "half precision inside",
    "logits far from zero",
    "counts in a buffer",
    "a moving average of weights",
)


def test_every_chosen_bundle_is_in_the_corpus() -> None:
    assert set(CHOSEN) <= set(all_honest())


@pytest.mark.long
@pytest.mark.parametrize("bundle", CHOSEN)
def test_auditing_changes_nothing_of_an_honest_score(tmp_path: Path, bundle: str) -> None:
    files = all_honest()[bundle]
    audited, plain = (run(tmp_path / str(on), *files, audited=on) for on in (True, False))
    assert not wronged(audited, plain), (audited.manifest, plain.manifest)
