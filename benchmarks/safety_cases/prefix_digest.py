"""Signatures that begin with the same long prefix: its hash is copied, not continued."""
import hashlib

PREFIX = hashlib.sha256(b"terms and conditions " * 5000)


def sign(document):
    digest = PREFIX.copy()
    for part in range(1500):
        digest.update(f"{document}/{part}".encode())
    return digest.hexdigest()


def make_inputs():
    return range(600)
