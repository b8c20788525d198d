"""The benchmark packs of runs as jobs name them."""

from dataclasses import asdict
from typing import Any

from evaluations.datasets.packs_for_runs import packs_for_runs
from evaluations.enums import Mode
from evaluations.runner.job import PackSpec
from prism_site.config import env
from prism_site.policy.resolve import Policy

# Items that a run is asked about at most, with all choices of each; of larger packs a secret sample.
MOST_ITEMS = {Mode.LOCAL_CPU_SMOKE: 24, Mode.GPU_PROXY_EVAL: 512, Mode.FULL_SCALE_EVAL: 2048}


def packs_of(mode: Mode, policy: Policy) -> tuple[PackSpec, ...]:
    """Every staged pack with weight in the policy; raises `PackInvalid`."""
    weights: dict[str, float] = policy.benchmark_weights.model_dump()
    return packs_named({name for name, weight in weights.items() if weight > 0}, MOST_ITEMS[mode])


def packs_named(names: set[str], most_items: int) -> tuple[PackSpec, ...]:
    """Those of some packs that are staged on this host; raises `PackInvalid`."""
    found = packs_for_runs(env().benchmarks_path, env().var_dir / "benchmarks", names)
    return tuple(
        PackSpec(name=pack.name, path=str(pack.path), sha256=pack.sha256, items=most_items) for pack in found
    )


def without_path(spec: PackSpec) -> dict[str, Any]:
    """What another host has to know of a pack: its own copy lies elsewhere."""
    return {name: value for name, value in asdict(spec).items() if name != "path"}
