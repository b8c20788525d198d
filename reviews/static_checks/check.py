"""The static review of a bundle: one bounded child reads the source, this says what it found."""

from collections.abc import Mapping
from dataclasses import dataclass

from reviews.ladder import Finding
from reviews.static_checks.contract import contract_findings
from reviews.static_checks.data_files import data_findings
from reviews.static_checks.parse import parse, readable


@dataclass(frozen=True)
class Examined:
    """Findings about the contract (and about reading the source at all), and about the rules."""

    contract_findings: tuple[Finding, ...]
    static_findings: tuple[Finding, ...]


def examine(
    files: Mapping[str, bytes], *, architecture: str | None, training: str | None, tokenizer: str = ""
) -> Examined:
    """Both kinds of findings over a bundle's files. `training` is None where the reference recipe trains,
    `architecture` where another's is meant that is not here; `tokenizer` is the file that the manifest
    declares, if it is one of them.

    Source that cannot be read has contract findings only.
    """
    sources, unreadable = readable(files)
    if unreadable:
        return Examined(tuple(unreadable), ())
    entrypoints = [entry for entry in (architecture, training) if entry]
    parsed = parse(sources, entrypoints=entrypoints)
    contract = contract_findings(parsed, architecture=architecture, training=training)
    return Examined(tuple(contract), (*parsed.broken, *data_findings(files, tokenizer=tokenizer)))


def check(files: Mapping[str, bytes], *, architecture: str, training: str | None) -> list[Finding]:
    """The findings of the rules alone."""
    return list(examine(files, architecture=architecture, training=training).static_findings)
