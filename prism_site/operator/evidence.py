"""Why a hold was opened, as exhibits that a page prints: what was found, where, and by how much. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluations.checklist.claim import count, items, number, places, section
from prism_site.operator.visible import shown

QUOTE_CHARS = 4_000
SENTENCES = ("message", "detail", "claim", "summary")
MEASURES = {
    "quarantine_source_similarity": ("similarity", "containment", "contained"),
    "static_reject_similarity": ("similarity",),
}
TOLD = {"code", "file", "line", "quote", "outcome", "category", *SENTENCES}  # said elsewhere than as facts


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """One thing that was found."""

    code: str
    text: str
    outcome: str = ""  # a rung of the ladder, where a review says one
    place: str = ""  # file and line
    quote: str = ""  # of the submitted source, with nothing hidden
    facts: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Margin:
    """A figure against the threshold that it broke; `percent` is how far beyond it lies."""

    what: str
    value: str
    limit: str
    percent: float


def exhibits(evidence: Any) -> list[Exhibit]:
    """The findings, anomalies and whatever else the evidence lists; facts without a list come last."""
    found = [_exhibit(item) for name, listed in section(evidence).items() for item in items(listed)
             if name != "neighbours"]  # fmt: skip
    rest = [(name, _text(value)) for name, value in section(evidence).items() if _is_plain(value)]
    return [*found, Exhibit(code="", text="", facts=rest)] if rest else found


def figures(facts: Any) -> list[tuple[str, str]]:
    """The members of an object that can be printed, nested ones with dotted names."""
    found: list[tuple[str, str]] = []
    for name, value in section(facts).items():
        if isinstance(value, Mapping):
            found.extend((f"{name}.{inner}", text) for inner, text in figures(value))
        elif _is_plain(value):
            found.append((name, _text(value)))
    return found


def places_of(evidence: Any) -> list[tuple[str, int]]:
    """(file, line) of every finding that has a place."""
    found = [item for listed in section(evidence).values() for item in items(listed)]
    return [(str(item["file"]), count(item.get("line"))) for item in found if item.get("file")]


def margins(evidence: Any, integrity: Any, thresholds: Mapping[str, float]) -> list[Margin]:
    """How far figures lie beyond their limits: of a run's integrity, and of its likeness to earlier work."""
    return [*_integrity(section(integrity)), *_likeness(section(evidence), thresholds)]


def _exhibit(item: Mapping[str, Any]) -> Exhibit:
    file, line = str(item.get("file") or ""), item.get("line")
    sentence = next((str(item[name]) for name in SENTENCES if item.get(name)), "")
    facts = [(name, _text(value)) for name, value in item.items() if name not in TOLD and _is_plain(value)]
    category = item.get("category")
    return Exhibit(
        code=str(item.get("code") or ""),
        text=shown(sentence),
        outcome=str(item.get("outcome") or ""),
        place=shown(f"{file}, line {line}" if file and line else file),
        quote=shown(str(item.get("quote") or "")[:QUOTE_CHARS]),
        facts=[("category", str(category)), *facts] if category else facts,
    )


def _integrity(integrity: Mapping[str, Any]) -> Iterator[Margin]:
    step0, early = section(integrity.get("step0")), section(integrity.get("early_vs_ppmd"))
    if step0.get("ok") is False:
        yield from _below("bits per byte before any training", step0.get("bpb"), step0.get("limit"))
    if early.get("ok") is False:
        yield from _below(
            "code length of the first text, relative to PPMd", early.get("ratio"), early.get("limit")
        )


def _below(what: str, value: Any, limit: Any) -> Iterator[Margin]:
    figure, bound = number(value), number(limit)
    if figure is not None and bound:
        share = 100 * (bound - figure) / bound
        yield Margin(what=what, value=places(figure), limit=f"at least {places(bound)}", percent=share)


def _likeness(evidence: Mapping[str, Any], thresholds: Mapping[str, float]) -> Iterator[Margin]:
    """Overlap in either direction holds a submission, similarity of the whole rejects it."""
    found = items(evidence.get("neighbours"))
    for threshold, measures in MEASURES.items():
        figures = [number(item.get(measure)) or 0.0 for item in found for measure in measures]
        value, limit = max(figures, default=0.0), thresholds[threshold]
        if value >= limit:
            percent, at_most = 100 * (value - limit) / limit, f"below {places(limit)}"
            yield Margin(what=threshold, value=places(value), limit=at_most, percent=percent)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) and value != ""


def _text(value: Any) -> str:
    return places(value) if isinstance(value, float) else shown(str(value))
