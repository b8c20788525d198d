"""Properties of laying one layer over another."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_site.policy.keys import SCHEMAS
from prism_site.policy.merge import holds, leaves, merge, overlay
from prism_site.policy.schemas.walk import defaults, walk

SMOKE = "execution_mode_targets"
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "byte_budget": st.integers(1, 10**13),
    "gpu_count": st.integers(0, 8),
    "dataset_subset": st.sampled_from(["local", "sample-10BT"]),
    "seeds": st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=16, unique=True),
    "sequence_length": st.integers(8, 65_536),
    "wall_seconds": st.integers(1, 604_800),
}
MODES = st.fixed_dictionaries({}, optional=VALUES)
PARTIAL = st.fixed_dictionaries(
    {}, optional={"local_cpu_smoke": MODES, "gpu_proxy_eval": MODES, "full_scale_eval": MODES}
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), ANY_JSON, max_size=3)


@given(sql=PARTIAL | st.none(), environment=PARTIAL | st.none())
def test_each_field_comes_from_the_highest_layer_that_sets_it(sql: Any, environment: Any) -> None:
    model, origins = merge(SCHEMAS[SMOKE], sql, environment)
    merged = leaves(model.model_dump(mode="json"))
    lowest = leaves(defaults(SCHEMAS[SMOKE]))
    assert set(origins) == set(merged) == {path for path, _ in walk(SCHEMAS[SMOKE])}
    for path, value in merged.items():
        layers = {"sql": leaves(sql or {}), "environment": leaves(environment or {}), "default": lowest}
        winner = next(name for name, layer in layers.items() if path in layer)
        assert origins[path] == winner
        assert value == layers[winner][path]


@given(lower=OBJECTS, upper=OBJECTS)
def test_an_overlay_keeps_what_the_upper_layer_says(lower: Any, upper: Any) -> None:
    merged = overlay(lower, upper)
    assert all(holds(merged, path) for path in leaves(upper))
    assert overlay(merged, upper) == merged


@given(value=OBJECTS)
def test_an_empty_layer_changes_nothing(value: Any) -> None:
    assert overlay(value, {}) == value
    assert overlay({}, value) == value
    assert overlay(value, None) == value


def test_merging_leaves_both_layers_as_they_were() -> None:
    lower, upper = {"a": {"b": 1}}, {"a": {"c": 2}}
    assert overlay(lower, upper) == {"a": {"b": 1, "c": 2}}
    assert (lower, upper) == ({"a": {"b": 1}}, {"a": {"c": 2}})


@pytest.mark.parametrize("key", SCHEMAS)
def test_without_layers_every_field_is_a_default(key: str) -> None:
    model, origins = merge(SCHEMAS[key], None, None)
    assert model == SCHEMAS[key]()
    assert set(origins.values()) == {"default"}


def test_null_is_a_value_for_a_field_that_may_be_null() -> None:
    model, origins = merge(SCHEMAS["llm_review_policy"], {"model": None}, {"model": "some/model"})
    assert model.model_dump()["model"] is None
    assert origins["model"] == "sql"
