"""Measure the first calls of a job as they are made: their results count, and no call is made twice."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from advisor.host.cores_and_memory import python
from advisor.jobs.callers import Batch, Caller
from advisor.jobs.inputs import Inputs
from advisor.measure import imported_modules, memory, pickling
from advisor.measure.meter import Measurement, Meter, Watch
from advisor.measure.profiler import identity
from advisor.measure.shared_state.await_gaps import with_asyncio
from advisor.measure.shared_state.module_settings import SettingsWatch
from advisor.measure.shared_state.side_effects import SideEffectDetector
from advisor.measure.shared_state.touched_objects import TouchedObjects
from advisor.measure.shared_state.touches import Code, all_touches, in_use
from advisor.measure.summarize import summarize
from advisor.models import Profile
from advisor.target.inputs import Call

INSPECTED_CALLS = 2
_PICKLED_CALLS = 3
_PICKLING_SECONDS = 0.02
_PICKLING_SHARE = 0.2  # of a call's time
_KEPT_RESULTS = 3


@dataclass(frozen=True)
class Subject:
    """The function of a job."""

    function: Callable[..., Any]
    name: str
    coroutine: bool
    in_notebook: bool
    first_call: float | None  # seconds of the very first call, made before the measuring


class _CallFailedError(Exception):
    """Tells an inspection that there is no result."""


class FirstCalls:
    """Measures calls; a context manager that leaves nothing behind."""

    def __init__(self, subject: Subject, caller: Caller, inputs: Inputs) -> None:
        self._subject = subject
        self._caller = caller
        self._inputs = inputs
        self._results: list[Any] = []
        self._calls: list[Call] = []
        self._inspected = 0
        self._pickled: dict[str, Any] = {}
        self._began = perf_counter()
        self.seconds = 0.0  # of calls

    def __enter__(self) -> FirstCalls:
        self._exit = contextlib.ExitStack()
        self._settings = self._exit.enter_context(SettingsWatch())
        self._touched = TouchedObjects(self._subject.function, ())
        self._detector = SideEffectDetector(self._subject.function, self._touched.functions)
        memory.reset_peak()
        self._idle_memory = memory.resident_memory()
        self._open_meter("nothing")
        return self

    def __exit__(self, *_: object) -> None:
        self._caller.in_thread(self._meter.close)
        self._exit.close()

    def _open_meter(self, watch: Watch) -> None:
        self._meter = self._caller.in_thread(lambda: Meter(watch))

    def watch_gil(self) -> None:
        """Watch the GIL from now on, and forget the times measured so far."""
        self._caller.in_thread(self._meter.close)
        self._open_meter("outside")

    @property
    def needs_inspection(self) -> bool:
        """True if the next call should be made alone, to see what it changes."""
        return self._inspected < INSPECTED_CALLS

    def make(self, items: list[Any]) -> Batch:
        """Make the calls and measure them; inspect them if there is only one."""
        began = perf_counter()
        if len(items) > 1 or not self.needs_inspection:
            batch = self._caller.make(items, self._meter)
        else:
            batch = self._make_inspected(items)
        self.seconds += perf_counter() - began
        if batch.results and len(self._results) < _KEPT_RESULTS:
            self._results.append(batch.results[0])
        if not self._calls or len(self._calls) < _PICKLED_CALLS:
            self._calls += [Call(*self._inputs.arguments(item)) for item in items[: _PICKLED_CALLS - len(self._calls)]]
        return batch

    def _make_inspected(self, items: list[Any]) -> Batch:
        call = Call(*self._inputs.arguments(items[0]))
        batch = Batch([], None)
        with (
            contextlib.suppress(_CallFailedError),
            self._detector.inspect_call(call, lambda: batch.results[0], first=self._inspected == 0),
        ):
            batch = self._caller.make(items, self._meter)
            if not batch.results:
                raise _CallFailedError
        if batch.results:
            self._inspected += 1
        return batch

    def profile(self) -> Profile:
        """Return the profile of the calls measured so far; there must be one that has not failed."""
        subject = self._subject
        measurement = self._measurement()
        summary = summarize(measurement, first_call=subject.first_call)
        side_effects = self._detector.side_effects()
        shared = (
            *self._detector.process_state(),
            *(touch for touch in self._touched.touches() if self._settings.matters(touch)),
        )
        touched = self._touched
        shared += tuple(self._detector.shared_state(shared, touched.codes, locks=touched.locks, calls=self._calls))
        code = Code(touched.loads, locks=touched.locks)
        touches = all_touches(shared, side_effects, self._results, self._detector.changes, code)
        if subject.coroutine:
            touches = with_asyncio(touches, touched.codes, self._detector.process_changes())
        return Profile(
            **summary,
            **identity(subject.function, subject.name),
            **self._pickling(summary["wall"]),
            modules=imported_modules.modules(subject.function),
            peak_memory=memory.peak_memory(),
            idle_memory=self._idle_memory,
            python=python(),
            coroutine=subject.coroutine,
            side_effects=side_effects,
            touches=in_use(touches, summary["native_threads"]),
        )

    def _measurement(self) -> Measurement:
        """Return what the meter has measured, and go on with another one."""
        meter = self._meter
        measurement = self._caller.in_thread(meter.finish)
        self._open_meter("nothing")
        return measurement

    def _pickling(self, wall: float) -> dict[str, Any]:
        if not self._pickled:
            seconds = max(2e-3, min(_PICKLING_SECONDS, _PICKLING_SHARE * wall))
            self._pickled = pickling.measure_pickling(
                self._subject.function, self._calls, self._results, seconds, by_value=self._subject.in_notebook
            )
        return self._pickled
