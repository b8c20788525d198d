"""The headers of an upload: each way they can be wrong, and its code."""

import hashlib
import logging
from dataclasses import replace

import pytest
from bittensor_wallet import Keypair

from prism_site.access import signatures
from prism_site.access.refusals import AccessRefused
from prism_site.access.signatures import UploadHeaders, canonical_message, hmac_signature

ALICE = Keypair.create_from_uri("//Alice")
BOB = Keypair.create_from_uri("//Bob")
NOW, TTL = 1_900_000_000, 300
BODY = hashlib.sha256(b"the body").hexdigest()
TOKENS = ("first-token", "second-token")


def signed(
    pair: Keypair = ALICE, *, nonce: str = "n-1", timestamp: int = NOW, body: str = BODY
) -> dict[str, str]:
    message = canonical_message(pair.ss58_address, nonce, timestamp, body)
    return {
        "X-Hotkey": pair.ss58_address,
        "X-Signature": pair.sign(message).hex(),
        "X-Nonce": nonce,
        "X-Timestamp": str(timestamp),
    }


def check(headers: dict[str, str], *, now: float = NOW, insecure: bool = False) -> None:
    signatures.check(
        UploadHeaders.parse(headers),
        body_sha256=BODY,
        now=now,
        ttl_seconds=TTL,
        shared_tokens=TOKENS,
        allow_insecure=insecure,
    )


def code_of(headers: dict[str, str], *, now: float = NOW, insecure: bool = False) -> str:
    with pytest.raises(AccessRefused) as refused:
        check(headers, now=now, insecure=insecure)
    return refused.value.code


def hmac_headers(token: str) -> dict[str, str]:
    headers = signed()
    message = canonical_message(ALICE.ss58_address, "n-1", NOW, BODY)
    return headers | {"X-Signature": hmac_signature(token, message)}


def test_message_is_the_documented_one() -> None:
    assert canonical_message("5Abc", "n", 1_700_000_000, "00ff") == b"prism:5Abc:n:1700000000:00ff"


def test_upload_signed_by_a_wallet_passes() -> None:
    check(signed())
    check(signed() | {"X-Signature-Scheme": "sr25519"})


def test_names_of_headers_have_no_case() -> None:
    headers = signed()
    for spelled in (str.upper, str.lower):
        sent = {spelled(name): value for name, value in headers.items()}
        assert UploadHeaders.parse(sent) == UploadHeaders.parse(headers)


@pytest.mark.parametrize("name", ["X-Hotkey", "X-Signature", "X-Nonce", "X-Timestamp"])
def test_every_header_is_required(name: str) -> None:
    headers = signed()
    assert code_of(headers | {name: ""}) == "auth_header_missing"
    del headers[name]
    assert code_of(headers) == "auth_header_missing"


@pytest.mark.parametrize("name", ["X-Hotkey", "X-Signature", "X-Nonce", "X-Timestamp"])
def test_header_given_twice_is_refused(name: str) -> None:
    headers = signed()
    assert code_of(headers | {name: f"{headers[name]},{headers[name]}"}) == "duplicate_header"
    assert code_of(headers | {name.replace("-", "_"): headers[name]}) == "duplicate_header"


@pytest.mark.parametrize("hotkey", ["alice", ALICE.ss58_address.lower(), ALICE.ss58_address + "1"])
def test_hotkey_must_be_an_address(hotkey: str) -> None:
    assert code_of(signed() | {"X-Hotkey": hotkey}) == "hotkey_malformed"


@pytest.mark.parametrize(
    "signature",
    ["ab", "zz" * 64, "ab" * 63, "ab" * 65, "0X" + "ab" * 64, "ab " * 64, "ab" * 63 + "a\n", "a" * 127],
)
def test_signature_must_be_hexadecimal(signature: str) -> None:
    assert code_of(signed() | {"X-Signature": signature}) == "signature_malformed"


