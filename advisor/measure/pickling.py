"""Measure the cost of pickling for a process pool: whether it is possible, bytes, seconds."""

from __future__ import annotations

import importlib.util
import io
import pickle
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import fmean, median
from time import perf_counter
from types import FunctionType, MethodType
from typing import Any

from advisor.host.cores_and_memory import start_method
from advisor.models import Picklable
from advisor.target.failures import first_line
from advisor.target.inputs import Call

LARGE = 32 << 20  # bytes above which an object is pickled once and its copy not read back
_REPEATS = 7
_MAX_KEPT_BYTES = 1 << 20  # of an object of which several copies are kept
_MAX_TOGETHER_BYTES = 4 << 20  # of the objects that are pickled together, if they had nothing in common
_SMALL_OBJECT = 64  # bytes
_MAX_MARKER_PARTS = 100  # of each container
_MAX_MARKER_OBJECTS = 5_000  # of all calls together
_MAX_DEPTH = 4  # of containers in which the object that cannot be pickled is looked for
_MAX_PARTS = 20  # of each of them
_PLAIN_TYPES = (tuple, list, dict, FunctionType, MethodType)


@dataclass(frozen=True)
class PickleCost:
    """Bytes of one pickled object and seconds to pickle and unpickle it; `reason` if it cannot be pickled."""

    size: int | None = None
    seconds: float | None = None
    reason: str | None = None


def measure_pickling(
    function: Callable[..., Any],
    calls: Sequence[Call],
    results: Sequence[Any],
    seconds: float,
    *,
    by_value: bool = False,
) -> dict[str, Any]:
    """Pickle a function, the arguments of calls and results as multiprocessing does, for about so many seconds.

    With `by_value`, the function is pickled with its code and globals, as for workers that cannot import a notebook.
    Returns fields of Profile. A call without arguments still sends an empty tuple; unknown results are not passed.
    """
    ends = perf_counter() + seconds / 2  # the other half is for several objects at once
    sent = pickle_cost(function, ends, _dump_by_value if by_value and _has_cloudpickle() else _dump)
    values = [(call.args, call.kwargs) if call.kwargs else call.args for call in calls]
    arguments = _costs(values, ends)
    returned = _costs(results, ends)
    further_arguments = _further_cost(values, arguments, seconds / 4)
    further_results = _further_cost(results, returned, seconds / 4)
    each_argument, each_result = (_mean(cost.seconds for cost in costs) for costs in (arguments, returned))
    reasons = {
        "function": sent.reason,
        "arguments": _first_reason(arguments) or _marker_reason(values, function),
        "results": _first_reason(returned) or _marker_reason(results, function),
    }
    return {
        "picklable": Picklable(
            function=sent.reason is None,
            arguments=reasons["arguments"] is None if arguments else None,
            results=reasons["results"] is None if returned else None,
            reasons={name: reason for name, reason in reasons.items() if reason},
        ),
        "function_bytes": sent.size,
        "argument_bytes": _mean(cost.size for cost in arguments),
        "result_bytes": _mean(cost.size for cost in returned),
        "pickle_seconds": _total(sent.seconds, each_argument, each_result),
        "further_argument_bytes": further_arguments.size,
        "further_result_bytes": further_results.size,
        "further_pickle_seconds": None
        if further_arguments.seconds is None and further_results.seconds is None
        else _total(
            each_argument if further_arguments.seconds is None else further_arguments.seconds,
            each_result if further_results.seconds is None else further_results.seconds,
        ),
    }


