"""Count the pieces of native memory that a result is made of, such as the nodes of a parsed document.

A pool's thread allocates them in an arena of the C library. The main thread, which drops the result, frees them into
the same arena while the thread allocates new ones, and both need the arena's lock. Nothing counts the pieces, so their
number is inferred from how long it takes to free them.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from statistics import median
from time import thread_time
from typing import Any

# glibc 2.36: each of 44,000 nodes of lxml's trees took 9 to 10 ns, up to 13 on a busy host; each of 4,000 `bytes`
# objects 70 ns.
_PIECE_SECONDS = 9.5e-9
_OBJECT_SECONDS = 60e-9
_PIECE_BYTES = 90  # on average


def pieces_per_result(results: list[Any]) -> float | None:
    """Empty the list of results and return the median number of native pieces that freeing one of them released.

    Results with other references are not freed and count as none. None where the C library does not report what it
    has allocated (glibc does since 2.33).
    """
    allocated_bytes = _allocated_bytes()
    if allocated_bytes is None or not results:
        return None
    found = []
    while results:
        blocks, allocated = sys.getallocatedblocks(), allocated_bytes()
        began = thread_time()
        results.pop()
        seconds = thread_time() - began
        blocks, allocated = blocks - sys.getallocatedblocks(), allocated - allocated_bytes()
        native = max(0.0, seconds - _OBJECT_SECONDS * max(0, blocks))
        found.append(min(native / _PIECE_SECONDS, max(0, allocated) / _PIECE_BYTES))
    return median(found)


class _Mallinfo2(ctypes.Structure):
    """https://man7.org/linux/man-pages/man3/mallinfo.3.html."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


@cache
def _allocated_bytes() -> Callable[[], int] | None:
    """Return a function for the bytes that are in use, without those in mappings of their own."""
    try:
        mallinfo2 = ctypes.CDLL(None).mallinfo2
    except (OSError, AttributeError, TypeError):  # no such function; Windows takes no None
        return None
    mallinfo2.restype = _Mallinfo2
    return lambda: int(mallinfo2().uordblks)
