"""The policy fields that environment settings may set; SQL wins over them."""

from typing import Any

from prism_site.config import Environment, env
from prism_site.policy.schemas.modes import ExecutionModeTargets

# setting -> (key, dotted paths of the fields it sets)
BACKED_BY: dict[str, tuple[str, tuple[str, ...]]] = {
    "max_code_bytes": ("artifact_limits", ("max_code_bytes",)),
    "sequence_length": (
        "execution_mode_targets",
        tuple(f"{mode}.sequence_length" for mode in ExecutionModeTargets.model_fields),
    ),
    "fineweb_sample_count": ("dataset_configs", ("fineweb_sample_count",)),
    "platform_eval_max_gpu_count": ("gpu_policy", ("max_gpu_count",)),
    "platform_eval_gpu_count": ("gpu_policy", ("actual_gpu_count",)),
    "docker_enabled": ("sandbox_limits", ("docker_enabled",)),
    "llm_model": ("llm_review_policy", ("model",)),
}


def environment_values(settings: Environment | None = None) -> dict[str, dict[str, Any]]:
    """The partial value that the environment gives each key; a key without any is absent."""
    settings = settings or env()
    values: dict[str, dict[str, Any]] = {}
    for setting, (key, paths) in BACKED_BY.items():
        value = getattr(settings, setting)
        if value is not None:
            for path in paths:
                put(values.setdefault(key, {}), path, value)
    return values


def put(target: dict[str, Any], path: str, value: Any) -> None:
    """Set the field at a dotted path, making the objects on the way."""
    *outer, last = path.split(".")
    for name in outer:
        target = target.setdefault(name, {})
    target[last] = value
