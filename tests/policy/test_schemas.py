"""Every bound of every policy key, by a value that breaks it."""

import json
from typing import Any

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError

from prism_site.allowed import unwrap
from prism_site.policy.errors import paths
from prism_site.policy.keys import SCHEMAS, ConfigKey
from prism_site.policy.merge import leaves, merge
from prism_site.policy.models import RuntimeConfig
from prism_site.policy.schemas.walk import defaults, walk

FIELDS = [(key, path, field) for key, schema in SCHEMAS.items() for path, field in walk(schema)]
NAMES = [f"{key}.{path}" for key, path, _ in FIELDS]

DEFAULTS = {
    "reward_pools.architecture": 0.60,
    "reward_pools.training": 0.40,
    "reward_pools.distribution": "ranked",
    "reward_pools.rank_decay": 0.5,
    "reward_pools.top_k": 8,
    "score_weights.final_architecture_weight": 0.70,
    "score_weights.final_recipe_weight": 0.30,
    "score_weights.leaderboard_metric": "prequential",
    "score_weights.architecture_formula.learning_scaling_dynamics": 0.35,
    "score_weights.training_formula.benchmark_sanity": 0.15,
    "score_weights.improvement_thresholds.min_delta_abs": 0.002,
    "score_weights.improvement_thresholds.min_delta_rel": 0.001,
    "score_weights.improvement_thresholds.z_score": 2.0,
    "benchmark_weights.mmlu": 0.20,
    "duplicate_thresholds.exact_source_similarity": 0.98,
    "duplicate_thresholds.static_reject_similarity": 0.96,
    "duplicate_thresholds.quarantine_source_similarity": 0.85,
    "duplicate_thresholds.same_architecture_similarity": 0.82,
    "duplicate_thresholds.hold_below": 0.55,
    "llm_review_policy.enabled": False,
    "llm_review_policy.min_confidence": 0.72,
    "llm_review_policy.timeout_seconds": 60,
    "gpu_policy.max_gpu_count": 8,
    "gpu_policy.actual_gpu_count": 1,
    "gpu_policy.gpu_type": None,
    "dataset_configs.fineweb_sample_count": 128,
    "execution_mode_targets.local_cpu_smoke.official_score": False,
    "execution_mode_targets.local_cpu_smoke.byte_budget": 524_288,
    "execution_mode_targets.local_cpu_smoke.seeds": [1337],
    "execution_mode_targets.gpu_proxy_eval.dataset_subset": "sample-10BT",
    "execution_mode_targets.gpu_proxy_eval.byte_budget": 2_000_000_000,
    "execution_mode_targets.full_scale_eval.dataset_subset": "sample-100BT",
    "execution_mode_targets.full_scale_eval.byte_budget": 20_000_000_000,
    "artifact_limits.max_code_bytes": 200_000,
    "artifact_limits.required_manifest_name": "prism_run_manifest.v2.json",
    "sandbox_limits.memory": "2g",
    "sandbox_limits.network": "none",
    "sandbox_limits.artifacts_quota_bytes": 2 * 2**30,
    "diagnostics_thresholds.activation_norm_spike_ratio": 3.0,
    "loss_comparability_policy.memorization_gap_bpb": 1.0,
    "loss_comparability_policy.heldout_epsilon_bpb": 0.005,
}

REFUSED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("reward_pools", {"training": 0.5}, ["architecture", "training"]),
    ("reward_pools", {"distribution": "lottery"}, ["distribution"]),
    ("score_weights", {"final_recipe_weight": 0.4}, ["final_architecture_weight", "final_recipe_weight"]),
    ("score_weights", {"leaderboard_metric": "vibes"}, ["leaderboard_metric"]),
    (
        "score_weights",
        {"training_formula": {"benchmark_sanity": 0.16}},
        ["training_formula.benchmark_sanity"],
    ),
    (
        "score_weights",
        {
            "architecture_formula": {
                "learning_scaling_dynamics": 0.15,
                "standardized_lm_quality": 0.15,
                "compute_efficiency": 0.15,
                "parameter_efficiency": 0.15,
                "diagnostics_health": 0.15,
                "robustness_stability": 0.10,
                "benchmark_sanity": 0.15,
            }
        },
        ["architecture_formula.benchmark_sanity"],
    ),
    ("duplicate_thresholds", {"hold_below": 0.9}, ["hold_below", "same_architecture_similarity"]),
    (
        "duplicate_thresholds",
        {"static_reject_similarity": 0.99},
        ["static_reject_similarity", "exact_source_similarity"],
    ),
    ("llm_review_policy", {"model": ""}, ["model"]),
    ("gpu_policy", {"max_gpu_count": 9}, ["max_gpu_count"]),
    ("gpu_policy", {"actual_gpu_count": 4, "max_gpu_count": 2}, ["actual_gpu_count", "max_gpu_count"]),
    ("gpu_policy", {"actual_gpu_count": 0}, ["actual_gpu_count"]),
    ("dataset_configs", {"test_split": "val"}, ["train_split", "validation_split", "test_split"]),
    ("dataset_configs", {"frozen_revision": "../main"}, ["frozen_revision"]),
    (
        "execution_mode_targets",
        {"local_cpu_smoke": {"official_score": True}},
        ["local_cpu_smoke.official_score"],
    ),
    ("execution_mode_targets", {"gpu_proxy_eval": {"gpu_count": 9}}, ["gpu_proxy_eval.gpu_count"]),
    ("execution_mode_targets", {"gpu_proxy_eval": {"seeds": []}}, ["gpu_proxy_eval.seeds"]),
    ("execution_mode_targets", {"gpu_proxy_eval": {"seeds": [1, 1]}}, ["gpu_proxy_eval.seeds"]),
    (
        "execution_mode_targets",
        {"gpu_proxy_eval": {"seeds": [-1]}},
        ["gpu_proxy_eval.seeds.0", "gpu_proxy_eval.seeds"],
    ),
    (
        "execution_mode_targets",
        {"full_scale_eval": {"chunk_max_bytes": 1_000}},
        ["full_scale_eval.chunk_first_bytes", "full_scale_eval.chunk_max_bytes"],
    ),
    ("execution_mode_targets", {"bigger_eval": {}}, ["bigger_eval"]),
    ("artifact_limits", {"required_manifest_name": "a/b.json"}, ["required_manifest_name"]),
    ("sandbox_limits", {"network": "bridge"}, ["network"]),
    ("sandbox_limits", {"memory": "lots"}, ["memory"]),
]


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_are_those_of_the_design(name: str) -> None:
    key, _, path = name.partition(".")
    assert leaves(defaults(SCHEMAS[key]))[path] == DEFAULTS[name]


