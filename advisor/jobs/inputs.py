"""Read the inputs of a job lazily, and turn them into the arguments of calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import islice, starmap
from typing import Any, Protocol, runtime_checkable

from advisor.errors import UsageError
from advisor.jobs.pools.pool import Arguments

_NO_KEYWORDS: dict[str, Any] = {}


@runtime_checkable
class Stream(Protocol):
    """Inputs that arrive one by one, such as the lines of a pipe."""

    def __iter__(self) -> Iterator[Any]:
        """Return an iterator over all of them."""
        ...

    def take_arrived(self, count: int, *, wait: bool) -> list[Any] | None:
        """Return at most `count` inputs that have arrived, None after the last one; with `wait`, wait for the first."""
        ...


class Inputs:
    """The inputs, each of which is read once, when it is needed.

    A single iterable gives one positional argument per call, several give one from each. With `star`, a tuple or list
    is spread into positional arguments and a dictionary into keyword arguments; a `Call`, and a dictionary with no
    other keys than "args" and "kwargs", is one call with these arguments.

    Attributes:
        read: How many inputs have been read.
        is_exhausted: There are no more.
        error: What ended them, if they did not end by themselves.
        seconds_each: Seconds that each input took to read, of those that were read last; 0 for a stream.
    """

    def __init__(self, iterables: tuple[Iterable[Any], ...], *, star: bool) -> None:
        if not iterables:
            raise UsageError("there are no inputs: advisor.map(function, inputs)")
        for each in iterables:
            if not isinstance(each, Iterable):
                raise UsageError(f"inputs must be iterable, not {type(each).__name__}")
        if star and len(iterables) > 1:
            raise UsageError("star=True spreads the items of one iterable: pass only one")
        self._total = _length(iterables)
        self._items: Iterator[Any] = iter(iterables[0]) if len(iterables) == 1 else zip(*iterables, strict=False)
        self._several = len(iterables) > 1
        self._stream = iterables[0] if not self._several and isinstance(iterables[0], Stream) else None
        self._star = star
        self.read = 0
        self.is_exhausted = False
        self.error: Exception | None = None
        self.seconds_each = 0.0

    @property
    def remaining(self) -> int | None:
        """The number of inputs that are left, if it can be known without reading them."""
        if self.is_exhausted:
            return 0
        return None if self._total is None else max(0, self._total - self.read)

    @property
    def total(self) -> int | None:
        """The number of inputs, if it can be known yet."""
        return self.read if self.is_exhausted else self._total

    @property
    def may_be_late(self) -> bool:
        """True if there may be more inputs that have not arrived yet."""
        return self._stream is not None and not self.is_exhausted

    def take(self, count: int, *, wait: bool = True) -> list[Any]:
        """Read so many inputs, or those that are left, or those before an exception; of a stream, those that are there.

        With `wait`, wait for a stream until there is one.
        """
        items: list[Any] = []
        try:
            if self._stream is None:
                began = time.perf_counter()
                items.extend(islice(self._items, count))  # what came before an exception stays
                self.seconds_each = (time.perf_counter() - began) / max(1, len(items))
                self.is_exhausted = len(items) < count
            else:
                arrived = self._stream.take_arrived(count, wait=wait)
                items = arrived or []
                self.is_exhausted = arrived is None
        except Exception as error:  # noqa: BLE001  (raised again when the calls for the inputs before it have ended)
            self.error = error
            self.is_exhausted = True
        self.read += len(items)
        return items

    def call_all(self, function: Callable[..., Any], items: list[Any]) -> Iterator[Any]:
        """Return an iterator that makes the calls, one after the other, at the speed of `map`."""
        if self._several:
            return starmap(function, items)
        if not self._star:
            return map(function, items)
        return (function(*args, **kwargs) for args, kwargs in map(self.arguments, items))

    def arguments(self, item: Any) -> Arguments:
        """Return the arguments of the call for an input."""
        if self._several:
            return item, _NO_KEYWORDS
        if not self._star:
            return (item,), _NO_KEYWORDS
        if isinstance(item, dict):
            is_record = bool(item) and item.keys() <= {"args", "kwargs"}
            return _from_record(item) if is_record else ((), item)
        if isinstance(item, (tuple, list)):
            return tuple(item), _NO_KEYWORDS
        if type(item).__name__ == "Call" and type(item) is _call_type():
            call: Any = item
            return call.args, call.kwargs
        return (item,), _NO_KEYWORDS


def _call_type() -> type | None:
    """Return the class `advisor.Call` if it is loaded; no input can be one otherwise."""
    import sys

    module = sys.modules.get("advisor.target.inputs")
    return None if module is None else module.Call


def _from_record(item: dict[str, Any]) -> Arguments:
    args, kwargs = item.get("args", ()), item.get("kwargs", _NO_KEYWORDS)
    if not isinstance(args, (list, tuple)) or not isinstance(kwargs, dict):
        raise UsageError("in an input with 'args' and 'kwargs', 'args' must be a list and 'kwargs' a dictionary")
    return tuple(args), kwargs


def _length(iterables: tuple[Iterable[Any], ...]) -> int | None:
    """Return the number of calls; None if an iterable has no length.

    The length of an iterator that only estimates it (`__length_hint__`) is not used: it may be wrong.
    """
    lengths = [len(each) for each in iterables if isinstance(each, Sized)]
    return min(lengths) if len(lengths) == len(iterables) else None
