"""Fuzz the static checks: any source ends in findings."""

import warnings

import atheris

with atheris.instrument_imports(include=["reviews.static_checks"]):
    from reviews.static_checks import examine  # noqa: F401 - imported here to be instrumented
    from reviews.static_checks.parse_child import answer

from reviews.static_checks.rules import BY_ID
from tests.fuzz.campaign import run
from tests.static.test_rejected import ATTACKS, NEIGHBOURS
from tests.static.test_suspicious import SUSPICIOUS

SEEDS = [
    source.encode()
    for table in (ATTACKS, NEIGHBOURS, SUSPICIOUS)
    for sources in table.values()
    for source in sources
    if len(source) < 1000
]


def check(raw: bytes) -> None:
    """Raise on anything but an answer whose rules are known."""
    source = raw.decode("utf-8", "replace")
    found = answer({"a.py": source, "pkg/b.py": "from a import *\nimport os as o\n"}, ["a.py"])
    broken = found["broken"]
    assert isinstance(broken, list)
    assert {rule_id for rule_id, _, _, _ in broken} <= BY_ID.keys()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(check, SEEDS)
