"""A running digest over all documents: each answer is the digest so far."""
import hashlib

CHAIN = hashlib.sha256(b"genesis")


def seal(document):
    body = (document * 900).encode()
    for _ in range(20):
        fingerprint = hashlib.blake2b(body).digest()
    CHAIN.update(fingerprint)
    return CHAIN.hexdigest()


def make_inputs():
    return [f"document {n};" for n in range(500)]
