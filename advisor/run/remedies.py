"""Replace what calls share in this process and its forked workers, with the same code that scripts contain."""

from __future__ import annotations

import pickle
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, MappingView
from functools import cache, partial
from typing import Any

from advisor.decide.codegen.remedies import ONE_PER_THREAD, RECORDER

_DEFINED: dict[str, Any] = {
    "pickle": pickle,
    "threading": threading,
    "Iterator": Iterator,
    "Mapping": Mapping,
    "MappingView": MappingView,
}
exec(ONE_PER_THREAD + RECORDER, _DEFINED)


def make_per_thread(replaced: Iterable[tuple[str, str, str]]) -> None:
    """Replace globals, given as module, name and creating expression, with one object for each thread."""
    for module, name, made_by in replaced:
        scope = vars(sys.modules[module])
        scope[name] = _DEFINED["OnePerThread"](partial(eval, made_by, scope))


def call_and_note(
    names: tuple[tuple[str, str], ...], function: Callable[..., Any], item: Any
) -> tuple[Any, list[bytes]]:
    """Call a function in a worker, and return its result and what it would have written to the globals."""
    _use_recorders(names)
    notes: list[bytes] = _DEFINED["NOTES"]
    notes.clear()
    return function(item), notes.copy()


@cache
def _use_recorders(names: tuple[tuple[str, str], ...]) -> None:
    for module, name in names:
        thing = getattr(sys.modules[module], name)
        setattr(sys.modules[module], name, _DEFINED["Recorder"]((module, name), thing))


def write_notes(received: tuple[Any, list[bytes]]) -> Any:
    """Write in the parent process what a worker recorded, and return the result."""
    result, notes = received
    for (module, name), method, args, kwargs in map(pickle.loads, notes):
        getattr(getattr(sys.modules[module], name), method)(*args, **kwargs)
    return result
