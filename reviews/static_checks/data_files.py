"""Files of a bundle that are no source: what a model could be brought along in."""

import re
from collections.abc import Iterator, Mapping

from reviews.ladder import Finding
from reviews.static_checks.constants import RANDOM_BYTES, random_bytes
from reviews.static_checks.rules import BY_ID

LARGE_BYTES = 16_384
MANY_NUMBERS = 512
RULE = "opaque_data"
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
_CODE = (".py", ".md")  # source has rules of its own; documentation may be long, but must look like prose


def data_findings(files: Mapping[str, bytes], *, tokenizer: str) -> list[Finding]:
    """A finding for every file that is too much to be settings; the declared tokenizer is data by contract.

    Files are small here (`artifact_limits`) and known to be UTF-8.
    """
    return [
        _finding(name, why)
        for name, raw in sorted(files.items())
        if not name.endswith(".py") and name != tokenizer
        for why in list(_reasons(name, raw))[:1]
    ]


def _reasons(name: str, raw: bytes) -> Iterator[str]:
    text = raw.decode("utf-8", "replace")
    if not name.endswith(_CODE) and len(raw) > LARGE_BYTES:
        yield f"{len(raw)} bytes"
    if (unread := random_bytes(text)) > RANDOM_BYTES:
        yield f"{unread} bytes that look random"
    if (numbers := len(_NUMBER.findall(text))) > MANY_NUMBERS:
        yield f"{numbers} numbers"


def _finding(name: str, why: str) -> Finding:
    rule = BY_ID[RULE]
    return Finding(
        code=rule.id,
        outcome=rule.outcome,
        message=f"{rule.reason} ({why})",
        file=name,
        category=rule.category,
    )
