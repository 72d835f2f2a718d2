"""Compressing with the standard library and Zstandard, which release the GIL while they do."""

from __future__ import annotations

import bz2
import functools
import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path

from profiles import scratch, server
from profiles.files import log_text


def deflate(path: str) -> int:
    """The size of a file after zlib."""
    return len(zlib.compress(Path(path).read_bytes(), 6))


def deflate_inputs() -> Iterator[str]:
    """5 logs of 375 kB, ten times over."""
    for index in range(50):
        yield scratch.file(f"compress-{index % 5}.log", functools.partial(log_text, 5_000, index % 5))


def pack_bz2(path: str) -> int:
    """The size of a file after bzip2."""
    return len(bz2.compress(Path(path).read_bytes(), 9))


def pack_bz2_inputs() -> Iterator[str]:
    """5 logs of 150 kB, four times over."""
    for index in range(20):
        yield scratch.file(f"compress-small-{index % 5}.log", functools.partial(log_text, 2_000, index % 5))


def pack_lzma(path: str) -> int:
    """The size of a file after LZMA."""
    return len(lzma.compress(Path(path).read_bytes(), preset=3))


def pack_lzma_inputs() -> Iterator[str]:
    """5 logs of 150 kB, four times over."""
    yield from pack_bz2_inputs()


def pack_zstd(path: str) -> int:
    """The size of a file after Zstandard."""
    import zstandard

    return len(zstandard.ZstdCompressor(level=9).compress(Path(path).read_bytes()))


def pack_zstd_inputs() -> Iterator[str]:
    """5 logs of 375 kB, ten times over."""
    yield from deflate_inputs()


def gzip_message(message: bytes) -> bytes:
    """A message as an HTTP server sends it: zlib releases the GIL, for some microseconds at a time."""
    return gzip.compress(message, 6, mtime=0)


def gzip_message_inputs() -> Iterator[bytes]:
    """200 JSON documents of about a kilobyte."""
    for index in range(200):
        yield server.items(8 + index % 5)