def test_every_key_has_a_schema() -> None:
    assert list(SCHEMAS) == ConfigKey.values
    assert len(SCHEMAS) == 12
    choices = RuntimeConfig._meta.get_field("config_key").choices
    assert [key for key, _ in choices or ()] == list(SCHEMAS)


@pytest.mark.parametrize(("key", "path", "field"), FIELDS, ids=NAMES)
def test_every_field_is_described_once_and_bounded_once(key: str, path: str, field: Any) -> None:
    kind, metadata, _ = unwrap(field)
    assert field.description
    bounds = [type(bound) for bound in metadata if isinstance(bound, Ge | Gt | Le | Lt)]
    assert len(bounds) == len(set(bounds)), "pydantic would silently keep one of the two"
    if kind in (int, float):
        assert len(bounds) == 2, "a number needs a lower and an upper bound"
        assert field.json_schema_extra, "a number needs a unit"


@pytest.mark.parametrize(("key", "path", "field"), FIELDS, ids=NAMES)
def test_a_value_just_outside_each_bound_is_refused(key: str, path: str, field: Any) -> None:
    _, metadata, _ = unwrap(field)
    for outside in [value for bound in metadata for value in just_outside(bound)]:
        assert problems(key, nested(path, outside)) == [path]


@pytest.mark.parametrize(("key", "path", "field"), FIELDS, ids=NAMES)
def test_a_value_of_another_type_is_refused(key: str, path: str, field: Any) -> None:
    kind, _, _ = unwrap(field)
    wrong = 1 if kind is str or kind is bool else "1"
    assert problems(key, nested(path, wrong)) == [path]
    assert problems(key, nested(path, {"deeper": 1})) == [path]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_no_number_may_be_endless(number: str) -> None:
    assert problems("reward_pools", json.loads(f'{{"rank_decay": {number}}}')) == ["rank_decay"]


@pytest.mark.parametrize("value", [1.0, True, "1"])
def test_a_count_is_a_whole_number_and_nothing_like_it(value: Any) -> None:
    assert problems("gpu_policy", {"actual_gpu_count": value}) == ["actual_gpu_count"]


@pytest.mark.parametrize("key", SCHEMAS)
def test_an_unknown_field_is_refused(key: str) -> None:
    assert problems(key, {"no_such_field": 1}) == ["no_such_field"]


@pytest.mark.parametrize(("key", "value", "fields"), REFUSED, ids=[str(case[1])[:60] for case in REFUSED])
def test_a_combination_that_breaks_a_rule_names_its_fields(
    key: str, value: dict[str, Any], fields: list[str]
) -> None:
    assert problems(key, value) == fields


@pytest.mark.parametrize("key", ["benchmark_weights", "score_weights"])
def test_each_formula_must_sum_to_one(key: str) -> None:
    for path, value in leaves(defaults(SCHEMAS[key])).items():
        if "threshold" not in path and isinstance(value, float):
            assert path in problems(key, nested(path, value - 0.01))


def test_a_sum_may_miss_one_by_rounding_only() -> None:
    assert problems("reward_pools", {"architecture": 0.7, "training": 0.3 + 1e-10}) == []
    assert problems("reward_pools", {"architecture": 0.7, "training": 0.3 + 1e-8}) == [
        "architecture",
        "training",
    ]


def test_models_are_frozen() -> None:
    model, _ = merge(SCHEMAS["gpu_policy"], None, None)
    with pytest.raises(ValidationError):
        model.max_gpu_count = 16  # type: ignore[attr-defined]


def problems(key: str, value: dict[str, Any]) -> list[str]:
    """The fields that a partial value is refused for; [] if it is not."""
    try:
        merge(SCHEMAS[key], value, None)
    except ValidationError as error:
        return [path for problem in error.errors() for path in paths(problem)]
    return []


def just_outside(bound: Any) -> list[Any]:
    """One value that an annotated bound refuses; none for what is no bound of a number."""
    outside = {Ge: lambda: bound.ge - 1, Le: lambda: bound.le + 1, Gt: lambda: bound.gt, Lt: lambda: bound.lt}
    return [outside[type(bound)]()] if type(bound) in outside else []


def nested(path: str, value: Any) -> dict[str, Any]:
    """`{"a": {"b": value}}` for `a.b`."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)
