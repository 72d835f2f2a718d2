"""Measure a callable, or a block of code, in this process; `sandboxed_profiler` does it in a child process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any, ParamSpec, TypeVar

from advisor.errors import AdvisorError, TargetError, UsageError
from advisor.host.cores_and_memory import python
from advisor.measure import (
    deferred_results,
    imported_modules,
    interpreter_check,
    lock_contention,
    memory,
    native_allocations,
    pickling,
    runner,
)
from advisor.measure.meter import Meter, Watch
from advisor.measure.shared_state.await_gaps import with_asyncio
from advisor.measure.shared_state.module_settings import SettingsWatch
from advisor.measure.shared_state.order_dependence import uses_time_or_chance
from advisor.measure.shared_state.side_effects import SideEffectDetector
from advisor.measure.shared_state.touched_objects import TouchedObjects
from advisor.measure.shared_state.touches import Code, all_touches, in_use
from advisor.measure.summarize import summarize
from advisor.models import Profile
from advisor.target import ipython_session
from advisor.target.inputs import Call, as_calls, check_arguments, check_missing_arguments
from advisor.target.loader import is_importable_as, no_work_error, refuse_generator_function

__all__ = ["Profiler", "profile"]

P = ParamSpec("P")
T = TypeVar("T")
_PICKLING_SHARE = 0.1  # of the budget
_PICKLING_SECONDS = 0.5  # at most
_CONTENTION_SHARE = 0.1  # of the budget
_INTERPRETER_SHARE = 0.04 if interpreter_check.AVAILABLE else 0.0  # of the budget
_MIN_CALL_SECONDS = 0.5  # for the calls, or all of the budget's share, however long it took to get ready for them
_MIN_GIL_FREE = 0.1  # of a call's time; with less, threads gain little, whatever locks a call holds
_PICKLED_CALLS = 20
_PICKLED_BLOCK_CALLS = 3


def profile(
    func: Callable[..., Any],
    inputs: Iterable[Any] | None = None,
    *,
    star: bool = False,
    budget: float = 2.0,
    watch: Watch = "outside",
) -> Profile:
    """Measure where the time of a call to `func` goes.

    Calls `func` one call at a time, never concurrently, and at least once. A second call is made whatever the budget
    is, unless that is 0 or the first call took more than half a minute: first calls import, connect and compile.

    Args:
        func: The callable. Coroutine functions are awaited.
        inputs: The arguments of the calls, one item per call, reused when they run out; `Call` or
            {"args": [...], "kwargs": {...}} passes several.
        star: Spread each tuple or list into positional arguments, and each dictionary into keyword arguments.
        budget: Seconds to spend on the measuring.
        watch: Where to watch the GIL from: a small process "outside" this one, or a thread "inside" it, which is less
            exact and also the fallback where the platform refuses the other.

    Returns:
        The profile: means in seconds per call, sizes in bytes, None for what could not be measured.

    Raises:
        UsageError: The arguments are wrong, or the inputs do not fit the signature.
        TargetError: A call raised; `__cause__` is the original exception.
    """
    if not callable(func):
        raise UsageError(f"{func!r} is not callable")
    if not 0 <= budget < float("inf"):
        raise UsageError(f"budget must be a number of seconds from 0 on, not {budget}")
    name = name_of(func)
    refuse_generator_function(func, name)
    calls = as_calls(inputs, star=star)
    check_arguments(func, calls, name)
    in_notebook = is_in_notebook(func)
    is_coroutine = deferred_results.is_coroutine_function(func)
    workload = runner.Workload(func, calls, name, is_coroutine, in_notebook=in_notebook)
    with ipython_session.measuring() as on_progress:
        measured = profile_workload(workload, seconds=budget, watch=watch, on_progress=on_progress)
    return measured.model_copy(update=identity(func, name))


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a callable for messages."""
    named = _unwrapped(function)
    return getattr(named, "__qualname__", None) or type(named).__qualname__


def is_in_notebook(function: Callable[..., Any]) -> bool:
    """Return True if a function is defined in the running notebook, from where worker processes cannot import it."""
    return getattr(_unwrapped(function), "__module__", None) == "__main__" and ipython_session.is_running()


def identity(function: Callable[..., Any], name: str) -> dict[str, str]:
    """Return the fields of Profile that tell how code can refer to a function of that name."""
    module = getattr(_unwrapped(function), "__module__", None)
    reached = "notebook" if is_in_notebook(function) else "name"
    return {
        "target": f"{module}:{name}" if module else name,
        "reached": reached if is_importable_as(function, module, name) else "program",
    }