def _further_cost(objects: Sequence[Any], costs: Sequence[PickleCost], seconds: float) -> PickleCost:
    """Return the additional cost of each object in a list, as a pool sends the calls of a chunk together.

    Shared objects are pickled once, and a pickler is set up once. Unknown for fewer than two objects
    that could be pickled alone, for large ones, and for the same object over and over, which tells nothing of others.
    """
    several, total = [], 0
    for thing, cost in zip(objects, costs, strict=False):
        if cost.size is None or cost.seconds is None or total + cost.size > _MAX_TOGETHER_BYTES:
            break
        several.append(thing)
        total += cost.size
    if len({id(thing) for thing in several}) < max(2, len(several)):
        return PickleCost()
    ends = perf_counter() + seconds
    first, together = pickle_cost(several[:1], ends), pickle_cost(several, ends)
    if first.size is None or first.seconds is None or together.size is None or together.seconds is None:
        return PickleCost(reason=first.reason or together.reason)
    more = len(several) - 1
    return PickleCost(max(0, together.size - first.size) // more, max(0.0, together.seconds - first.seconds) / more)


def _costs(objects: Sequence[Any], ends: float) -> list[PickleCost]:
    """Return the costs of as many objects as there is time for, of the first in any case."""
    costs: list[PickleCost] = []
    for thing in objects:
        if costs and perf_counter() > ends:
            break
        costs.append(pickle_cost(thing, ends))
    return costs


def load_pickler() -> None:
    """Load what pickles, which would count as the cost of the first object."""
    _dump(None, io.BytesIO())


def _dump(thing: Any, buffer: io.BytesIO) -> None:
    from multiprocessing.reduction import ForkingPickler

    ForkingPickler(buffer).dump(thing)


def _dump_by_value(function: Callable[..., Any], buffer: io.BytesIO) -> None:
    import cloudpickle

    module = sys.modules.get(function.__module__)
    if module is not None and module.__name__ != "__main__":  # a notebook that was loaded from its file
        cloudpickle.register_pickle_by_value(module)
    cloudpickle.dump(function, buffer)


def _has_cloudpickle() -> bool:
    return importlib.util.find_spec("cloudpickle") is not None


def pickle_cost(thing: Any, ends: float, dump: Callable[[Any, io.BytesIO], None] = _dump) -> PickleCost:
    """Pickle and unpickle one object, several times if there is time until `ends`."""
    pickled: list[float] = []
    unpickled: list[float] = []
    copies: list[Any] = []  # kept, since in a worker too, unpickling uses memory that was not in use before
    try:
        while len(pickled) < _REPEATS:
            began = perf_counter()
            buffer = io.BytesIO()
            dump(thing, buffer)
            pickled.append(perf_counter() - began)
            if buffer.tell() > LARGE:
                return PickleCost(buffer.tell(), 2 * pickled[-1])
            began = perf_counter()
            copy = pickle.loads(buffer.getbuffer())
            unpickled.append(perf_counter() - began)
            if buffer.tell() <= _MAX_KEPT_BYTES:
                copies.append(copy)
            if perf_counter() > ends:
                break
        forks = bool(copies) and start_method() == "fork"
        copied = _copy_on_write_seconds(buffer, median(unpickled), ends) if forks else 0.0
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  (the user's __reduce__ and __setstate__ may raise anything)
        return PickleCost(reason=reason_of(error, thing))
    return PickleCost(buffer.tell(), median(pickled) + median(unpickled) + copied)


def _copy_on_write_seconds(buffer: io.BytesIO, unpickled: float, ends: float) -> float:
    """Return how much longer pickling an object takes for the first time after a fork.

    To pickle an object is to count a reference to it, which writes to its page of memory, and a page that the workers
    share is copied by that. It costs about as much as it does to get pages for a copy of the object: what unpickling
    takes longer in new memory than in memory that was used before. Of a large buffer, only the first page is written.
    """
    seconds: list[float] = []
    small_objects = 0
    for _ in range(_REPEATS):
        before = sys.getallocatedblocks()
        began = perf_counter()
        copy = pickle.loads(buffer.getbuffer())
        seconds.append(perf_counter() - began)
        small_objects = sys.getallocatedblocks() - before
        del copy
        if perf_counter() > ends:
            break
    return max(0.0, unpickled - median(seconds)) * min(1.0, _SMALL_OBJECT * small_objects / buffer.tell())


def reason_of(error: BaseException, thing: Any) -> str:
    """Return pickle's error message in one line, with the type of the object if the message does not name it."""
    text = first_line(error) or type(error).__name__
    if not isinstance(error, (pickle.PicklingError, TypeError, AttributeError)):
        text = f"{type(error).__name__}: {text}"
    kind = type(_unpicklable_part(thing))
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return text if kind in _PLAIN_TYPES or name.rpartition(".")[2] in text else f"{text}, in {name}"


def _unpicklable_part(thing: Any, depth: int = _MAX_DEPTH) -> Any:
    """Return the argument, or the element of a container, that cannot be pickled."""
    if depth and type(thing) in (tuple, list, dict):
        for part in islice(thing.values() if isinstance(thing, dict) else thing, _MAX_PARTS):
            if not _can_be_pickled(part):
                return _unpicklable_part(part, depth - 1)
    return thing


def _marker_reason(things: Sequence[Any], function: Callable[..., Any]) -> str | None:
    """Return why pickling changes what is sent, if a part of it is an `object()` that is compared by identity."""
    marker = _find_marker(things)
    if marker is None:
        return None
    scope = getattr(function, "__globals__", {})
    name = next((name for name, value in list(scope.items()) if value is marker), "a marker")
    return f"{name} is an object() that is compared by identity, and pickling creates another object"


def _find_marker(things: Sequence[Any]) -> object | None:
    """Return the first `object()` among a limited number of objects and their elements."""
    pending = list(things)
    for thing in pending:  # grows during the loop: nested elements come last
        if type(thing) is object:
            return thing
        if type(thing) in (tuple, list, dict, set) and len(pending) < _MAX_MARKER_OBJECTS:
            pending.extend(islice(thing.values() if isinstance(thing, dict) else thing, _MAX_MARKER_PARTS))
    return None


def _can_be_pickled(thing: Any) -> bool:
    try:
        _dump(thing, io.BytesIO())
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001  (see pickle_cost)
        return False
    return True


def _first_reason(costs: Sequence[PickleCost]) -> str | None:
    return next((cost.reason for cost in costs if cost.reason), None)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _total(*parts: float | None) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
