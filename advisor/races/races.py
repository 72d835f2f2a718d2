from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from advisor.models.race_report import RaceReport
from advisor.races.question import RaceQuestion
from advisor.races.search import find_races


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
    calls one after the other, in every order, is a race.

    Args:
        function: The function.
        inputs: The arguments of the calls; None for a function without arguments.
        threads: The number of calls that run at once.
        seconds: Limit for the search.
        seed: Seed of the random part of the search.
        star: Spread tuples, lists and dictionaries of the inputs into arguments.
    """
    import cloudpickle

    listed = None if inputs is None else list(inputs)
    pickled = cloudpickle.dumps((function, listed, star))
    target = f"{getattr(function, '__module__', '?')}:{getattr(function, '__qualname__', repr(function))}"
    return find_races(
        RaceQuestion(target, threads=threads, seconds=seconds, seed=seed, pickled=pickled, sources=_sources(function))
    )


def _sources(function: Callable[..., Any]) -> dict[str, str]:
    """Return the text of a function that was typed into an interpreter, whose process alone has it."""
    try:
        file = inspect.getfile(function)
        return {file: inspect.getsource(inspect.getmodule(function) or function)} if file.startswith("<") else {}
    except (OSError, TypeError):
        return {}