def _unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    return function.func if isinstance(function, partial) else function


def profile_workload(
    workload: runner.Workload,
    *,
    seconds: float,
    watch: Watch = "outside",
    on_progress: runner.OnProgress | None = None,
    two_calls: float = runner.TWO_CALLS_SECONDS,
) -> Profile:
    """Measure a workload whose arguments were checked; see `profile`, and `runner.TimeLimit` for `two_calls`.

    The first result tells what kind of function it is: an awaitable makes it a coroutine function, and a generator
    raises UsageError.
    """
    ends = perf_counter() + seconds
    measure = partial(_profile_anywhere, watch=watch, on_progress=on_progress, two_calls=two_calls)
    try:
        return measure(workload, seconds)
    except runner.UnfinishedCallError as error:
        if deferred_results.is_generator(error.result):
            raise no_work_error(f"{workload.name} returns a generator") from None
        deferred_results.close_coroutine(error.result)
    except TargetError as error:
        if workload.calls is None:
            check_missing_arguments(workload.function, error, workload.name)
        raise
    awaited = replace(workload, coroutine=True)
    return measure(awaited, max(0.0, ends - perf_counter()))


def _profile_anywhere(workload: runner.Workload, *arguments: Any, **options: Any) -> Profile:
    """Measure a workload; coroutines in another thread if an event loop is running in this one."""
    if not workload.coroutine:
        return _profile(workload, *arguments, **options)
    from advisor.measure.event_loop import call_without_loop  # imports asyncio, which takes time

    return call_without_loop(lambda: _profile(workload, *arguments, **options))


def _profile(
    workload: runner.Workload,
    seconds: float,
    watch: Watch,
    on_progress: runner.OnProgress | None,
    two_calls: float,
) -> Profile:
    began = perf_counter()
    function, calls = workload.function, workload.calls
    with Meter(watch) as meter, SettingsWatch() as settings:
        touched = TouchedObjects(function, calls or ())
        detector = SideEffectDetector(function, touched.functions, own_children=meter.own_children)
        memory.reset_peak()
        idle_memory = memory.resident_memory()
        share = seconds * (1 - _PICKLING_SHARE - _CONTENTION_SHARE - _INTERPRETER_SHARE)
        made = runner.run_calls(
            workload,
            meter,
            runner.TimeLimit(began + share, minimum=min(_MIN_CALL_SECONDS, share), two_calls=two_calls),
            inspect_call=detector.inspect_call,
            on_progress=on_progress,
            has_changed=lambda: not uses_time_or_chance(touched.codes) and detector.has_changed(),
        )
        results, failed = made.results, made.failed_inputs
        peak_memory = memory.peak_memory()
        side_effects = detector.side_effects(order_dependent=made.order_dependent)
        shared = (*detector.process_state(), *(touch for touch in touched.touches() if settings.matters(touch)))
        shared += tuple(detector.shared_state(shared, touched.codes, locks=touched.locks, calls=calls or ()))
        code = Code(touched.loads, locks=touched.locks)
        touches = all_touches(shared, side_effects, results, detector.changes, code)
        if workload.coroutine:
            touches = with_asyncio(touches, touched.codes, detector.process_changes())
        measurement = meter.finish()
    summary = summarize(measurement, inputs=None if calls is None else len(calls))
    working = replace(workload, calls=made.working)
    held = () if workload.coroutine else _held_resources(working, summary, seconds * _CONTENTION_SHARE)
    pickled = pickling.measure_pickling(
        function,
        list(calls[:_PICKLED_CALLS]) if calls else [Call()],
        results,
        min(seconds * _PICKLING_SHARE, _PICKLING_SECONDS),
        by_value=workload.in_notebook,
    )
    profile = Profile(
        **summary,
        target=workload.name,
        held=held,
        modules=imported_modules.modules(function),
        **pickled,
        result_pieces=native_allocations.pieces_per_result(results),
        peak_memory=peak_memory,
        idle_memory=idle_memory,
        python=python(),
        coroutine=workload.coroutine,
        import_seconds=workload.import_seconds,
        side_effects=side_effects,
        failed_inputs=failed,
        touches=in_use(touches, summary["native_threads"]),
    )
    if workload.in_notebook:
        tried = interpreter_check.NOT_IN_NOTEBOOKS
    else:
        tried = interpreter_check.check_interpreter(
            profile, function, working.calls, budget=seconds, patience=two_calls / 2
        )
    return profile.model_copy(update={"interpreters": tried})


