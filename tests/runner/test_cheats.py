"""Cheats by real runs: none may win more than a hundredth over its honest twin, and get away with it."""

from pathlib import Path

import pytest

from tests.runner.bundles.__main__ import run, stands
from tests.runner.bundles.cheats import TWIN, all_cheats

# One of each kind; `python -m tests.runner.bundles` runs all of them.
CHOSEN = (
    "reads it where it is uncertain",
    "reads it by the hash of each row",
    "reads the window up the stack",
    "does so where no distribution is asked for",
    "looks up pairs of the batch",
    "remembers in a file",
    "trains while it is scored",
    "claims a little more than it has",
    "claims more where the distribution is not asked for",
    "says that nothing is alike",
    "hides in the inference hook",
    "asks twice before it trains",
)


@pytest.fixture(scope="module")
def twin_bpb(tmp_path_factory: pytest.TempPathFactory) -> float:
    return run(tmp_path_factory.mktemp("twin"), *TWIN).bpb


def test_every_chosen_cheat_is_in_the_corpus() -> None:
    assert set(CHOSEN) <= set(all_cheats())


@pytest.mark.long
@pytest.mark.parametrize("cheat", CHOSEN)
def test_a_cheat_wins_nothing_that_stands(tmp_path: Path, twin_bpb: float, cheat: str) -> None:
    outcome = run(tmp_path, *all_cheats()[cheat])
    assert not stands(outcome, twin_bpb), outcome.manifest
