"""Importing the submitted files, inside a child only."""

import importlib
import importlib.util
import random
import sys
import types
from pathlib import Path, PurePosixPath
from types import ModuleType

import numpy as np
import torch
from torch import nn

from evaluations.runner.context import PrismBatch, PrismChunk, PrismContext
from evaluations.runner.training_recipe import TrainingRecipe


class ContractBroken(Exception):
    """A submitted file does not define what the contract asks of it."""

    code = "contract_broken"


def prepare(folder: Path, entrypoints: list[str]) -> None:
    """Let the bundle's files import each other and the interface that published bundles name."""
    folders = [folder, *(folder / PurePosixPath(entry).parent for entry in entrypoints)]
    for path in dict.fromkeys(str(f) for f in reversed(folders)):
        sys.path.insert(0, path)
    for name in ("prism_challenge", "prism_challenge.evaluator"):
        package = ModuleType(name)
        package.__path__ = []
        sys.modules[name] = package
    interface = types.ModuleType("prism_challenge.evaluator.interface")
    for offered in (PrismBatch, PrismChunk, PrismContext, TrainingRecipe):
        setattr(interface, offered.__name__, offered)
    sys.modules[interface.__name__] = interface


def load(folder: Path, entrypoint: str) -> ModuleType:
    """Import one declared entrypoint, as `a.b` for `a/b.py` so that relative imports work."""
    path = folder / entrypoint
    parts = PurePosixPath(entrypoint).with_suffix("").parts
    name = ".".join(parts)
    if name in sys.modules and Path(sys.modules[name].__file__ or "") == path:
        return sys.modules[name]
    if all(part.isidentifier() for part in parts[:-1]) and len(parts) > 1:
        importlib.import_module(".".join(parts[:-1]))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ContractBroken(f"{entrypoint} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    # A bundle may import its other entrypoint by its bare name: `from architecture import build_model`.
    sys.modules[name] = module
    sys.modules.setdefault(parts[-1], module)
    spec.loader.exec_module(module)
    return module


def build_model(architecture: ModuleType, ctx: PrismContext) -> nn.Module:
    """`build_model(ctx)` under the forced seed, on the run's device."""
    build = getattr(architecture, "build_model", None)
    if not callable(build):
        raise ContractBroken("the architecture defines no build_model(ctx)")
    seed_everything(ctx.seed)
    model = build(ctx)
    if not isinstance(model, nn.Module):
        raise ContractBroken(f"build_model returned {type(model).__name__}, not a torch.nn.Module")
    return model.to(ctx.device)


def seed_everything(seed: int) -> None:
    """Force the random state of every generator that an initialisation may use."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
