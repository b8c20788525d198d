"""Addresses and signatures, with the wallet that miners use as the other side."""

import pytest
from bittensor_wallet import Keypair
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_site.access import hotkeys
from prism_site.access.refusals import HotkeyMalformed

ALICE = Keypair.create_from_uri("//Alice")
BOB = Keypair.create_from_uri("//Bob")
ADDRESS = ALICE.ss58_address
MESSAGE = b"prism:a:b:c:d"
SIGNATURE = ALICE.sign(MESSAGE).hex()


@pytest.mark.parametrize("uri", ["//Alice", "//Bob", "//Charlie//hot/1"])
def test_address_of_a_wallet_is_read_and_written(uri: str) -> None:
    pair = Keypair.create_from_uri(uri)
    assert hotkeys.decode(pair.ss58_address) == bytes(pair.public_key)
    assert hotkeys.encode(bytes(pair.public_key)) == pair.ss58_address


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32).filter(any))
def test_every_key_has_one_address(key: bytes) -> None:
    assert hotkeys.decode(hotkeys.encode(key)) == key


MALFORMED = {
    "empty": "",
    "word": "alice",
    "last letter changed": ADDRESS[:-1] + ("Z" if ADDRESS[-1] != "Z" else "Y"),
    "case changed": ADDRESS.swapcase(),
    "one letter's case": ADDRESS.replace("G", "g", 1),
    "65 letters": ADDRESS + ADDRESS[:17],
    "too short": ADDRESS[:-1],
    "Cyrillic look-alike": ADDRESS.replace("c", "\u0441", 1),
    "blank in front": " " + ADDRESS,
    "newline behind": ADDRESS + "\n",
    "Polkadot's network": "15oF4uVJwmo4TdGW7VfQxLavjCXviqxT9S1MgbjMNHr6Sp5",
    "hex key": "0x" + bytes(ALICE.public_key).hex(),
    "identity": hotkeys.encode(bytes(32)),
    "not in the alphabet": "0" + ADDRESS[1:],
}


@pytest.mark.parametrize("hotkey", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_address_of_the_network_is_refused(hotkey: str) -> None:
    with pytest.raises(HotkeyMalformed):
        hotkeys.decode(hotkey)


def test_key_of_another_length_has_no_address() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        hotkeys.encode(bytes(31))


def test_signature_of_the_owner_verifies() -> None:
    assert hotkeys.verify(ADDRESS, SIGNATURE, MESSAGE)
    assert hotkeys.verify(ADDRESS, "0x" + SIGNATURE.upper(), MESSAGE)


def test_signature_over_wrapped_bytes_verifies() -> None:
    wrapped = ALICE.sign(b"<Bytes>" + MESSAGE + b"</Bytes>").hex()
    assert hotkeys.verify(ADDRESS, wrapped, MESSAGE)


def test_signature_of_another_key_or_message_does_not_verify() -> None:
    assert not hotkeys.verify(BOB.ss58_address, SIGNATURE, MESSAGE)
    assert not hotkeys.verify(ADDRESS, SIGNATURE, MESSAGE + b" ")


@pytest.mark.parametrize("position", [0, 31, 32, 62, 63])
def test_signature_with_any_byte_changed_does_not_verify(position: int) -> None:
    raw = bytearray.fromhex(SIGNATURE)
    raw[position] ^= 1
    assert not hotkeys.verify(ADDRESS, raw.hex(), MESSAGE)


@pytest.mark.parametrize(
    "signature",
    [
        "00" * 64,
        "00" * 63 + "80",
        "ff" * 64,
        "00" * 32 + SIGNATURE[64:],
        "",
        SIGNATURE[:-2],
        SIGNATURE + "00",
    ],
)
def test_forged_signature_does_not_verify(signature: str) -> None:
    assert not hotkeys.verify(ADDRESS, signature, MESSAGE)


def test_nobody_can_sign_for_the_identity() -> None:
    with pytest.raises(HotkeyMalformed):
        hotkeys.verify(hotkeys.encode(bytes(32)), "00" * 63 + "80", MESSAGE)
