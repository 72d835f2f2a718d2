"""Room for the deep syntax trees of long expressions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

DEEP = 20_000  # calls; an expression of a thousand operators is a thousand nodes deep


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Raise the limit of recursion within the block."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEEP))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
