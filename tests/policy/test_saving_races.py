"""Several people save at the same moment, on a database that lets two write at once."""

import pytest
from django.db import connection

from prism_site.operator.policy.drafts import Draft
from prism_site.operator.policy.saving import PolicyChanged, save, versions
from prism_site.policy.models import RuntimeConfig
from tests.scoring.test_races import TOGETHER, at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def real_concurrency() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time, so nothing can race")


@pytest.mark.parametrize("rows_before", [0, 1])
def test_of_many_who_saw_the_same_one_saves(rows_before: int) -> None:
    draft = Draft(values={"reward_pools": {"top_k": 3}})
    if rows_before:
        save(draft, seen=versions(), by="carol", note="first")
    seen = versions()

    def attempt() -> str:
        try:
            save(draft, seen=seen, by="carol", note="now")
        except PolicyChanged as changed:
            return changed.code
        return "saved"

    answers = at_once([attempt] * TOGETHER)
    assert sorted(answers) == [*["policy_changed"] * (TOGETHER - 1), "saved"]
    assert RuntimeConfig.objects.count() == rows_before + 1