@pytest.mark.parametrize("nonce", ["n" * 65, "n n", "n.1", "n\0", "n\n", "\u00f1", "n/../m"])
def test_nonce_has_a_small_alphabet(nonce: str) -> None:
    assert code_of(signed() | {"X-Nonce": nonce}) == "nonce_malformed"


@pytest.mark.parametrize(
    "timestamp",
    ["1_700_000_000", " 1700000000", "1700000000\n", "+1700000000", "\uff11\uff17" * 5, "\u0663" * 10, "1e9",
     "-1", "-170000000", "9" * 5000, "1700000000.0", "NaN", "0x17000000", "170000000"],
)  # fmt: skip
def test_timestamp_is_ten_digits(timestamp: str) -> None:
    assert code_of(signed() | {"X-Timestamp": timestamp}) == "timestamp_malformed"


def test_timestamp_lives_for_the_ttl() -> None:
    check(signed(), now=NOW + TTL)
    assert code_of(signed(), now=NOW + TTL + 1) == "timestamp_stale"


def test_clock_of_the_sender_may_be_half_a_minute_ahead() -> None:
    check(signed(), now=NOW - 30)
    assert code_of(signed(), now=NOW - 31) == "timestamp_future"


def test_clock_is_read_before_the_signature() -> None:
    forged = signed() | {"X-Signature": "ab" * 64}
    assert code_of(forged, now=NOW + TTL + 1) == "timestamp_stale"
    assert code_of(forged) == "signature_invalid"


@pytest.mark.parametrize(
    "other",
    [
        signed(body=hashlib.sha256(b"another body").hexdigest()),
        signed() | {"X-Nonce": "n-2"},
        signed() | {"X-Timestamp": str(NOW - 1)},
        signed() | {"X-Hotkey": BOB.ss58_address},
        signed() | {"X-Signature": "00" * 64},
    ],
    ids=["body", "nonce", "timestamp", "hotkey", "zero"],
)
def test_signature_is_over_everything(other: dict[str, str]) -> None:
    assert code_of(other) == "signature_invalid"


def test_signature_of_another_domain_is_refused() -> None:
    message = canonical_message(ALICE.ss58_address, "n-1", NOW, BODY).replace(b"prism:", b"checkpoint:")
    assert code_of(signed() | {"X-Signature": ALICE.sign(message).hex()}) == "signature_invalid"


@pytest.mark.parametrize("scheme", ["ed25519", "SR25519", "none", ""])
def test_unknown_scheme_is_refused(scheme: str) -> None:
    assert code_of(signed() | {"X-Signature-Scheme": scheme}) == "signature_scheme_unknown"


@pytest.mark.parametrize("token", TOKENS)
def test_hmac_passes_loudly_where_allowed(token: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        check(hmac_headers(token), insecure=True)
        check(hmac_headers(token) | {"X-Signature-Scheme": "hmac-sha256"}, insecure=True)
    assert caplog.text.count("PRISM_ALLOW_INSECURE_SIGNATURES") == 2


def test_hmac_is_refused_where_not_allowed() -> None:
    headers = hmac_headers(TOKENS[0])
    assert code_of(headers) == "signature_malformed"
    assert code_of(headers | {"X-Signature-Scheme": "hmac-sha256"}) == "signature_scheme_unknown"


def test_hmac_under_another_token_is_refused() -> None:
    assert code_of(hmac_headers("third-token"), insecure=True) == "signature_invalid"


def test_hmac_needs_a_token() -> None:
    headers = UploadHeaders.parse(hmac_headers(""))
    for tokens in ((), ("",)):
        with pytest.raises(AccessRefused) as refused:
            signatures.check(
                headers, body_sha256=BODY, now=NOW, ttl_seconds=TTL, shared_tokens=tokens, allow_insecure=True
            )
        assert refused.value.code == "signature_invalid"


def test_wallet_still_passes_where_hmac_is_allowed() -> None:
    check(signed(), insecure=True)
    forged = replace(UploadHeaders.parse(signed()), nonce="n-9")
    with pytest.raises(AccessRefused):
        signatures.check(forged, body_sha256=BODY, now=NOW, ttl_seconds=TTL, allow_insecure=True)
