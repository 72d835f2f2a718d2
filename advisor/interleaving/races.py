from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from advisor.interleaving.by_value import functions_of, pickle_by_value
from advisor.interleaving.mend import with_mend
from advisor.interleaving.question import RaceQuestion
from advisor.interleaving.search import find_races
from advisor.models.race_report import RaceReport


def races(
    function: Callable[..., Any],
    inputs: Iterable[Any] | None = None,
    *,
    threads: int = 2,
    seconds: float = 20.0,
    seed: int | None = None,
    star: bool = False,
) -> RaceReport:
    """Search for races and deadlocks between concurrent calls of a function.

    The function is imported anew in another process, where the calls run in many interleavings; what differs from the
    calls one after the other, in every order, is a race. What the search leaves of its time is used to find a lock that
    fixes it.

    Args:
        function: The function.
        inputs: The arguments of the calls; None for a function without arguments.
        threads: The number of calls that run at once.
        seconds: Limit for the search.
        seed: Seed of the random part of the search.
        star: Spread tuples, lists and dictionaries of the inputs into arguments.
    """
    listed = None if inputs is None else list(inputs)
    pickled = pickle_by_value(function, listed, star)
    target = f"{getattr(function, '__module__', '?')}:{getattr(function, '__qualname__', repr(function))}"
    question = RaceQuestion(
        target, threads=threads, seconds=seconds, seed=seed, pickled=pickled, sources=_sources(function)
    )
    return with_mend(question, find_races(question))


def _sources(function: Callable[..., Any]) -> dict[str, str]:
    """Return the texts of cells and the like, which this process alone has."""
    files = {each.__code__.co_filename for each in functions_of(function)}
    return {file: text for file in files if not Path(file).exists() and (text := "".join(linecache.getlines(file)))}
