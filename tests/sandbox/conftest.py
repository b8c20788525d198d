"""A victim for the attacks of one test process."""

from collections.abc import Iterator

import pytest

from evaluations.sandbox_attacks.targets import Victim


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """A process of this user, with a secret and open doors."""
    victim = Victim(tmp_path_factory.mktemp("arena"))
    yield victim
    victim.end()
