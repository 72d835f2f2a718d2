"""Batches of joblib's (`BatchedCalls`), run here or by workers, and their outcomes."""

from __future__ import annotations

import inspect
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol


class CallTraceback(Exception):  # noqa: N818  (it shows a traceback, as the cause of the error that joblib raises)
    """Shows where a call raised, since joblib drops the traceback."""


class Outcome(Protocol):
    """The outcome of a batch, for joblib's callback."""

    def results(self) -> list[Any]:
        """Return the results of the batch, or raise what one of its calls raised."""
        ...


class Workers(NamedTuple):
    """Workers of one of joblib's backends, with the methods of that backend."""

    submit: Callable[[Callable[[], Any], Callable[[Any], object]], object]
    retrieve: Callable[[Any], Any]
    release: Callable[[], object]
    abort: Callable[[], object]


class TimedResults(NamedTuple):
    """The results of a batch, with the seconds and the CPU seconds that it took."""

    results: list[Any]
    seconds: float
    cpu: float


class TimedBatch:
    """A batch of calls for a worker, which takes the time."""

    def __init__(self, batch: Any) -> None:
        self.batch = batch

    def __call__(self) -> TimedResults:
        began, cpu = time.perf_counter(), time.thread_time()
        results = self.batch()
        return TimedResults(results, time.perf_counter() - began, time.thread_time() - cpu)


class Finished(NamedTuple):
    """A batch that ran in this process."""

    values: list[Any]
    error: BaseException | None

    def results(self) -> list[Any]:
        """Return the results, or raise the error of a call."""
        if self.error is not None:
            raise self.error
        return self.values


class Work(NamedTuple):
    """A batch of joblib's (`BatchedCalls`), and whom to tell of its end."""

    batch: Any
    callback: Callable[[Outcome], object]


def make(batch: Any) -> Finished:
    """Make the calls of a batch in this thread."""
    try:
        return Finished(batch(), None)
    except BaseException as error:  # noqa: BLE001  (joblib raises it where the results are read)
        error.__cause__ = CallTraceback("\n" + "".join(traceback.format_exception(error)))
        return Finished([], error)


def function_of(batch: Any) -> Callable[..., Any]:
    """Return the function that a batch calls first, without the wrapper that scikit-learn gives it."""
    function: Callable[..., Any] = inspect.unwrap(batch.items[0][0])
    return function


def code_of(task: tuple[Any, ...]) -> object:
    """Return what two tasks have in common if they call the same function."""
    function = inspect.unwrap(task[0])
    return getattr(function, "__code__", None) or getattr(function, "__qualname__", None) or type(function)
