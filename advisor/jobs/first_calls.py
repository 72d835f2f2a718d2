"""Measure the first calls of a job as they are made: their results count, and no call is made twice."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from advisor.host.cores_and_memory import python
from advisor.jobs.callers import Batch, Caller
from advisor.jobs.run_state import RunState
from advisor.measure import imported_modules, memory, native_allocations, pickling
from advisor.measure.clocks import ThreadClocks
from advisor.measure.gil.observer_process import Observer
from advisor.measure.introspection import plain_function
from advisor.measure.meter import Measurement, Meter, TimedBatch
from advisor.measure.profiler import identity, is_in_notebook
from advisor.measure.shared_state.await_gaps import with_asyncio
from advisor.measure.shared_state.module_settings import SettingsWatch
from advisor.measure.shared_state.side_effects import SideEffectDetector
from advisor.measure.shared_state.touched_objects import TouchedObjects
from advisor.measure.shared_state.touches import Code, all_touches, in_use
from advisor.measure.summarize import summarize
from advisor.models import Profile
from advisor.target.inputs import Call

INSPECTED_CALLS = 2
_WAITING_MODULES = frozenset(
    {
        *("aiohttp", "asyncio", "boto3", "botocore", "ftplib", "google", "grpc", "http", "httpx", "imaplib", "kafka"),
        *("ldap3", "paramiko", "pika", "poplib", "psycopg", "psycopg2", "pymongo", "pymysql", "redis", "requests"),
        *("select", "selectors", "smtplib", "socket", "sqlalchemy", "ssl", "subprocess", "urllib", "urllib3"),
        *("websocket", "websockets", "xmlrpc", "zmq"),
    }
)
_PICKLED_CALLS = 2
_PICKLING_SECONDS = 0.02
_SHORTEST_PICKLING = 4e-3
_PICKLING_SHARE = 0.2  # of a call's time
_KEPT_RESULTS = 2
_HARDLY_COMPUTES = 0.05  # of a call's time
_HARDLY_RUNS = 0.3  # of a call's time, for its thread to wait
_NOISY = 0.5  # of the time, in which others compute although no call is made


class _CallFailedError(Exception):
    """Tells an inspection that there is no result."""


def may_wait(function: Callable[..., Any]) -> bool:
    """Return True if the code of a function names a module whose functions wait, or sleeps itself."""
    code = plain_function(function)
    if code is not None and "sleep" in code.__code__.co_names:
        return True
    return any(name.partition(".")[0] in _WAITING_MODULES for name in imported_modules.modules(function))


class FirstCalls:
    """Measures calls; a context manager that leaves nothing behind."""

    def __init__(self, state: RunState, caller: Caller, first_call: float | None) -> None:
        """Measure calls that a caller makes.

        Args:
            state: Of the run.
            caller: Makes the calls.
            first_call: Seconds of the very first call, which was made before.
        """
        self.in_notebook = is_in_notebook(state.function)
        self._state = state
        self._function = state.function
        self._caller = caller
        self._inputs = state.inputs
        self._first_call = first_call
        self._results: list[Any] = []
        self._calls: list[Call] = []
        self._inspected = 0
        self._problem: Exception | None = None  # why the calls cannot be examined
        self._observer: Observer | None = None  # that does not observe yet
        self._pickled: dict[str, Any] = {}

    def __enter__(self) -> FirstCalls:
        self._exit = contextlib.ExitStack()
        clocks = self._exit.enter_context(contextlib.closing(ThreadClocks()))
        clocks.follow_children(frozenset())
        before = clocks.read_before()
        self._settings = self._exit.enter_context(SettingsWatch())
        self._touched = TouchedObjects(self._function, ())
        self._detector = SideEffectDetector(self._function, self._touched.functions)
        memory.reset_peak()
        self._idle_memory = memory.resident_memory()
        self._open_meter()
        idle = clocks.read_after().since(before)
        self._threads_are_busy = idle.process - idle.thread > _NOISY * idle.wall
        self._children_are_busy = (idle.children or 0.0) > _NOISY * idle.wall
        return self

    def __exit__(self, *_: object) -> None:
        if self._observer is not None:
            self._observer.stop()
        self._caller.in_thread(self._meter.close)
        self._exit.close()

    def _open_meter(self) -> None:
        self._meter = self._caller.in_thread(lambda: Meter("nothing"))

    def start_watching(self) -> None:
        """Start to watch the GIL, if that has not been done; times measured before it has begun are forgotten then."""
        if self._observer is None:
            self._observer = self._caller.in_thread(Meter.start_observer)
            if self._observer is None:
                self._use(None)

    def begins_to_watch(self) -> bool:
        """Return True if the GIL is watched from now on."""
        return self._observer is not None and self.is_watching(0.0)

    def is_watching(self, seconds: float) -> bool:
        """Return True if the GIL is watched by now; wait so many seconds for it at most."""
        if self._observer is None:
            return True
        try:
            if not self._observer.is_ready(seconds):
                return False
        except OSError:
            self._observer = None
        self._use(self._observer)
        self._observer = None
        return True

    def _use(self, observer: Observer | None) -> None:
        """Measure with an observer, or, where there is none, from inside."""
        self._caller.in_thread(self._meter.close)
        self._meter = self._caller.in_thread(lambda: Meter("inside", observer))

    @property
    def has_measured(self) -> bool:
        """True if a call was measured that has not failed."""
        return any(batch.calls for batch in self._meter.batches)

    @property
    def needs_inspection(self) -> bool:
        """True if the next call should be made alone, to see what it changes."""
        return self._problem is None and self._inspected < INSPECTED_CALLS

    def keep_if_telling(self) -> bool:
        """Return True if the very first call, just made, tells what calls do; otherwise, forget how long it took.

        It does if it hardly did anything but wait, and changed no shared object: nothing was set up.
        """
        if self._first_call is not None or self._problem is not None or not self._inspected:
            return False
        elapsed = self._of_calls(self._meter.batches[-1]).elapsed
        self._first_call = elapsed.wall
        computing = elapsed.process + (elapsed.children or 0.0)
        if computing < _HARDLY_COMPUTES * elapsed.wall and not self._detector.has_changed():
            return True
        self._caller.in_thread(self._meter.close)
        self._open_meter()
        return False

    def make(self, items: list[Any]) -> Batch:
        """Make the calls and measure them; inspect them if there is only one."""
        if len(items) > 1 or not self.needs_inspection:
            batch = self._caller.make(items, self._meter)
        else:
            batch = self._make_inspected(items)
        if batch.results and len(self._results) < _KEPT_RESULTS:
            self._results.append(batch.results[0])
        if not self._calls or len(self._calls) < _PICKLED_CALLS:
            self._calls += [Call(*self._inputs.arguments(item)) for item in items[: _PICKLED_CALLS - len(self._calls)]]
        return batch

    def _make_inspected(self, items: list[Any]) -> Batch:
        call = Call(*self._inputs.arguments(items[0]))
        batch = Batch([], None)
        try:
            with self._detector.inspect_call(call, lambda: batch.results[0], first=self._inspected == 0):
                batch = self._caller.make(items, self._meter)
                if not batch.results:
                    raise _CallFailedError
        except _CallFailedError:
            pass
        except Exception as error:  # noqa: BLE001  (the user's objects may raise anything when inspected)
            self._problem = error
            if not batch.results and batch.error is None:  # it was raised before the call
                return self._caller.make(items, self._meter)
        if batch.results:
            self._inspected += 1
        return batch

    def profile(self) -> Profile:
        """Return the profile of the calls measured so far; there must be one that has not failed.

        Raises:
            Exception: The calls cannot be examined.
        """
        if self._problem is not None:
            raise self._problem
        measurement = self._measurement()
        summary = summarize(measurement, first_call=self._first_call)
        side_effects = self._detector.side_effects()
        shared = (
            *self._detector.process_state(),
            *(touch for touch in self._touched.touches() if self._settings.matters(touch)),
        )
        touched = self._touched
        shared += tuple(self._detector.shared_state(shared, touched.codes, locks=touched.locks, calls=self._calls))
        code = Code(touched.loads, locks=touched.locks)
        touches = all_touches(shared, side_effects, self._results, self._detector.changes, code)
        if self._state.coroutine:
            touches = with_asyncio(touches, touched.codes, self._detector.process_changes())
        return Profile(
            **summary,
            **identity(self._function, self._state.name),
            **self._pickling(summary["wall"]),
            modules=imported_modules.modules(self._function),
            result_pieces=native_allocations.pieces_per_result(self._results),
            peak_memory=memory.peak_memory(),
            idle_memory=self._idle_memory,
            python=python(),
            coroutine=self._state.coroutine,
            side_effects=side_effects,
            touches=in_use(touches, summary["native_threads"]),
        )

    def _measurement(self) -> Measurement:
        """Return what the meter has measured, and go on with another one."""
        meter = self._meter
        measurement = self._caller.in_thread(meter.finish)
        self._open_meter()
        return replace(measurement, batches=tuple(map(self._of_calls, measurement.batches)))

    def _of_calls(self, batch: TimedBatch) -> TimedBatch:
        """Return a batch without what others computed while the calls waited, if they did so before any call as well.

        Native thread pools look for work for a while before they sleep, and a server that was just started loads a lot.
        """
        elapsed = batch.elapsed
        if elapsed.thread > _HARDLY_RUNS * elapsed.wall:
            return batch
        if self._threads_are_busy:
            elapsed = elapsed._replace(process=elapsed.thread)
        if self._children_are_busy:
            elapsed = elapsed._replace(children=0.0)
        return replace(batch, elapsed=elapsed)

    def _pickling(self, wall: float) -> dict[str, Any]:
        if not self._pickled:
            pickling.load_pickler()
            seconds = max(_SHORTEST_PICKLING, min(_PICKLING_SECONDS, _PICKLING_SHARE * wall))
            self._pickled = pickling.measure_pickling(
                self._function, self._calls, self._results, seconds, by_value=self.in_notebook
            )
        return self._pickled
