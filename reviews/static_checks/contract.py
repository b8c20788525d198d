"""The contract: what a run will call must be there. Pure but for the child that parses."""

from collections.abc import Mapping

from evaluations.runner.hooks import NAMES as HOOKS
from reviews.ladder import Finding, Outcome
from reviews.static_checks.parse import Parsed, parse, readable


def check_contract(files: Mapping[str, bytes], *, architecture: str, training: str | None) -> list[Finding]:
    """Findings over a bundle's files; `training` is None where the reference recipe trains."""
    sources, unreadable = readable(files)
    if unreadable:
        return unreadable
    return contract_findings(parse(sources), architecture=architecture, training=training)


def contract_findings(parsed: Parsed, *, architecture: str | None, training: str | None) -> list[Finding]:
    """What the two scripts lack, or why they cannot be read; None stands for one that is not brought."""
    if parsed.findings:
        return list(parsed.findings)
    return [*_build_model(parsed, architecture), *_train(parsed, architecture, training)]


def _build_model(parsed: Parsed, architecture: str | None) -> list[Finding]:
    if architecture is None or _binds(parsed, architecture, ("build_model",)):
        return []
    return [
        _missing("contract_missing_build_model", architecture, "The architecture defines no build_model.")
    ]


def _train(parsed: Parsed, architecture: str | None, training: str | None) -> list[Finding]:
    if training is None or _binds(parsed, training, ("train", *HOOKS)):
        return []
    if architecture is not None and _binds(parsed, architecture, HOOKS):
        return []
    return [
        _missing("contract_missing_train", training, "The training code defines neither train nor a hook.")
    ]


def _binds(parsed: Parsed, file: str, wanted: tuple[str, ...]) -> bool:
    """Whether a file binds one of the names, or may do so by a star import."""
    return not parsed.names.get(file, frozenset()).isdisjoint({*wanted, "*"})


def _missing(code: str, file: str, message: str) -> Finding:
    return Finding(code=code, outcome=Outcome.REJECT, message=message, file=file)
