"""No secret is stored, nothing that a database refuses, and ordinary source stays as it is."""

import json
from typing import Any

import pytest

from reviews.llm.redact import REDACTED, redacted

SECRETS = [
    "sk-or-v1-0123456789abcdef0123456789abcdef",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "github_pat_11AAAAAAA0aaaaaaaaaaaaaa",
    "hf_AbCdEfGhIjKlMnOpQrStUv",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA-0123456789abcdefghijklmnopqrstu",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIEow",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_what_looks_like_a_secret_goes(secret: str) -> None:
    kept = redacted({"messages": [f"before {secret} after"]})["messages"][0]
    assert secret not in kept
    assert REDACTED in kept
    assert kept.startswith("before ")


@pytest.mark.parametrize(
    "line",
    [
        'api_key = "0123456789abcdef"',
        "API-KEY: '0123456789abcdef'",
        '{"token": "0123456789abcdef"}',
        r"{\"password\": \"0123456789abcdef\"}",
        "Authorization: Bearer 0123456789abcdef",
        "postgres://prism:0123456789abcdef@db/prism",
    ],
)
def test_what_stands_where_secrets_stand_goes(line: str) -> None:
    assert "0123456789abcdef" not in redacted(line)


@pytest.mark.parametrize("field", ["value", "key", "deep"])
def test_known_secret_goes_wherever_it_stands(field: str) -> None:
    secret = "correct horse battery"
    value: Any = {"value": [f"x{secret}x"], "key": {secret: 1}, "deep": {"a": [[{"b": secret}]]}}[field]
    assert secret not in json.dumps(redacted(value, [secret]))


def test_longer_secret_goes_first_and_short_ones_stay() -> None:
    assert redacted("abcdefgh abc", ["abcdef", "abcdefgh", "abc", ""]) == f"{REDACTED} abc"


@pytest.mark.parametrize(
    "line",
    [
        "tokens = tokenizer.encode(text)",
        'token = "<|endoftext|>"',
        "self.key = nn.Linear(dim, dim)",
        "secret = torch.randn(3)",
        "# see https://example.org/a:b@c",
        "x = skip_connection_of_this_block(x)",
    ],
)
def test_ordinary_source_stays(line: str) -> None:
    assert redacted(line) == line


def test_numbers_truth_and_nothing_stay() -> None:
    value = {"a": [1, 2.5, True, None]}
    assert redacted(value) == value


def test_what_postgresql_cannot_store_is_replaced() -> None:
    kept = redacted({"a\0": "b\0 \ud800"})
    assert kept == {"a\ufffd": "b\ufffd ?"}
    assert "\\u0000" not in json.dumps(kept)
