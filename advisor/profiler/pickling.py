"""What a process pool would have to send: whether it can, how many bytes, how long it takes."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from time import perf_counter
from typing import Any

from advisor.records import Picklable
from advisor.target import Call

LARGE = 32 << 20  # bytes above which an object is pickled once and its copy not read back
_REPEATS = 7


@dataclass(frozen=True)
class Parcel:
    """One object as a pool would send it: `seconds` to pickle and to unpickle it; `reason` when it can't be sent."""

    size: int | None
    seconds: float | None
    reason: str | None


@dataclass(frozen=True)
class Pickling:
    """The parcels of a call: means over the calls looked at."""

    picklable: Picklable
    function_bytes: float | None
    argument_bytes: float | None
    result_bytes: float | None
    seconds: float | None


def measure(function: Callable[..., Any], calls: Sequence[Call], results: Sequence[Any], seconds: float) -> Pickling:
    """Pickle the function, the arguments of `calls` and the `results` as multiprocessing does, for about `seconds`.

    A call without arguments still sends an empty tuple. What `results` does not hold is not known.
    """
    ends = perf_counter() + seconds
    sent = parcel(function, ends)
    arguments = _until(ends, [(call.args, call.kwargs) if call.kwargs else call.args for call in calls])
    returned = _until(ends, list(results))
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
    )


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

    times: list[float] = []
    size = 0
    try:
        while len(times) < _REPEATS:
            began = perf_counter()
            buffer = io.BytesIO()
            ForkingPickler(buffer).dump(thing)
            size = buffer.tell()
            if size > LARGE:
                return Parcel(size, 2 * (perf_counter() - began), None)
            pickle.loads(buffer.getbuffer())
            times.append(perf_counter() - began)
            if perf_counter() > ends:
                break
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  (anything can be raised by the user's __reduce__ and __setstate__)
        return Parcel(None, None, _reason(error))
    return Parcel(size, median(times), None)


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
