"""Hotkeys: SS58 addresses, and the sr25519 signatures made with them.

SS58: https://docs.polkadot.com/polkadot-protocol/parachain-basics/accounts (type 42, 32-byte keys, 2-byte
checksum). sr25519: Schnorr signatures over ristretto255, whose only key of small order is the identity.
"""

import hashlib
import re

import base58
import sr25519

from prism_site.access.refusals import HotkeyMalformed

NETWORK = 42
KEY_BYTES = 32

_CHECKSUM_BYTES = 2
_ADDRESS = re.compile(r"[1-9A-HJ-NP-Za-km-z]{46,49}")
_SIGNATURE = re.compile(r"(?:0x)?([0-9a-fA-F]{128})")
_IDENTITY = bytes(KEY_BYTES)


def decode(hotkey: str) -> bytes:
    """The 32-byte public key of an SS58 address.

    Raises:
        HotkeyMalformed: alphabet, length, network, checksum, or the identity as key (anyone can sign for it).
    """
    if not _ADDRESS.fullmatch(hotkey):
        raise HotkeyMalformed
    raw = base58.b58decode(hotkey)
    key, checksum = raw[1:-_CHECKSUM_BYTES], raw[-_CHECKSUM_BYTES:]
    if len(key) != KEY_BYTES or raw[0] != NETWORK or checksum != _checksum(raw[:-_CHECKSUM_BYTES]):
        raise HotkeyMalformed
    if key == _IDENTITY:
        raise HotkeyMalformed
    return key


def encode(key: bytes) -> str:
    """The SS58 address of a 32-byte public key."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a public key has {KEY_BYTES} bytes, not {len(key)}")
    payload = bytes([NETWORK]) + key
    return base58.b58encode(payload + _checksum(payload)).decode("ascii")


def _checksum(payload: bytes) -> bytes:
    return hashlib.blake2b(b"SS58PRE" + payload).digest()[:_CHECKSUM_BYTES]


def signature_bytes(signature_hex: str) -> bytes | None:
    """The 64 bytes of a signature in hex (`0x` allowed in front), or None.

    `bytes.fromhex` alone would accept blanks and newlines.
    """
    found = _SIGNATURE.fullmatch(signature_hex)
    return bytes.fromhex(found[1]) if found else None


def verify(hotkey: str, signature_hex: str, message: bytes) -> bool:
    """Whether the owner of `hotkey` signed `message`, as raw bytes or wrapped in `<Bytes>` as wallets do.

    Raises:
        HotkeyMalformed: the address is none.
    """
    key = decode(hotkey)
    signature = signature_bytes(signature_hex)
    if signature is None or signature[:KEY_BYTES] == _IDENTITY:
        return False
    return any(_verify(signature, signed, key) for signed in (message, b"<Bytes>" + message + b"</Bytes>"))


def _verify(signature: bytes, message: bytes, key: bytes) -> bool:
    try:
        return bool(sr25519.verify(signature, message, key))
    except ValueError:  # not a point of the curve, not a scalar
        return False
