"""The platform's bearer tokens and headers."""

import pytest
from bittensor_wallet import Keypair
from structlog.testing import capture_logs

from prism_site.access.refusals import AccessRefused
from prism_site.access.tokens import check_internal, place_of_bearer, platform_header, verified_hotkey

TOKENS = ("old-token", "new-token")
HOTKEY = Keypair.create_from_uri("//Alice").ss58_address
PREFIXES = ["X-Platform-", "X-Base-", "x-base-"]


@pytest.mark.parametrize(
    ("header", "place"), [("Bearer old-token", 1), ("Bearer new-token", 2), ("bearer new-token", 2)]
)
def test_every_configured_token_is_valid_and_known_by_its_place(header: str, place: int) -> None:
    assert place_of_bearer(header, TOKENS) == place


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
    assert place_of_bearer(header, TOKENS) is None


@pytest.mark.parametrize("tokens", [(), ("",)])
def test_without_tokens_nobody_is_let_in(tokens: tuple[str, ...]) -> None:
    assert place_of_bearer("Bearer ", tokens) is None
    assert place_of_bearer("Bearer x", tokens) is None


def refusal(headers: dict[str, str]) -> tuple[str, int]:
    with pytest.raises(AccessRefused) as refused:
        check_internal(headers, TOKENS)
    return refused.value.code, refused.value.status


def test_internal_call_needs_a_token() -> None:
    check_internal({"Authorization": "Bearer new-token"}, TOKENS)
    assert refusal({"Authorization": "Bearer none"}) == ("internal_auth", 401)
    assert refusal({}) == ("internal_auth", 401)


def test_while_tokens_rotate_the_log_says_which_one_was_used_and_never_what_it_is() -> None:
    with capture_logs() as logged:
        check_internal({"Authorization": "Bearer new-token"}, TOKENS)
        check_internal({"Authorization": "Bearer new-token"}, ("new-token",))
    (entry,) = logged
    assert (entry["event"], entry["place"], entry["accepted"]) == ("shared_token_used", 2, 2)
    assert "new-token" not in str(entry)


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
