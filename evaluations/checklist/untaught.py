"""What says that nothing was learned elsewhere: the start, the first text, the initialisation, the labels."""

from collections.abc import Mapping
from typing import Any

from evaluations.checklist.claim import Claim, State, count, items, number, places, section


def claims(manifest: Mapping[str, Any]) -> list[Claim]:
    """The claims about where the model's knowledge comes from."""
    integrity = section(manifest.get("integrity"))
    details = {item.get("code"): str(item.get("detail", "")) for item in items(integrity.get("anomalies"))}
    return [
        _step0(section(integrity.get("step0")), details.get("step0_anomaly")),
        *_learning(integrity, details.get("early_compression_anomaly")),
        _seeds(integrity.get("seed_invariant"), details.get("seed_invariant_parameters")),
        _relabelled(integrity.get("permuted")),
    ]


def _step0(figures: Mapping[str, Any], anomaly: str | None) -> Claim:
    title = "Untrained, the model knows nothing of the text"
    if not figures:
        return Claim(key="step0", title=title, state="unmeasured", words="No text was scored.")
    words = anomaly or (
        f"Under its random initialisation it needs {places(figures.get('bpb'))} bits per byte for the first"
        f" chunk; below {places(figures.get('limit'))} it would know something."
    )
    return Claim(key="step0", title=title, state=_state(anomaly), words=words, figures=dict(figures))


def _early(figures: Mapping[str, Any], anomaly: str | None) -> Claim:
    title = "It learns no faster than a start from scratch allows"
    if not figures:
        words = "The first text was not compared with PPMd."
        return Claim(key="early", title=title, state="unmeasured", words=words)
    words = anomaly or (
        f"Over the first text it needs {places(figures.get('bpb'))} bits per byte, PPMd"
        f" {places(figures.get('ppmd_bpb'))}: {places(figures.get('ratio'), 2)} times as many. Below"
        f" {places(figures.get('limit'), 2)} times it would know something."
    )
    return Claim(key="early", title=title, state=_state(anomaly), words=words, figures=dict(figures))


def _learning(integrity: Mapping[str, Any], anomaly: str | None) -> list[Claim]:
    """The first text and what follows it; the anomaly, one code for both, belongs to the first it fits."""
    early, later = section(integrity.get("early_vs_ppmd")), items(integrity.get("later_vs_ppmd"))
    shown_early = anomaly is not None and early.get("ok") is not True
    return [_early(early, anomaly if shown_early else None), _later(later, None if shown_early else anomaly)]


def _later(stretches: list[Mapping[str, Any]], anomaly: str | None) -> Claim:
    title = "No knowledge appears later on that the text does not explain"
    if not stretches:
        words = "The text after the first was not compared with PPMd."
        return Claim(key="later", title=title, state="unmeasured", words=words)
    nearest = min(stretches, key=lambda stretch: number(stretch.get("ratio")) or 0.0)
    words = anomaly or (
        f"In {len(stretches)} stretches of later text it needs at least"
        f" {places(nearest.get('ratio'), 2)} times as many bits as PPMd (from byte"
        f" {count(nearest.get('start')):,} to {count(nearest.get('bytes')):,}). Below"
        f" {places(nearest.get('limit'), 2)} times it would know something."
    )
    return Claim(key="later", title=title, state=_state(anomaly), words=words, figures=dict(nearest))


def _seeds(names: Any, anomaly: str | None) -> Claim:
    title = "Its initialisation is random"
    if not isinstance(names, list):
        return Claim(key="seeds", title=title, state="unmeasured", words="It was not built under two seeds.")
    words = anomaly or (
        "Built under two seeds, every parameter differs, or follows a rule too simple to hold knowledge."
    )
    figures = {"seed_invariant": names}
    return Claim(key="seeds", title=title, state=_state(anomaly), words=words, figures=figures)


def _relabelled(permuted: Any) -> Claim:
    title = "Token ids mean nothing outside this run"
    if permuted is not True:
        words = "The vocabulary was not relabelled."
        return Claim(key="relabelled", title=title, state="unmeasured", words=words)
    words = "All tokens were renamed by a secret permutation that was drawn for this submission alone."
    return Claim(key="relabelled", title=title, state="holds", words=words, figures={"permuted": True})


def _state(anomaly: str | None) -> State:
    return "holds" if anomaly is None else "suspicious"
