"""Cases of one test of which a few run always, and all of them in `make test-long`."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest
from _pytest.mark import ParameterSet


def some_always(cases: Iterable[tuple[str, Any]], always: Collection[str]) -> list[ParameterSet]:
    """Parameters named as in `cases`; those not in `always` are marked `long`."""
    made = [
        pytest.param(value, id=name, marks=() if name in always else pytest.mark.long)
        for name, value in cases
    ]
    missing = set(always) - {parameter.id for parameter in made}
    assert not missing, f"no case is called {', '.join(sorted(missing))}"
    return made
