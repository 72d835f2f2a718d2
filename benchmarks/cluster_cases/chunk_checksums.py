"""Chunks of a backup are hashed; each call gets its chunk's bytes."""

import hashlib
import random

CHUNKS = 100
CHUNK_BYTES = 4 * 1024 * 1024


def checksum(chunk: bytes) -> str:
    return hashlib.sha3_256(chunk).hexdigest() + hashlib.blake2b(chunk, digest_size=16).hexdigest()


def inputs() -> list[bytes]:
    block = random.Random(3).randbytes(CHUNK_BYTES // 2)
    distinct = [block[shift:] + block[:shift] + block for shift in range(0, 1_000, 100)]
    return [distinct[index % len(distinct)] for index in range(CHUNKS)]  # repeated, to keep the inputs small in memory
