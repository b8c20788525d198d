"""What a look inside a model may say: the figures by name, bounded, whoever sends them. Pure."""

import re
from collections.abc import Mapping
from typing import Any

MOST_MODULES = 64
NAME_CHARS = 100
STRANGE = re.compile(r"[^A-Za-z0-9_.-]")
ROOT = "model"  # the name of the module that has none
FIGURES = (
    "loss",
    "gradient_norm",
    "gradient_noise",
    "activation_rms",
    "activation_max",
    "representation_rank",
    "representation_directions",
    "dead_units",
    "nonfinite_activations",
    "nonfinite_gradients",
)
OF_MODULES = ("gradient_norm", "activation_rms", "activation_max", "dead_units")
RAISED, INVALID = "raised", "invalid"
ERRORS = (RAISED, "out_of_memory", "too_many_threads", "artifact_quota")  # as the examiner itself says them
LARGEST = 1e30


def sanitised(name: str) -> str:
    """A module's name as a manifest may hold it."""
    return STRANGE.sub("_", name)[:NAME_CHARS] or ROOT


def read_findings(said: Mapping[str, Any]) -> dict[str, Any]:
    """An examiner's answer reduced to what a manifest may hold; what is no number of its kind is null."""
    if "error" in said:
        return {"error": said["error"] if said["error"] in ERRORS else INVALID}
    modules = said.get("modules")
    listed = modules[:MOST_MODULES] if isinstance(modules, list) else []
    return {
        **{name: _number(said.get(name)) for name in FIGURES},
        "modules": [_module(found) for found in listed if isinstance(found, dict)],
    }


def _module(found: dict[str, Any]) -> dict[str, Any]:
    name = found.get("name")
    return {
        "name": sanitised(name if isinstance(name, str) else ""),
        **{figure: _number(found.get(figure)) for figure in OF_MODULES},
    }


def _number(found: Any) -> float | int | None:
    is_one = isinstance(found, (int, float)) and not isinstance(found, bool)
    return found if is_one and 0 <= found <= LARGEST else None
