"""Keep random numbers random: each schedule gets others, so that what depends on them is known to vary.

A fork has the same generators as the process that it comes from. Those that the target seeded stay as they are.
"""

from __future__ import annotations

import random
import sys
import weakref
from typing import Any

_unseeded: weakref.WeakSet[random.Random] = weakref.WeakSet()


def watch_generators() -> None:
    """Note from now on which generators are made without a seed."""
    original = random.Random.seed

    def seed(self: random.Random, a: Any = None, *arguments: Any, **options: Any) -> None:
        original(self, a, *arguments, **options)
        if a is None:
            _unseeded.add(self)
        else:
            _unseeded.discard(self)

    random.Random.seed = seed  # type: ignore[method-assign]


def seed_anew() -> None:
    """Seed the generators that have no seed of the target's, and those of the modules."""
    random.seed()
    for generator in list(_unseeded):
        generator.seed()
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()


def states() -> list[Any]:
    """Return the states of these generators, which tell whether they were used."""
    return [random.getstate(), *(generator.getstate() for generator in _unseeded)]
