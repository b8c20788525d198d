"""Parsing submitted source in a bounded child process. No ORM."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reviews.bounded_child import ChildEnded, ask
from reviews.ladder import Finding, Outcome
from reviews.static_checks.rules import BY_ID

CHILD = Path(__file__).with_name("parse_child.py")
WALL_SECONDS = 25.0  # the child's own limit is five seconds of processor time
QUOTE_CHARS = 200


@dataclass(frozen=True)
class Parsed:
    """What reading gave: problems, the top-level names of every file, and the rules that are broken."""

    findings: tuple[Finding, ...]
    names: Mapping[str, frozenset[str]]
    broken: tuple[Finding, ...] = ()


def readable(files: Mapping[str, bytes]) -> tuple[dict[str, str], list[Finding]]:
    """The Python files as text; what is no UTF-8 is a finding (a bundle from intake has none)."""
    sources: dict[str, str] = {}
    findings = []
    for name, raw in files.items():
        if not name.endswith(".py"):
            continue
        try:
            sources[name] = raw.decode("utf-8")
        except UnicodeDecodeError:
            message = "The source is not valid UTF-8."
            findings.append(Finding(code="text_not_utf8", outcome=Outcome.REJECT, message=message, file=name))
    return sources, findings


def parse(
    sources: Mapping[str, str], *, entrypoints: Sequence[str] = (), wall_seconds: float = WALL_SECONDS
) -> Parsed:
    """Parse {file name: source}; a child that dies of its limits means `source_too_complex`.

    Raises `HostBusy`: a busy host is no fault of the source.
    """
    question = {"sources": dict(sources), "entrypoints": list(entrypoints)}
    try:
        return _read(ask(CHILD, question, wall_seconds=wall_seconds), sources)
    except ChildEnded:
        return Parsed((_too_complex(),), {})


def _read(answer: dict[str, Any], sources: Mapping[str, str]) -> Parsed:
    lines = {file: source.split("\n") for file, source in sources.items()}
    return Parsed(
        tuple(
            Finding(
                code=code,
                outcome=Outcome.REJECT,
                message=message,
                file=file,
                line=line,
                quote=_quote(lines.get(file, []), line),
            )
            for code, message, file, line in answer["findings"]
        ),
        {file: frozenset(bound) for file, bound in answer["names"].items()},
        tuple(
            _broken(rule_id, detail, file, line, _quote(lines[file], line))
            for rule_id, detail, file, line in answer["broken"]
        ),
    )


def _broken(rule_id: str, detail: str, file: str, line: int, quote: str) -> Finding:
    rule = BY_ID[rule_id]
    message = f"{rule.reason} ({detail})" if detail else rule.reason
    return Finding(
        code=rule.id,
        outcome=rule.outcome,
        message=message,
        file=file,
        line=line,
        quote=quote,
        category=rule.category,
    )


def _quote(lines: list[str], line: int) -> str:
    """The line as submitted, cut to what a page can show; nothing where there is no such line."""
    return lines[line - 1].strip()[:QUOTE_CHARS] if 0 < line <= len(lines) else ""


def _too_complex() -> Finding:
    return Finding(
        code="source_too_complex",
        outcome=Outcome.REJECT,
        message="The source needs more time or memory to parse than any model needs.",
    )
