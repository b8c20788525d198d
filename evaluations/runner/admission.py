"""The caps, enforced on the very model that will be scored."""

import hashlib
from math import prod
from typing import Any

from evaluations.runner.job import Limits
from evaluations.runner.slot import Layout, LayoutInvalid, lay_out
from evaluations.runner.stopped import failed, rejected


def admit(described: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], Layout]:
    """The manifest's `model` and the layout of the weights; raise `Stopped` over a cap."""
    counts = {name: described.get(name) for name in ("parameters", "body_parameters", "layers")}
    if not all(type(value) is int and value >= 0 for value in counts.values()):
        raise failed("predictor_error", "the predictor described no model")
    _check_cap("too_many_parameters", "parameters", counts["parameters"], limits.max_parameters)
    _check_cap("too_many_layers", "layers", counts["layers"], limits.max_layers)
    try:
        layout = lay_out(described.get("manifest"))
    except LayoutInvalid as error:
        raise failed(error.code, str(error)) from error
    # Its own count is its own word; what commits carry is not, and a trained buffer is as good as a weight.
    stored = sum(prod(entry.shape) for entry in layout.entries)
    _check_cap("too_many_parameters", "numbers in its state_dict", stored, limits.max_parameters)
    flops = described.get("flops_per_token")
    model = {
        **counts,
        "flops_per_token": flops if isinstance(flops, float) and 0 <= flops < float("inf") else None,
        "graph_hash": None,  # the referee enters it where two predictors agree
        "architecture_hash": None,  # of source, which only the reviews read
        "manifest_sha256": hashlib.sha256(repr(layout.described()).encode()).hexdigest(),
    }
    return model, layout


def seed_invariant(described: dict[str, Any]) -> list[str]:
    """Parameters that two seeds initialised alike, as the predictor reports them."""
    names = described.get("seed_invariant")
    return [str(name)[:200] for name in names[:100]] if isinstance(names, list) else []


def _check_cap(code: str, what: str, value: Any, cap: int) -> None:
    if value > cap:
        raise rejected(code, f"the model has {value:,} {what}, at most {cap:,} are allowed")
