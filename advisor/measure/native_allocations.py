"""Pieces of native memory that a result is made of: nodes of a parsed document, say.

A pool's thread takes them from an arena of the C library, and the main thread, which drops the result, gives them back
to that arena while the thread takes new ones: both pull at the arena's lock. Nothing counts them, so they are told by
how long it takes to give them back.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from statistics import median
from time import thread_time
from typing import Any

# Of glibc 2.36: each of 44,000 nodes of lxml's trees took 9 to 10 ns, up to 13 on a busy host; each of 4,000 `bytes`
# objects 70 ns.
_PIECE_SECONDS = 9.5e-9
_OBJECT_SECONDS = 60e-9
_SMALL_PIECE = 90  # bytes, on average


def pieces(results: list[Any]) -> float | None:
    """Drops the results, which nobody else has, and says how many pieces of native memory each of them gave back.

    None where the C library does not tell what it has given away (it is glibc since 2.33 that does).
    """
    given_away = _given_away()
    if given_away is None or not results:
        return None
    found = []
    while results:
        blocks, held = sys.getallocatedblocks(), given_away()
        began = thread_time()
        results.pop()
        seconds = thread_time() - began
        blocks, held = blocks - sys.getallocatedblocks(), held - given_away()
        native = max(0.0, seconds - _OBJECT_SECONDS * max(0, blocks))
        found.append(min(native / _PIECE_SECONDS, max(0, held) / _SMALL_PIECE))
    return median(found)


class _Mallinfo2(ctypes.Structure):
    """What glibc tells of its arenas: https://man7.org/linux/man-pages/man3/mallinfo.3.html"""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


@cache
def _given_away() -> Callable[[], int] | None:
    """The bytes in pieces that are in use, those with pages of their own left out."""
    try:
        mallinfo2 = ctypes.CDLL(None).mallinfo2
    except (OSError, AttributeError, TypeError):  # no such function; Windows takes no None
        return None
    mallinfo2.restype = _Mallinfo2
    return lambda: int(mallinfo2().uordblks)