def _held_resources(workload: runner.Workload, summary: dict[str, Any], seconds: float) -> tuple[Any, ...]:
    """Find what calls hold; nothing if they hold the GIL nearly all the time anyway, which is lock enough.

    Nothing either if repeated inputs do less than a call: the calls made here would be such.
    """
    gil_free = 1.0 - summary["gil_held"] / summary["wall"]
    if gil_free < _MIN_GIL_FREE or summary["repeated_call"] is not None:
        return ()
    return lock_contention.find_held_resources(workload.function, workload.calls, summary["wall"], seconds)


class Profiler:
    """Measure a block, or each `call()` within it, in the thread that runs it.

    with advisor.Profiler() as profiler:
        for page in pages:
            profiler.call(parse, page)
    advice = advisor.advise(profiler.profile)
    """

    def __init__(self, *, watch: Watch = "outside") -> None:
        """Make a profiler for one block.

        Args:
            watch: Where to watch the GIL from, see `profile`.
        """
        self._watch: Watch = watch
        self._meter: Meter | None = None
        self._profile: Profile | None = None
        self._is_active = self._has_calls = self._in_call = False
        self._function: Callable[..., Any] | None = None  # the first one that `call` got a result from
        self._sample_calls: list[Call] = []
        self._sample_results: list[Any] = []
        self._idle_memory: int | None = None

    @property
    def profile(self) -> Profile:
        """The profile of the block, or of its calls, once the block has ended.

        Raises:
            AdvisorError: The block has not ended yet.
        """
        if self._profile is None:
            raise AdvisorError("the profile is available only after the `with` block")
        return self._profile

    def __enter__(self) -> Profiler:
        if self._meter is not None:
            raise AdvisorError("this Profiler is already in use: make another")
        self._meter = Meter(self._watch)
        memory.reset_peak()
        self._idle_memory = memory.resident_memory()
        self._is_active = True
        self._meter.start()
        return self

    def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Measure `function(*args, **kwargs)` as one call.

        With such calls the profile is theirs: seconds per call, and the rest of the block does not count.

        Args:
            function: The callable; coroutine functions are refused.
            args: Its positional arguments.
            kwargs: Its keyword arguments.

        Returns:
            What the function returns.

        Raises:
            AdvisorError: Outside of the `with` block, or within another `call`.
            UsageError: The function returns something to await or a generator, and has done no work yet.
        """
        meter = self._meter
        if meter is None or not self._is_active:
            raise AdvisorError("Profiler.call() belongs inside the `with` block")
        if deferred_results.is_coroutine_function(function):
            raise _not_awaited()
        if self._in_call:
            raise AdvisorError("Profiler.call() must not be nested: the inner call would be measured twice")
        if not self._has_calls:  # until now the block was measured
            self._has_calls = True
            meter.discard()
        self._in_call = True
        meter.start()
        try:
            result = function(*args, **kwargs)
            _refuse_unfinished(function, result)
        except BaseException as error:
            meter.discard(error)
            raise
        else:
            meter.stop(1)
        finally:
            self._in_call = False
        if self._function is None:
            self._function = function
        if len(self._sample_calls) < _PICKLED_BLOCK_CALLS:
            self._sample_calls.append(Call(args, dict(kwargs)))
            self._sample_results.append(result)
        return result

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._meter is not None
        self._is_active = False
        with self._meter as meter:
            if kind is not None:
                return
            if not self._has_calls:
                meter.stop(1)
            measurement = meter.finish()
        if not any(batch.calls for batch in measurement.batches):
            return
        self._profile = Profile(
            **summarize(measurement),
            **self._pickling(),
            peak_memory=memory.peak_memory(),
            idle_memory=self._idle_memory,
            python=python(),
        )

    def _pickling(self) -> dict[str, Any]:
        """Return the fields about pickling, which are known for calls and not for a block."""
        function = self._function
        if function is None:
            return {}
        pickled = pickling.measure_pickling(function, self._sample_calls, self._sample_results, 0.2)
        return {"target": getattr(function, "__qualname__", type(function).__qualname__), **pickled}


def _refuse_unfinished(function: Callable[..., Any], result: Any) -> None:
    if deferred_results.is_awaitable(result):
        deferred_results.close_coroutine(result)
        raise _not_awaited()
    if deferred_results.is_generator(result):
        raise no_work_error(f"{getattr(function, '__qualname__', 'the function')} returns a generator")


def _not_awaited() -> UsageError:
    return UsageError("Profiler.call() cannot run coroutine functions: use advisor.profile()")
