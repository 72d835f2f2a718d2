"""Keep the plain loop's results in a file, so that other runs can compare their results.

Results are pickled in chunks, in random order: what does not fit into the file or the time is a sample left out. Both
sides of a comparison went through pickle, so what an object does not pickle makes no difference.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from advisor.run.equality import Comparison

MAX_BYTES = 64 * 2**20  # of the file
MAX_PICKLE = 8 * 2**20  # of a chunk; once the file is full, larger chunks are kept as digests
SECONDS = 1.0  # for writing, and for comparing
_SMALL = 4096  # bytes of a result; smaller ones are pickled many at a time
_CHUNK = 256


def write(results: Sequence[Any], path: Path) -> None:
    """Write as many picklable results as the file's size and the time allow."""
    deadline = time.perf_counter() + SECONDS
    size = 0
    with path.open("wb") as file:
        for start, stop in _chunks(results):
            blob = _pickled(results[start:stop], max(MAX_PICKLE, MAX_BYTES - size))
            if blob is None:
                continue
            if size + len(blob) > MAX_BYTES or time.perf_counter() > deadline:
                break
            pickle.dump((start, stop, blob), file)
            size += len(blob)


def compare(results: Sequence[Any], path: Path) -> Comparison:
    """Compare results with those in the file, call by call, as far as the time allows."""
    comparison = Comparison()
    only_in_part = unknown = False
    deadline = time.perf_counter() + SECONDS
    with path.open("rb") as file:
        for start, stop, blob in _read(file):
            own = _pickled(results[start:stop], 0 if isinstance(blob, Digest) else MAX_BYTES)
            if own is None:
                comparison.uncomparable.add("")
            elif own == blob:
                comparison.calls += stop - start
                comparison.parts.add("")
            elif isinstance(own, Digest):
                unknown = True
            else:
                _compare_chunk(comparison, start, blob, own, deadline)
                only_in_part = True
            if time.perf_counter() > deadline:
                break
    if unknown and not only_in_part:  # no rounding or time stamp explains why the digests differ
        comparison.uncomparable.add("")
    return comparison


def _compare_chunk(comparison: Comparison, start: int, blob: bytes, own: bytes, deadline: float) -> None:
    """Compare results one by one until the deadline; a run that was cut off has a shorter list."""
    try:
        expected, actual = pickle.loads(blob), pickle.loads(own)
    except Exception:  # noqa: BLE001  (whatever unpickling a user's object raises)
        comparison.uncomparable.add("")
        return
    for index, pair in enumerate(zip(expected, actual, strict=False), start + 1):
        # Loading may have taken all of the time; the first result is compared nevertheless.
        ends = deadline if comparison.calls else time.perf_counter() + SECONDS
        comparison.add(*pair, f"call {index}", ends)
        if time.perf_counter() > deadline:
            break


def _chunks(results: Sequence[Any]) -> list[tuple[int, int]]:
    first = _pickled(results[:1], _SMALL)
    step = _CHUNK if first is not None and not isinstance(first, Digest) else 1
    chunks = [(start, min(start + step, len(results))) for start in range(0, len(results), step)]
    random.Random(0).shuffle(chunks)
    return chunks


def _pickled(results: Sequence[Any], longest: int) -> bytes | None:
    """Return the pickle of the results, or its digest if it is longer; None if they cannot be pickled."""
    sink = _Sink(longest)
    try:
        pickle.Pickler(sink, pickle.HIGHEST_PROTOCOL).dump(results)
    except Exception:  # noqa: BLE001  (whatever pickling a user's object raises)
        return None
    return sink.value()


class Digest(bytes):
    """The hash of a pickle, in its place."""


class _Sink:
    """A file that keeps what is written to it as long as that is short, and its digest beyond."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._hash = hashlib.blake2b()
        self._blocks: list[bytes] | None = []
        self._size = 0

    def write(self, block: Any) -> int:
        size = memoryview(block).nbytes
        self._hash.update(block)
        self._size += size
        if self._size > self._longest:
            self._blocks = None
        elif self._blocks is not None:
            self._blocks.append(bytes(block))
        return size

    def value(self) -> bytes:
        return Digest(self._hash.digest()) if self._blocks is None else b"".join(self._blocks)


def _read(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    with contextlib.suppress(EOFError, pickle.UnpicklingError):  # the last chunk may be cut off
        while True:
            yield pickle.load(file)
