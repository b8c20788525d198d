"""What the audit says: predictions are causal, are probabilities, and are honest as a whole."""

from collections.abc import Mapping
from typing import Any

from evaluations.checklist.claim import Claim, State, count, items, number, places, section

CAUSALITY, DISTRIBUTION, MISMATCH = "causality_violation", "not_a_distribution", "audit_mismatch"


def claims(manifest: Mapping[str, Any]) -> list[Claim]:
    """The three claims that rest on windows with a replaced future."""
    audit = section(manifest.get("audit"))
    return [_causal(audit), _distributions(audit), _as_a_whole(audit, manifest.get("code"))]


def _causal(audit: Mapping[str, Any]) -> Claim:
    title = "Predictions depend on the past alone"
    first = _first(audit, CAUSALITY)
    if first is not None:
        words = _leak_in_words(first, number(audit.get("tolerance_nats")))
        return Claim(key="causal", title=title, state="broken", words=words, figures=dict(first))
    if not count(audit.get("windows")):
        words = "No window of this run was audited."
        return Claim(key="causal", title=title, state="unmeasured", words=words)
    figures = _of(audit, "windows", "positions", "max_abs_logp_diff", "tolerance_nats")
    words = (
        f"{count(audit.get('windows')):,} windows were given to a second, separate copy of the model with"
        " everything from a secret position on replaced by other text. At"
        f" {count(audit.get('positions')):,} positions before it, the two {_agreement(audit)}."
    )
    return Claim(key="causal", title=title, state="holds", words=words, figures=figures)


def _agreement(audit: Mapping[str, Any]) -> str:
    difference = number(audit.get("max_abs_logp_diff"))
    return "agree exactly" if difference == 0 else f"differ by {places(difference, 6)} nats at most"


def _leak_in_words(found: Mapping[str, Any], tolerance: float | None) -> str:
    allowed = "" if tolerance is None else f", where rounding explains {places(tolerance)} at most"
    return (
        f"{_place(found)}, the model claimed log p = {places(found.get('claimed'))} for the token that came;"
        f" with everything from there on replaced by other text it finds {places(found.get('audited'))}."
        f" The difference is {places(found.get('difference'))} nats{allowed}. So a prediction depends on"
        " something else than the text before it: on what follows, on another row of its batch, or on what"
        " the model was asked before."
    )


def _distributions(audit: Mapping[str, Any]) -> Claim:
    title = "Predictions are probabilities"
    first = _first(audit, DISTRIBUTION)
    if first is not None:
        words = (
            f"{_place(first)}, the probabilities of all tokens do not sum to one: the logarithm of their sum"
            f" is {places(first.get('audited'))}, not 0."
        )
        return Claim(key="distributions", title=title, state="broken", words=words, figures=dict(first))
    if not count(audit.get("windows")):
        words = "No whole distribution was asked for."
        return Claim(key="distributions", title=title, state="unmeasured", words=words)
    words = (
        f"At {count(audit.get('windows')):,} secret positions the whole distribution was asked for: each sums"
        " to one and gives the token that came what the model claimed."
    )
    return Claim(key="distributions", title=title, state="holds", words=words, figures=_of(audit, "windows"))


def _as_a_whole(audit: Mapping[str, Any], code: Any) -> Claim:
    title = "The claims as a whole agree with the audit"
    z = number(audit.get("z"))
    if z is None:
        words = "Too few positions were audited to compare the totals."
        return Claim(key="whole", title=title, state="unmeasured", words=words)
    words = (
        f"At {count(audit.get('boundaries')):,} positions drawn at random, without sight of what follows, the"
        f" text costs {places(audit.get('boundary_bpb'))} ± {places(audit.get('boundary_se'))} bits per byte:"
        f" {places(z, 1)} standard errors away from the claims."
    )
    figures = _of(audit, "boundaries", "boundary_bpb", "boundary_se", "z")
    state: State = "broken" if code == MISMATCH else "holds"
    return Claim(key="whole", title=title, state=state, words=words, figures=figures)


def _first(audit: Mapping[str, Any], code: str) -> Mapping[str, Any] | None:
    found = (item for item in items(audit.get("violations")) if item.get("code") == code)
    return next(found, None)


def _place(found: Mapping[str, Any]) -> str:
    """Where, numbered as in the manifest: from 0."""
    names = [name for name in ("chunk", "window", "position") if number(found.get(name)) is not None]
    return f"In {', '.join(f'{name} {count(found[name])}' for name in names)}" if names else "At one place"


def _of(found: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: found.get(name) for name in names}
