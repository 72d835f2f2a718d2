"""Cryptographic operations of hashlib, which releases the GIL for blobs above 2,047 bytes and for key derivation."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from profiles import scratch

BACKUP_KEY: Final = hashlib.sha256(b"a password").digest()


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


def check_backup(path: str) -> int:
    """Decrypt a backup piece by piece, by AES-GCM, which fails unless every byte is authentic; return its size."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    size = 0
    with Path(path).open("rb") as backup:
        nonce, tag = backup.read(12), backup.read(16)
        decryptor = Cipher(algorithms.AES(BACKUP_KEY), modes.GCM(nonce, tag)).decryptor()
        while piece := backup.read(65_536):
            size += len(decryptor.update(piece))
        decryptor.finalize()
    return size


def check_backup_inputs() -> Iterator[str]:
    """5 backups of 4 MiB, four times over."""
    for index in range(20):
        yield backup_file(index % 5)


def backup_file(number: int) -> str:
    """Nonce, tag and content."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    path = scratch.folder() / f"backup-{number}.sealed"
    if not path.exists():
        nonce = number.to_bytes(12)
        sealed = AESGCM(BACKUP_KEY).encrypt(nonce, bytes([number]) * (4 << 20), None)
        path.write_bytes(nonce + sealed[-16:] + sealed[:-16])
    return str(path)


def sign_document(document: bytes) -> bytes:
    """An Ed25519 signature, less than a tenth of a millisecond."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"a seed").digest()).sign(document)


def sign_document_inputs() -> Iterator[bytes]:
    """200 short documents."""
    for index in range(200):
        yield f"document {index} is approved".encode() * 8
