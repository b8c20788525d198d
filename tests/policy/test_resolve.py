"""Which rows are in force, at what time, and what an invalid one does."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from prism_site.config import override_env
from prism_site.policy.errors import PolicyInvalid
from prism_site.policy.models import SCHEMA_VERSION, RuntimeConfig
from prism_site.policy.resolve import policy_at, resolve_policy, set_policy

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def written_around(value: Any, key: str = "reward_pools", **fields: Any) -> RuntimeConfig:
    """A row that no form and no API would have let through."""
    return RuntimeConfig.objects.create(config_key=key, value_json=value, updated_by="sql", **fields)


def test_without_rows_the_policy_is_the_schemas_defaults() -> None:
    policy = resolve_policy()
    assert policy.reward_pools.architecture == 0.6
    assert policy.execution_mode_targets.of("local_cpu_smoke").byte_budget == 524_288
    assert (policy.row_ids, policy.fallbacks) == ({}, ())
    assert {origin for fields in policy.origins.values() for origin in fields.values()} == {"default"}


def test_sql_wins_over_environment_over_default_field_by_field() -> None:
    row = set_policy("gpu_policy", {"actual_gpu_count": 2}, by="ada")
    with override_env(platform_eval_gpu_count=3, platform_eval_max_gpu_count=4):
        policy = resolve_policy()
    assert (policy.gpu_policy.actual_gpu_count, policy.gpu_policy.max_gpu_count) == (2, 4)
    assert policy.origins["gpu_policy"]["actual_gpu_count"] == "sql"
    assert policy.origins["gpu_policy"]["max_gpu_count"] == "environment"
    assert policy.origins["gpu_policy"]["gpu_type"] == "default"
    assert policy.row_ids == {"gpu_policy": row.pk}


def test_a_partial_value_reaches_into_one_mode() -> None:
    set_policy("execution_mode_targets", {"gpu_proxy_eval": {"wall_seconds": 60}}, by="ada")
    modes = resolve_policy().execution_mode_targets
    assert modes.gpu_proxy_eval.wall_seconds == 60
    assert modes.gpu_proxy_eval.byte_budget == 2_000_000_000
    assert modes.full_scale_eval.wall_seconds == 86_400


def test_a_partial_row_replaces_the_earlier_row_as_a_whole() -> None:
    set_policy("reward_pools", {"top_k": 3}, by="ada")
    set_policy("reward_pools", {"rank_decay": 0.9}, by="ada")
    pools = resolve_policy().reward_pools
    assert (pools.top_k, pools.rank_decay) == (8, 0.9)


def test_the_newest_row_is_by_time_in_force_then_time_written_then_id() -> None:
    now = timezone.now()
    written_around({"top_k": 1}, effective_from=now - HOUR, updated_at=now)
    written_around({"top_k": 2}, effective_from=now - 2 * HOUR, updated_at=now)
    assert resolve_policy().reward_pools.top_k == 1
    written_around({"top_k": 3}, effective_from=now - HOUR, updated_at=now - HOUR)
    assert resolve_policy().reward_pools.top_k == 1
    written_around({"top_k": 4}, effective_from=now - HOUR, updated_at=now)
    assert resolve_policy().reward_pools.top_k == 4


def test_a_scheduled_row_waits_for_its_time() -> None:
    later = timezone.now() + HOUR
    set_policy("reward_pools", {"top_k": 2}, by="ada", effective_from=later)
    assert resolve_policy().reward_pools.top_k == 8
    assert resolve_policy(at=later).reward_pools.top_k == 2


def test_disabling_the_row_in_force_brings_back_the_one_before() -> None:
    set_policy("reward_pools", {"top_k": 2}, by="ada")
    newer = set_policy("reward_pools", {"top_k": 3}, by="ada")
    newer.disable(by="ada")
    assert resolve_policy().reward_pools.top_k == 2


def test_all_keys_cost_one_query(django_assert_num_queries: Any) -> None:
    for count in range(1, 6):
        set_policy("reward_pools", {"top_k": count}, by="ada")
    set_policy("gpu_policy", {"actual_gpu_count": 2}, by="ada")
    with django_assert_num_queries(1):
        resolve_policy()


def test_the_past_is_reproduced_whatever_was_written_or_disabled_since() -> None:
    early = set_policy("reward_pools", {"top_k": 2}, by="ada")
    then = timezone.now()
    early.disable(by="ada")
    written_around({"top_k": 5}, effective_from=then - HOUR)
    assert policy_at(then).reward_pools.top_k == 2
    assert policy_at(then).row_ids == {"reward_pools": early.pk}
    assert resolve_policy().reward_pools.top_k == 5


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"training": 0.9}, "architecture, training"),
        ({"top_k": 0}, "top_k"),
        ({"top_k": "3"}, "top_k"),
        ({"colour": "red"}, "colour"),
        ([1], "value_json"),
        ("text", "value_json"),
    ],
)
def test_official_work_fails_closed_on_an_invalid_row(value: Any, field: str) -> None:
    row = written_around(value)
    with pytest.raises(PolicyInvalid) as caught:
        resolve_policy()
    problem = caught.value
    assert (problem.code, problem.key, problem.row_id, problem.field) == (
        "policy_invalid",
        "reward_pools",
        row.pk,
        field,
    )
    assert problem.message


def test_an_invalid_row_does_not_let_an_older_valid_one_through() -> None:
    set_policy("reward_pools", {"top_k": 2}, by="ada")
    written_around({"top_k": 0})
    with pytest.raises(PolicyInvalid):
        resolve_policy()
    assert resolve_policy(official=False).reward_pools.top_k == 8


def test_an_invalid_row_that_is_not_in_force_stops_nothing() -> None:
    written_around({"top_k": 0}, effective_from=timezone.now() + HOUR)
    written_around({"top_k": 0}, enabled=False)
    assert resolve_policy().reward_pools.top_k == 8


def test_local_work_passes_over_an_invalid_row_and_says_so() -> None:
    row = written_around({"max_gpu_count": 64}, key="gpu_policy")
    set_policy("reward_pools", {"top_k": 2}, by="ada")
    with override_env(platform_eval_gpu_count=3):
        policy = resolve_policy(official=False)
    assert policy.gpu_policy.actual_gpu_count == 3
    assert policy.reward_pools.top_k == 2
    (said,) = policy.fallbacks
    assert f"row {row.pk} of gpu_policy: max_gpu_count" in said
    assert "gpu_policy" not in policy.row_ids


def test_settings_that_contradict_each_other_stop_official_work_too() -> None:
    with override_env(platform_eval_gpu_count=4, platform_eval_max_gpu_count=2):
        with pytest.raises(PolicyInvalid) as caught:
            resolve_policy()
        assert resolve_policy(official=False).gpu_policy.actual_gpu_count == 1
    assert (caught.value.key, caught.value.row_id) == ("gpu_policy", None)


def test_a_row_of_a_later_schema_is_not_guessed_at() -> None:
    written_around({"top_k": 3}, schema_version=SCHEMA_VERSION + 1)
    with pytest.raises(PolicyInvalid, match="schema_version"):
        resolve_policy()


@pytest.mark.django_db(transaction=True)
def test_local_work_needs_no_table() -> None:
    with connection.schema_editor() as editor:
        editor.delete_model(RuntimeConfig)
    try:
        with override_env(max_code_bytes=77):
            policy = resolve_policy(official=False)
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(RuntimeConfig)
    assert policy.artifact_limits.max_code_bytes == 77
    assert policy.fallbacks == ("no policy could be read from SQL",)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("reward_pools", {"top_k": 0}),
        ("reward_pools", []),
        ("no_such_key", {}),
        ("gpu_policy", {"max_gpu_count": 9}),
    ],
)
def test_an_invalid_value_is_never_written(key: str, value: Any) -> None:
    with pytest.raises(PolicyInvalid):
        set_policy(key, value, by="ada")
    assert not RuntimeConfig.objects.exists()
