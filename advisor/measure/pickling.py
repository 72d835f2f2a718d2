"""What a process pool would have to send: whether it can, how many bytes, how long it takes."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from time import perf_counter
from typing import Any

from advisor.host.platform import start_method
from advisor.models import Picklable
from advisor.target.loader import Call

LARGE = 32 << 20  # bytes above which an object is pickled once and its copy not read back
_REPEATS = 7
_FEW_BYTES = 1 << 20  # of an object that is pickled beside others too, and of which several copies are kept
_FEW_TOGETHER = 4 << 20  # bytes of such objects, if they had nothing in common
_SMALL_OBJECT = 64  # bytes


@dataclass(frozen=True)
class Parcel:
    """One object as a pool would send it: `seconds` to pickle and to unpickle it; `reason` when it can't be sent."""

    size: int | None
    seconds: float | None
    reason: str | None


@dataclass(frozen=True)
class Pickling:
    """The parcels of a call: means over the calls looked at; named as the fields of Profile are."""

    picklable: Picklable
    function_bytes: float | None
    argument_bytes: float | None
    result_bytes: float | None
    pickle_seconds: float | None
    further_argument_bytes: float | None
    further_result_bytes: float | None
    further_pickle_seconds: float | None


def measure(function: Callable[..., Any], calls: Sequence[Call], results: Sequence[Any], seconds: float) -> Pickling:
    """Pickle the function, the arguments of `calls` and the `results` as multiprocessing does, for about `seconds`.

    A call without arguments still sends an empty tuple. What `results` does not hold is not known.
    """
    ends = perf_counter() + seconds / 2  # the other half is for several at once
    sent = parcel(function, ends)
    given = [(call.args, call.kwargs) if call.kwargs else call.args for call in calls]
    arguments = _until(ends, given)
    returned = _until(ends, results)
    further_arguments = _further(given, arguments, seconds / 4)
    further_results = _further(results, returned, seconds / 4)
    reasons = {
        name: reason
        for name, reason in (("function", sent.reason), ("arguments", _first(arguments)), ("results", _first(returned)))
        if reason
    }
    return Pickling(
        Picklable(
            function=sent.reason is None,
            arguments="arguments" not in reasons if arguments else None,
            results="results" not in reasons if returned else None,
            reasons=reasons,
        ),
        sent.size,
        _mean(p.size for p in arguments),
        _mean(p.size for p in returned),
        _total(sent.seconds, _mean(p.seconds for p in arguments), _mean(p.seconds for p in returned)),
        further_arguments.size,
        further_results.size,
        _total(further_arguments.seconds, further_results.seconds),
    )


def _further(objects: Sequence[Any], alone: Sequence[Parcel], seconds: float) -> Parcel:
    """What each object adds to a list of them, as a pool sends the calls of a chunk in one go.

    What they have in common is pickled once, and so is the setting up of a pickler. Unknown for fewer than two objects
    that went through alone, for large ones, and for the same object over and over, which tells nothing of others.
    """
    several, total = [], 0
    for thing, one in zip(objects, alone, strict=False):
        if one.size is None or one.seconds is None or total + one.size > _FEW_TOGETHER:
            break
        several.append(thing)
        total += one.size
    if len({id(thing) for thing in several}) < max(2, len(several)):
        return Parcel(None, None, None)
    ends = perf_counter() + seconds
    first, together = parcel(several[:1], ends), parcel(several, ends)
    if first.size is None or first.seconds is None or together.size is None or together.seconds is None:
        return Parcel(None, None, first.reason or together.reason)
    more = len(several) - 1
    return Parcel(max(0, together.size - first.size) // more, max(0.0, together.seconds - first.seconds) / more, None)


def _until(ends: float, objects: Sequence[Any]) -> list[Parcel]:
    """The parcels of as many objects as there is time for, the first in any case."""
    parcels: list[Parcel] = []
    for thing in objects:
        if parcels and perf_counter() > ends:
            break
        parcels.append(parcel(thing, ends))
    return parcels


def parcel(thing: Any, ends: float) -> Parcel:
    """Pickle one object, several times while there is time."""
    from multiprocessing.reduction import ForkingPickler

    pickled: list[float] = []
    unpickled: list[float] = []
    copies: list[Any] = []  # kept, since a worker too has what it unpickles in memory that it did not use before
    try:
        while len(pickled) < _REPEATS:
            began = perf_counter()
            buffer = io.BytesIO()
            ForkingPickler(buffer).dump(thing)
            pickled.append(perf_counter() - began)
            if buffer.tell() > LARGE:
                return Parcel(buffer.tell(), 2 * pickled[-1], None)
            began = perf_counter()
            copy = pickle.loads(buffer.getbuffer())
            unpickled.append(perf_counter() - began)
            if buffer.tell() <= _FEW_BYTES:
                copies.append(copy)
            if perf_counter() > ends:
                break
        copied = _copied_on_write(buffer, median(unpickled)) if copies and start_method() == "fork" else 0.0
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  (anything can be raised by the user's __reduce__ and __setstate__)
        return Parcel(None, None, _reason(error))
    return Parcel(buffer.tell(), median(pickled) + median(unpickled) + copied, None)


def _copied_on_write(buffer: io.BytesIO, unpickled: float) -> float:
    """Seconds that pickling an object for the first time after a fork takes longer.

    To pickle an object is to count a reference to it, which writes to its page of memory, and a page that the workers
    share is copied by that. It costs about as much as it does to get pages for a copy of the object: what unpickling
    takes longer in new memory than in memory that was used before. Of a large buffer, only the first page is written.
    """
    again: list[float] = []
    small = 0
    for _ in range(_REPEATS):
        before = sys.getallocatedblocks()
        began = perf_counter()
        copy = pickle.loads(buffer.getbuffer())
        again.append(perf_counter() - began)
        small = sys.getallocatedblocks() - before
        del copy
    return max(0.0, unpickled - median(again)) * min(1.0, _SMALL_OBJECT * small / buffer.tell())


def _reason(error: BaseException) -> str:
    text = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    return (
        text
        if isinstance(error, (pickle.PicklingError, TypeError, AttributeError))
        else f"{type(error).__name__}: {text}"
    )


def _first(parcels: Sequence[Parcel]) -> str | None:
    return next((p.reason for p in parcels if p.reason), None)


def _mean(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _total(*parts: float | None) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None
