"""What surrounds the model: the tokenizer, the walls around both sides, and text that nobody trained on."""

from collections.abc import Mapping
from typing import Any

from evaluations.checklist.claim import Claim, count, number, places, section


def claims(manifest: Mapping[str, Any]) -> list[Claim]:
    """The claims about tokenizer and sandbox, and the held-out figures."""
    integrity = section(manifest.get("integrity"))
    return [
        _lossless(integrity, str(manifest.get("reason", ""))),
        _walls(section(integrity.get("sandbox"))),
        _heldout(section(manifest.get("heldout"))),
    ]


def _lossless(integrity: Mapping[str, Any], reason: str) -> Claim:
    title = "The tokenizer loses nothing"
    name = str(integrity.get("tokenizer", ""))
    figures = {"tokenizer": name, "lossless": integrity.get("lossless")}
    match integrity.get("lossless"):
        case True:
            words = f"Every chunk was encoded by {name}, decoded, and is the same bytes again."
            return Claim(key="lossless", title=title, state="holds", words=words, figures=figures)
        case False:
            return Claim(key="lossless", title=title, state="broken", words=f"{reason}.", figures=figures)
    words = "The run ended before the whole text was encoded."
    return Claim(key="lossless", title=title, state="unmeasured", words=words, figures=figures)


def _walls(children: Mapping[str, Any]) -> Claim:
    title = "Submitted code ran behind walls"
    closed = {name: section(child) for name, child in children.items()}
    if not closed:
        words = "The run ended before a process for submitted code was started."
        return Claim(key="sandbox", title=title, state="unmeasured", words=words)
    if any(child.get("mode") != "required" for child in closed.values()):
        words = "The sandbox was off: the code ran as the operator's own. Such a run is never official."
        return Claim(key="sandbox", title=title, state="unmeasured", words=words)
    tried = {name: section(child.get("checks")) for name, child in closed.items()}
    held = sum(value is True for checks in tried.values() for value in checks.values())
    words = (
        f"Before the first submitted line, {' and '.join(sorted(closed))} made {held} attempts to reach what"
        " is not theirs, and every wall stood."
    )
    figures = {"processes": sorted(closed), "checks": held}
    return Claim(key="sandbox", title=title, state="holds", words=words, figures=figures)


def _heldout(figures: Mapping[str, Any]) -> Claim:
    title = "What was learned holds for text never trained on"
    if number(figures.get("bpb")) is None:
        words = "This run was not measured on held-out text."
        return Claim(key="heldout", title=title, state="unmeasured", words=words)
    gap = "" if number(figures.get("gap")) is None else _gap_in_words(figures)
    words = (
        f"On {count(figures.get('bytes')):,} secret bytes the final weights need {places(figures.get('bpb'))}"
        f" bits per byte, the same model untrained {places(figures.get('bpb_init'))}.{gap}"
    )
    return Claim(key="heldout", title=title, state="holds", words=words, figures=dict(figures))


def _gap_in_words(figures: Mapping[str, Any]) -> str:
    return (
        f" On the text trained on last they need {places(figures.get('train_bpb'))}: a gap of"
        f" {places(figures.get('gap'))}."
    )
