"""docs/llm-review.md names every code there is, and no other."""

import re
from pathlib import Path

import pytest

from prism_site.policy.schemas.reviews import LlmReviewPolicy
from reviews.llm import client, gate
from reviews.llm.errors import AnswerMalformed, LlmUnavailable
from reviews.llm.review import longest_seconds

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/llm-review.md").read_text()


def test_every_error_code_is_explained() -> None:
    _, _, table = DOCUMENT.partition("| error code |")
    explained = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))
    assert explained == {
        e.code for e in [*LlmUnavailable.__subclasses__(), *AnswerMalformed.__subclasses__()]
    }


def test_every_finding_code_is_explained() -> None:
    source = Path(str(gate.__file__)).read_text()
    assert set(re.findall(r"\| `((?:llm|prompt)_[a-z_]+)` \|", DOCUMENT)) == set(
        re.findall(r'"((?:llm|prompt)_[a-z_]+)"', source)
    )


def test_longest_time_is_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LONGEST_WAIT_SECONDS", 10.0)
    policy = LlmReviewPolicy(enabled=True, timeout_seconds=7, max_retries=3)
    assert "2 × ((1 + max_retries) × timeout_seconds + max_retries × 10 s)" in DOCUMENT
    assert longest_seconds(policy) == 2 * ((1 + 3) * 7 + 3 * 10)
