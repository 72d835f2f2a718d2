"""Passwords are stretched into keys with PBKDF2, which releases the GIL."""

import hashlib

ACCOUNTS = 60
ROUNDS = 150_000


def derive(password: str, salt: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS).hex()


def inputs() -> list[tuple[str, bytes]]:
    return [(f"correct horse {number}", number.to_bytes(16, "big")) for number in range(ACCOUNTS)]
