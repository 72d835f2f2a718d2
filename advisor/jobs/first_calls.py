"""Measure the first calls of a job as they are made: their results count, and no call is made twice."""

from __future__ import annotations

import contextlib
from typing import Any

from advisor.host.cores_and_memory import python
from advisor.jobs.callers import Batch, Caller
from advisor.jobs.run_state import RunState
from advisor.measure import imported_modules, memory, native_allocations, pickling
from advisor.measure.gil.observer_process import Observer
from advisor.measure.meter import Measurement, Meter
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
_PICKLED_CALLS = 2
_PICKLING_SECONDS = 0.02
_SHORTEST_PICKLING = 4e-3
_PICKLING_SHARE = 0.2  # of a call's time
_KEPT_RESULTS = 2


class _CallFailedError(Exception):
    """Tells an inspection that there is no result."""


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
        self._settings = self._exit.enter_context(SettingsWatch())
        self._touched = TouchedObjects(self._function, ())
        self._detector = SideEffectDetector(self._function, self._touched.functions)
        memory.reset_peak()
        self._idle_memory = memory.resident_memory()
        self._open_meter()
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
    def needs_inspection(self) -> bool:
        """True if the next call should be made alone, to see what it changes."""
        return self._problem is None and self._inspected < INSPECTED_CALLS

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
        return measurement

    def _pickling(self, wall: float) -> dict[str, Any]:
        if not self._pickled:
            pickling.load_pickler()
            seconds = max(_SHORTEST_PICKLING, min(_PICKLING_SECONDS, _PICKLING_SHARE * wall))
            self._pickled = pickling.measure_pickling(
                self._function, self._calls, self._results, seconds, by_value=self.in_notebook
            )
        return self._pickled
