"""The demo measures qualities when its examples are scored."""

import pytest

from prism_site.demo import ask_for_references
from prism_site.policy.resolve import resolve_policy, set_policy

pytestmark = pytest.mark.django_db


def wanted() -> bool:
    return resolve_policy(official=False).execution_mode_targets.local_cpu_smoke.reference_runs


def test_it_asks_for_references_once() -> None:
    assert [ask_for_references(), ask_for_references()] == [True, False]
    assert wanted()


def test_it_changes_nothing_that_an_operator_has_set() -> None:
    set_policy("execution_mode_targets", {"local_cpu_smoke": {"wall_seconds": 60}}, by="operator:ada")
    assert not ask_for_references()
    assert not wanted()
