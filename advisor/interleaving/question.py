from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MORE_INPUTS = 8  # than threads, which the search can use


@dataclass(frozen=True, slots=True)
class RaceQuestion:
    """A search for races between concurrent calls.

    Args:
        target: The function, as `advisor.target.loader` takes it: 'my_module:func', 'path/to/file.py:func'.
        inputs: The arguments of the calls, as `--inputs` takes them; None for calls without arguments.
        star: Spread tuples, lists and dictionaries of the inputs into arguments.
        threads: The number of calls that run at once.
        seconds: Limit for the whole search.
        seed: Seed of the random part of the search; None is 0.
        replay: The seed of a finding, to show only its interleaving.
        pickled: The function and its calls, pickled by value, instead of `target` and `inputs`.
        sources: Source text by file, which is imported instead of the file's own.
    """

    target: str
    inputs: str | None = None
    star: bool = False
    threads: int = 2
    seconds: float = 20.0
    seed: int | None = None
    replay: int | None = None
    pickled: bytes | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
