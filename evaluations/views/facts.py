"""A run's manifest as titled groups of facts; it was validated when it was taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluations.checklist.claim import section
from evaluations.templatetags.prism import NONE, duration, fixed, grouped, si_bytes


@dataclass(frozen=True)
class Group:
    """A heading and its (name, value) pairs."""

    title: str
    rows: list[tuple[str, str]]


def groups(manifest: Mapping[str, Any]) -> list[Group]:
    """Model, training, benchmark packs, data and run; groups that the run did not reach are left out."""
    candidates = (
        Group("Model", _model(manifest.get("model") or {})),
        Group("Training", _training(manifest.get("training") or {})),
        Group("Benchmark packs", _benchmarks((manifest.get("heldout") or {}).get("benchmarks"))),
        Group("Data", _data(manifest.get("data") or {})),
        Group("Run", _run(manifest.get("run") or {})),
    )
    return [group for group in candidates if group.rows]


def hooks(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The hooks that exist in the submission, with their use."""
    found = (manifest.get("training") or {}).get("hooks") or {}
    return [{"name": name, **use} for name, use in sorted(found.items()) if use["present"]]


def _rows(*rows: tuple[str, str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in rows if value not in ("", NONE)]


def _model(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    return _rows(
        ("parameters", grouped(model.get("parameters"))),
        ("without embeddings", grouped(model.get("body_parameters"))),
        ("layers", grouped(model.get("layers"))),
        ("FLOPs per token", grouped(model.get("flops_per_token"))),
        ("architecture", _digest(model.get("architecture_hash"))),
    )


def _training(training: Mapping[str, Any]) -> list[tuple[str, str]]:
    return _rows(
        ("style", _text(training.get("style"))),
        ("commits", grouped(training.get("commits"))),
        ("learner time", duration(training.get("learner_seconds"))),
        ("stopped", _text(training.get("stopped_reason"))),
        ("ranks", grouped(len(training["ranks"])) if isinstance(training.get("ranks"), list) else NONE),
    )


def _benchmarks(packs: Any) -> list[tuple[str, str]]:
    known = {name: pack for name, pack in section(packs).items() if isinstance(pack, dict)}
    return _rows(*(row for name, pack in sorted(known.items()) for row in _pack(name, pack)))


def _pack(name: str, pack: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Bits per byte of gold answers, untrained and trained; the accuracy where there are choices."""
    learned = f"{fixed(pack.get('bpb_init'), 3)} → {fixed(pack.get('bpb'), 3)} bits per byte"
    accuracy = pack.get("accuracy")
    right = f"{accuracy:.0%} of {pack.get('items')}" if isinstance(accuracy, int | float) else NONE
    return [(name, learned), (f"{name}, right", right)]


def _data(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    return _rows(
        ("source", _text(data.get("source"))),
        ("revision", _digest(data.get("revision"))),
        ("text", si_bytes(data.get("bytes"))),
        ("manifest", _digest(data.get("manifest_sha256"))),
        ("order seed", _text(data.get("order_seed"))),
    )


def _run(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    return _rows(
        ("seed", _text(run.get("seed"))),
        ("device", _text(run.get("device"))),
        ("precision", _text(run.get("precision"))),
        ("torch", _text(run.get("torch"))),
        ("sandbox", _text(run.get("sandbox"))),
        ("wall time", duration(run.get("wall_seconds"))),
        ("peak memory", si_bytes(run.get("peak_memory_bytes") or None)),
    )


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) else NONE


def _digest(value: Any) -> str:
    return _text(value)[:12]
