"""A callable → its Profile, measured in this process; `session` does it in a process of the target's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from time import perf_counter
from typing import Any, ParamSpec, TypeVar

from advisor.errors import AdvisorError, TargetError, UsageError
from advisor.host.platform import resident_memory
from advisor.measure import imported_modules, lock_contention, memory, native_allocations, pickling
from advisor.measure import runner as calling
from advisor.measure.meter import Meter, Watch
from advisor.measure.side_effects import Effects
from advisor.measure.summarize import summarise
from advisor.models import Profile
from advisor.target.loader import (
    Call,
    calls_of,
    check_arguments,
    is_named,
    lazy,
    refuse_generator,
    refuse_missing_arguments,
)

__all__ = ["Profiler", "profile"]

P = ParamSpec("P")
T = TypeVar("T")
PICKLING_SHARE = 0.1  # of the budget
BESIDE_SHARE = 0.1
LEAST = 0.5  # seconds for the calls, or all of the budget's share, however long it took to get ready for them
WITHOUT_GIL = 0.1  # of a call's time; less could not gain much on threads, whatever it holds
_PICKLED_CALLS = 20


def profile(
    func: Callable[..., Any],
    inputs: Iterable[Any] | None = None,
    *,
    budget: float = 2.0,
    watch: Watch = "outside",
) -> Profile:
    """Call `func` for about `budget` seconds and tell where the time of a call goes.

    `inputs` are the arguments, one for each call (a `Call` for several); they are used anew when they run out. Nothing
    is called concurrently, and at least one call always finishes. `watch` says from where the GIL is looked at: from a
    small process outside, or, where that is refused or not wanted, by a thread inside.

    Raises UsageError when the arguments do not fit, TargetError when a call raises.
    """
    if not callable(func):
        raise UsageError(f"{func!r} is not callable")
    if not 0 <= budget < float("inf"):
        raise UsageError(f"a budget of {budget} seconds is not possible")
    named = func.func if isinstance(func, partial) else func
    name = getattr(named, "__qualname__", None) or type(named).__qualname__
    refuse_generator(func, name)
    given = calls_of(inputs)
    check_arguments(func, given, name)
    module = getattr(named, "__module__", None)
    known = {
        "target": f"{module}:{name}" if module else name,
        "reached": "name" if is_named(func, module, name) else "program",
    }
    return measure(func, given, seconds=budget, name=name, watch=watch).model_copy(update=known)


def measure(
    function: Callable[..., Any],
    calls: Sequence[Call] | None,
    *,
    seconds: float,
    name: str,
    watch: Watch = "outside",
    on_progress: calling.Progress | None = None,
) -> Profile:
    """The Profile of `function`, called with `calls` for about `seconds`. Raises TargetError when a call raises.

    What a function really is, its first result tells: one to await is awaited, and a generator raises UsageError.
    """
    ends = perf_counter() + seconds
    coroutine = calling.is_coroutine(function)
    try:
        return _measured(function, calls, coroutine, seconds, name, watch, on_progress)
    except calling.NotDoneError as call:
        if calling.gives_generator(call.result):
            raise lazy(f"{name} returns a generator") from None
        calling.drop(call.result)
    except TargetError as error:
        if calls is None:
            refuse_missing_arguments(function, error, name)
        raise
    return _measured(function, calls, True, max(0.0, ends - perf_counter()), name, watch, on_progress)


def _measured(
    function: Callable[..., Any],
    calls: Sequence[Call] | None,
    coroutine: bool,
    seconds: float,
    name: str,
    watch: Watch,
    on_progress: calling.Progress | None,
) -> Profile:
    began = perf_counter()
    with Meter(watch) as meter:
        effects = Effects(function, ours=meter.own_children)
        memory.forget_peak()
        idle = resident_memory()
        share = seconds * (1 - PICKLING_SHARE - BESIDE_SHARE)
        results = calling.call_within(
            function,
            calls,
            meter,
            ends=began + share,
            least=min(LEAST, share),
            name=name,
            coroutine=coroutine,
            on_progress=on_progress,
            around=effects.around,
        )
        peak = memory.peak()
        side_effects = effects.after()
        record = meter.finish()
    figures = summarise(record, inputs=None if calls is None else len(calls))
    extra = {} if coroutine else _beside(function, calls, figures, seconds * BESIDE_SHARE)
    sent = pickling.measure(
        function,
        list(calls[:_PICKLED_CALLS]) if calls else [Call()],
        results,
        min(seconds * PICKLING_SHARE, 0.5),
    )
    return Profile(
        **figures,
        target=name,
        **extra,
        modules=imported_modules.modules(function),
        **vars(sent),
        result_pieces=native_allocations.pieces(results),
        peak_memory=peak,
        idle_memory=idle,
        python=_python(),
        coroutine=coroutine,
        side_effects=side_effects,
    )


def _beside(
    function: Callable[..., Any], calls: Sequence[Call] | None, figures: dict[str, Any], seconds: float
) -> dict[str, Any]:
    """The fields of Profile on calls beside each other, of a call that does not hold the GIL all the time.

    The GIL is a lock enough for whoever computes in Python. No two calls are made at the same time for it. Nothing is
    to be seen where inputs that come again do less than a call.
    """
    without = 1.0 - figures["gil_held"] / figures["wall"]
    if without < WITHOUT_GIL or figures["repeated_call"] is not None:
        return {}
    return {
        "held": lock_contention.look(function, calls, figures["wall"], seconds),
    }


class Profiler:
    """Measures a block, or each `call()` within it, in the thread that runs it.

    with advisor.Profiler() as profiler:
        for page in pages:
            profiler.call(parse, page)
    advice = advisor.advise(profiler.profile)
    """

    def __init__(self, *, watch: Watch = "outside") -> None:
        self._watch: Watch = watch
        self._meter: Meter | None = None
        self._profile: Profile | None = None
        self._calls = 0
        self._started = self._within = False
        self._called: tuple[Callable[..., Any], list[Call], list[Any]] | None = None
        self._idle: int | None = None

    @property
    def profile(self) -> Profile:
        """Of the block, or of each call, once the block has ended.

        Raises AdvisorError before that.
        """
        if self._profile is None:
            raise AdvisorError("there is no profile yet: it is there after the `with` block has ended")
        return self._profile

    def __enter__(self) -> Profiler:
        if self._meter is not None:
            raise AdvisorError("this Profiler is already in use: make another")
        self._meter = Meter(self._watch)
        memory.forget_peak()
        self._idle = resident_memory()
        self._meter.begin()
        return self

    def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`function(*args, **kwargs)`, measured as one call; its result is returned, and what it raises is raised.

        With such calls the profile is theirs, and the rest of the block does not count.
        """
        meter = self._meter
        if meter is None or self._profile is not None:
            raise AdvisorError("Profiler.call() belongs inside the `with` block")
        if calling.is_coroutine(function):
            raise _not_awaited()
        if not self._started:  # until now it was the block that was measured
            self._started = True
            meter.drop()
        if self._within:
            raise AdvisorError("Profiler.call() within another would be measured twice")
        self._within = True
        meter.begin()
        try:
            result = function(*args, **kwargs)
            _refuse_unfinished(function, result)
        except BaseException as error:
            meter.drop(error)
            raise
        else:
            meter.end(1)
        finally:
            self._within = False
        self._calls += 1
        if self._called is None:
            self._called = function, [], []
        if len(self._called[1]) < 3:
            self._called[1].append(Call(args, dict(kwargs)))
            self._called[2].append(result)
        return result

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._meter is not None
        with self._meter as meter:
            if kind is not None:
                return
            if not self._started:
                meter.end(1)
            record = meter.finish()
        if not any(stretch.calls for stretch in record.stretches):
            return
        self._profile = Profile(
            **summarise(record),
            **self._sent(),
            peak_memory=memory.peak(),
            idle_memory=self._idle,
            python=_python(),
        )

    def _sent(self) -> dict[str, Any]:
        """The fields about pickling, known for calls, not for a block."""
        if self._called is None:
            return {}
        function, calls, results = self._called
        sent = pickling.measure(function, calls, results, 0.2)
        return {
            "target": getattr(function, "__qualname__", type(function).__qualname__),
            **vars(sent),
        }


def _refuse_unfinished(function: Callable[..., Any], result: Any) -> None:
    """Raise UsageError for a call that has not done its work yet."""
    if calling.gives_awaitable(result):
        calling.drop(result)
        raise _not_awaited()
    if calling.gives_generator(result):
        raise lazy(f"{getattr(function, '__qualname__', 'the function')} returns a generator")


def _not_awaited() -> UsageError:
    return UsageError("Profiler.call() awaits nothing: pass a coroutine function to advisor.profile()")


def _python() -> Any:
    from advisor.host.platform import python

    return python()
