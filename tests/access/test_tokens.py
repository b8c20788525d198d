"""The platform's bearer tokens and headers."""

import pytest
from bittensor_wallet import Keypair

from prism_site.access.refusals import AccessRefused
from prism_site.access.tokens import bearer_is_valid, check_internal, platform_header, verified_hotkey

TOKENS = ("old-token", "new-token")
HOTKEY = Keypair.create_from_uri("//Alice").ss58_address
PREFIXES = ["X-Platform-", "X-Base-", "x-base-"]


@pytest.mark.parametrize("header", ["Bearer old-token", "Bearer new-token", "bearer new-token"])
def test_every_configured_token_is_valid(header: str) -> None:
    assert bearer_is_valid(header, TOKENS)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "old-token",
        "Basic old-token",
        "Bearer old-token ",
        "Bearer old",
        "Bearer \udcff",
    ],
)
def test_anything_else_is_not(header: str | None) -> None:
    assert not bearer_is_valid(header, TOKENS)


@pytest.mark.parametrize("tokens", [(), ("",)])
def test_without_tokens_nobody_is_let_in(tokens: tuple[str, ...]) -> None:
    assert not bearer_is_valid("Bearer ", tokens)
    assert not bearer_is_valid("Bearer x", tokens)


def refusal(headers: dict[str, str]) -> tuple[str, int]:
    with pytest.raises(AccessRefused) as refused:
        check_internal(headers, TOKENS)
    return refused.value.code, refused.value.status


def test_internal_call_needs_a_token() -> None:
    check_internal({"Authorization": "Bearer new-token"}, TOKENS)
    assert refusal({"Authorization": "Bearer none"}) == ("internal_auth", 401)
    assert refusal({}) == ("internal_auth", 401)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_slug_is_checked_where_sent(prefix: str) -> None:
    headers = {"Authorization": "Bearer new-token"}
    check_internal(headers | {f"{prefix}Challenge-Slug": "prism"}, TOKENS)
    assert refusal(headers | {f"{prefix}Challenge-Slug": "other"}) == ("challenge_slug_mismatch", 403)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_verified_hotkey_comes_under_either_prefix(prefix: str) -> None:
    assert verified_hotkey({f"{prefix}Verified-Hotkey": HOTKEY}) == HOTKEY


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "auth_header_missing"),
        ({"X-Hotkey": HOTKEY}, "auth_header_missing"),
        ({"X-Base-Verified-Hotkey": "alice"}, "hotkey_malformed"),
        ({"X-Base-Verified-Hotkey": HOTKEY, "X-Platform-Verified-Hotkey": "alice"}, "duplicate_header"),
    ],
)
def test_bad_verified_hotkey_is_refused(headers: dict[str, str], code: str) -> None:
    with pytest.raises(AccessRefused) as refused:
        verified_hotkey(headers)
    assert refused.value.code == code


def test_both_prefixes_may_agree() -> None:
    assert platform_header({"X-Base-Name": "a", "X-Platform-Name": "a"}, "name") == "a"
