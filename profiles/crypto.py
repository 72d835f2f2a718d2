"""Cryptographic operations of hashlib, which releases the GIL for blobs above 2,047 bytes and for key derivation."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator


def fingerprint(blob: bytes) -> str:
    """SHA-256 of a large blob: threads share it as it is, a process pool has to send it through a pipe."""
    return hashlib.sha256(blob).hexdigest()


def fingerprint_inputs() -> Iterator[bytes]:
    """8 blobs of 8 MiB."""
    for index in range(8):
        yield bytes([index]) * (8 << 20)


def derive_key(password: str) -> str:
    """A key from a password, by PBKDF2."""
    return hashlib.pbkdf2_hmac("sha256", password.encode(), b"a grain of salt", 30_000).hex()


def derive_key_inputs() -> Iterator[str]:
    """100 passwords."""
    for index in range(100):
        yield f"correct horse {index}"


def stretch_key(password: str) -> str:
    """A key from a password, by scrypt: 8 MiB of memory in random order at each call."""
    return hashlib.scrypt(password.encode(), salt=b"a grain of salt", n=1 << 13, r=8, p=1).hex()


def stretch_key_inputs() -> Iterator[str]:
    """100 passwords."""
    yield from derive_key_inputs()


def sign_messages(key: str) -> str:
    """HMACs of 1,500 short messages: too short for the GIL to be released."""
    signature = b""
    for index in range(1_500):
        signature = hmac.digest(key.encode(), signature + index.to_bytes(4), "sha256")
    return signature.hex()


def sign_messages_inputs() -> Iterator[str]:
    """100 keys."""
    for index in range(100):
        yield f"key {index}"
