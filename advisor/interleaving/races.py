from __future__ import annotations

import dataclasses
import linecache
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from advisor.errors import UsageError
from advisor.interleaving.by_value import functions_of, pickle_by_value
from advisor.interleaving.callables import qualified_name
from advisor.interleaving.mend import with_mend
from advisor.interleaving.question import MORE_INPUTS, RaceQuestion
from advisor.interleaving.search import check, find_races
from advisor.models.race_report import RaceReport


def races(
    function: Callable[..., Any],
    inputs: Iterable[Any] | None = None,
    *,
    threads: int = 2,
    seconds: float = 20.0,
    seed: int | None = None,
    replay: int | None = None,
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
        replay: The seed of a finding, to run only its interleaving, without a search for a mend.
        star: Spread tuples, lists and dictionaries of the inputs into arguments.

    Raises:
        UsageError: The question is wrong.
        TargetError: The function fails by itself.
    """
    question = RaceQuestion(
        _name(function), threads=threads, seconds=seconds, seed=seed, replay=replay, sources=_sources(function)
    )
    check(question)
    listed = None if inputs is None else list(islice(inputs, threads + MORE_INPUTS))
    question = dataclasses.replace(question, pickled=pickle_by_value(function, listed, star))
    report = find_races(question)
    return report if replay is not None else with_mend(question, report)


def _name(function: Callable[..., Any]) -> str:
    """Return the text that names a function; refuse what is none."""
    if isinstance(function, str):
        raise UsageError(
            f"races takes a function, not a text: import it, or run `advise races {function}`", field="function"
        )
    if not callable(function):
        raise UsageError(f"races takes a function, not {type(function).__qualname__!r}", field="function")
    return qualified_name(function)


def _sources(function: Callable[..., Any]) -> dict[str, str]:
    """Return the texts of cells and the like, which this process alone has."""
    files = {each.__code__.co_filename for each in functions_of(function)}
    return {file: text for file in files if not Path(file).exists() and (text := "".join(linecache.getlines(file)))}
