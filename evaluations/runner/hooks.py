"""The optional functions of a submission: found, timed and counted."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

NAMES = (
    "get_recipe",
    "configure_optimizer",
    "compute_loss",
    "train_step",
    "inference_logits",
    "infer",
    "save_checkpoint",
    "load_checkpoint",
)


@dataclass
class Usage:
    """How often a hook was called, and for how long in all."""

    present: bool
    calls: int = 0
    seconds: float = 0.0


class Hooks:
    """The hooks of a submission; training code goes before the architecture's file."""

    def __init__(self, modules: list[ModuleType]) -> None:
        self.functions: dict[str, Callable[..., Any]] = {}
        for name in NAMES:
            found = next((f for module in modules if callable(f := getattr(module, name, None))), None)
            if found is not None:
                self.functions[name] = found
        self.usage = {name: Usage(name in self.functions) for name in NAMES}

    def __contains__(self, name: str) -> bool:
        return name in self.functions

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a hook that is present."""
        usage, start = self.usage[name], time.monotonic()
        try:
            return self.functions[name](*arguments)
        finally:
            usage.calls += 1
            usage.seconds += time.monotonic() - start

    def report(self) -> dict[str, dict[str, Any]]:
        """{name: {present, calls, seconds}} for the manifest."""
        return {
            name: {"present": u.present, "calls": u.calls, "seconds": round(u.seconds, 6)}
            for name, u in self.usage.items()
        }
