"""The typed form of a draft: every value can be typed, and what is left empty is not set."""

from typing import Any

import pytest

from prism_site.operator.policy.drafts import Draft, DraftRefused, check, faults_of, read_time
from prism_site.operator.policy.form import draft_form, groups
from prism_site.policy.forms import initial_values
from prism_site.policy.keys import SCHEMAS
from prism_site.policy.resolve import assemble
from prism_site.policy.schemas.walk import defaults, walk

pytestmark = pytest.mark.django_db  # CHECK constraints of a row are asked of the database


@pytest.mark.parametrize("key", SCHEMAS)
def test_every_default_typed_in_comes_back_as_itself(key: str) -> None:
    form = draft_form(key)({**initial_values(defaults(SCHEMAS[key])), "effective_from": ""})
    assert form.is_valid(), form.errors
    assert form.instance.value_json == defaults(SCHEMAS[key])


def test_an_empty_form_sets_nothing() -> None:
    for key in SCHEMAS:
        form = draft_form(key)({"effective_from": ""})
        assert form.is_valid()
        assert form.instance.value_json == {}


def test_the_form_asks_for_a_time_and_no_note() -> None:
    form = draft_form("reward_pools")({"top_k": "3", "effective_from": "2030-01-31T12:00"})
    assert form.is_valid()
    assert "note" not in form.fields
    assert form.cleaned_data["effective_from"] == read_time("2030-01-31T12:00Z")


def test_every_field_of_a_key_is_in_a_group_once() -> None:
    policy = assemble([], {}, official=True)
    for key, schema in SCHEMAS.items():
        names = [line.name for group in groups(key, policy, None) for line in group.lines]
        assert sorted(names) == sorted(path for path, _ in walk(schema))


@pytest.mark.parametrize(
    ("value", "field", "code"),
    [
        (None, "", "not_an_object"),
        ({"top_k": 0}, "top_k", "greater_than_equal"),
        ({"top_k": 2.0}, "top_k", "int_type"),
        ({"top_k": None}, "top_k", "int_type"),
        ({"typo": 1}, "typo", "extra_forbidden"),
        ({"distribution": "by lot"}, "distribution", "literal_error"),
    ],
)
def test_a_fault_names_its_field_and_has_a_code(value: Any, field: str, code: str) -> None:
    faults = faults_of("reward_pools", value)
    assert [(fault.field, fault.code) for fault in faults] == [(field, code)]


def test_all_faults_of_all_keys_are_told_at_once() -> None:
    broken = Draft(values={"reward_pools": {"top_k": 0}, "gpu_policy": {"max_gpu_count": 9}})
    with pytest.raises(DraftRefused) as refused:
        check(broken)
    assert {fault.key for fault in refused.value.faults} == {"reward_pools", "gpu_policy"}


@pytest.mark.parametrize("text", ["tomorrow", "2030-13-01T00:00", "12:00"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(DraftRefused) as refused:
        read_time(text)
    assert refused.value.faults[0].field == "effective_from"
