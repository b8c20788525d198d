"""What is stored of a conversation: no secret, and nothing that a database cannot hold. Pure."""

import re
from collections.abc import Iterable
from typing import Any

REDACTED = "[redacted]"
MIN_SECRET_CHARACTERS = 6  # a shorter one is no secret, and replacing it would only garble the text
# Key prefixes of well-known services; a bearer token; a JWT; a private key; a password in an address.
# Whatever can fail after a long match is bounded: a gateway may send a megabyte of mere beginnings.
_SECRETS = re.compile(
    r"\bsk-[\w-]{16,}|\b(?:gh[pousr]|github_pat|glpat|xox[abprs]|hf|pypi)[-_][\w-]{16,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\bAIza[\w-]{30,}|(?i:\bbearer\s+)[\w.~+/=-]{8,}"
    r"|\beyJ[\w-]{8,500}\.[\w-]{8,}\.[\w-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=://)[^\s/:@]{0,64}:[^\s/@]{1,128}(?=@)",
    re.DOTALL,
)
_ASSIGNED = re.compile(
    r"""(?i)((?:api[-_]?key|secret|token|passw(?:or)?d|authorization)\\?["']?\s*[:=]\s*)(\\?["'])[\w.~+/=-]{12,}"""
)


def redacted(value: Any, secrets: Iterable[str] = ()) -> Any:
    """`value` (JSON) with every secret in its strings replaced, by its looks or as one of `secrets`."""
    known = sorted({s for s in secrets if len(s) >= MIN_SECRET_CHARACTERS}, key=len, reverse=True)
    return _walk(value, re.compile("|".join(map(re.escape, known))) if known else None)


def _walk(value: Any, known: re.Pattern[str] | None) -> Any:
    if isinstance(value, str):
        return _text(value, known)
    if isinstance(value, dict):
        return {_text(str(key), known): _walk(item, known) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(item, known) for item in value]
    return value


def _text(text: str, known: re.Pattern[str] | None) -> str:
    text = storable(text)
    if known:
        text = known.sub(REDACTED, text)
    return _ASSIGNED.sub(rf"\1\2{REDACTED}", _SECRETS.sub(REDACTED, text))


def storable(text: str) -> str:
    """Without NUL and lone surrogates, which JSON can carry and PostgreSQL refuses to store."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
