"""Rows of policy are history: written once, ended at most once."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from prism_site.policy.errors import RowIsHistory
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.resolve import set_policy

pytestmark = pytest.mark.django_db

EDITS: dict[str, Callable[[RuntimeConfig], object]] = {
    "save": lambda row: row.save(),
    "save a field": lambda row: row.save(update_fields=["note"]),
    "delete": lambda row: row.delete(),
    "update in bulk": lambda row: RuntimeConfig.objects.filter(pk=row.pk).update(note="other"),
    "bulk_update": lambda row: RuntimeConfig.objects.bulk_update([row], ["note"]),
    "update_or_create": lambda row: RuntimeConfig.objects.update_or_create(
        pk=row.pk, defaults={"note": "other"}
    ),
    "delete in bulk": lambda row: RuntimeConfig.objects.all().delete(),
}


@pytest.fixture
def row() -> RuntimeConfig:
    return set_policy("reward_pools", {"top_k": 3}, by="ada", note="fewer")


@pytest.mark.parametrize("edit", EDITS)
def test_a_row_is_neither_edited_nor_deleted(row: RuntimeConfig, edit: str) -> None:
    row.value_json, row.note, row.enabled = {"top_k": 4}, "other", False
    with pytest.raises(RowIsHistory) as caught, transaction.atomic():
        EDITS[edit](row)
    assert caught.value.code == "policy_row_is_history"
    kept = RuntimeConfig.objects.get(pk=row.pk)
    assert (kept.value_json, kept.note, kept.enabled) == ({"top_k": 3}, "fewer", True)


def test_a_row_is_disabled_once_and_remembers_by_whom(row: RuntimeConfig) -> None:
    same = RuntimeConfig.objects.get(pk=row.pk)
    assert row.disable(by="bob") is True
    assert same.disable(by="eve") is False
    assert (same.enabled, same.disabled_by) == (False, "bob")
    assert same.disabled_at is not None
    assert (same.value_json, same.updated_by, same.note) == ({"top_k": 3}, "ada", "fewer")


def test_an_unknown_key_is_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        RuntimeConfig.objects.create(config_key="colours", value_json={}, updated_by="sql")


@pytest.mark.parametrize(
    "half",
    [
        {"disabled_by": "ada"},
        {"disabled_at": timezone.now()},
        {"enabled": False, "disabled_by": "ada"},
        {"enabled": True, "disabled_by": "ada", "disabled_at": timezone.now()},
    ],
)
def test_half_a_disabling_is_refused_by_the_database(half: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        RuntimeConfig.objects.create(config_key="reward_pools", value_json={}, updated_by="sql", **half)


def test_cleaning_a_row_refuses_what_would_not_validate() -> None:
    row = RuntimeConfig(config_key="reward_pools", value_json={"training": 0.9}, updated_by="ada")
    with pytest.raises(ValidationError, match="must be 1"):
        row.full_clean()
    row.value_json = {"training": 0.4}
    row.full_clean()
