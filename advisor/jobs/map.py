"""`advisor.map` and `advisor.amap`: do a job in the fastest safe way."""

from __future__ import annotations

import math
import sys
from collections.abc import AsyncIterable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from advisor.errors import UsageError
from advisor.jobs.delivery import Delivery
from advisor.jobs.engine import Engine
from advisor.jobs.inputs import Inputs
from advisor.jobs.outcomes import OnError, Outcomes
from advisor.jobs.progress import OnProgress
from advisor.jobs.run import AsyncRun, Run
from advisor.jobs.run_state import Settings
from advisor.jobs.tally import Tally

if TYPE_CHECKING:
    import asyncio

    from advisor.models import Strategy

T = TypeVar("T")
STRATEGIES = ("sequential", "threading", "multiprocessing", "asyncio", "cluster")


def map(
    function: Callable[..., T],
    *iterables: Iterable[Any],
    star: bool = False,
    ordered: bool = True,
    on_error: OnError = "raise",
    retries: int = 0,
    call_timeout: float | None = None,
    checkpoint: str | Path | None = None,
    progress: bool | OnProgress | None = None,
    strategy: Strategy | None = None,
    workers: int | None = None,
    cluster: Any = None,
    budget: float | None = None,
    initializer: Callable[..., object] | None = None,
    initargs: Iterable[Any] = (),
) -> Run[T]:
    """Call a function for each input, in the way that is fastest and safe, and return an iterator over the results.

    The first calls run one after the other and are measured; then the rest runs in threads, in processes, on an event
    loop or in a plain loop. Inputs are read as they are needed, and few results wait to be read.

    Args:
        function: A function or coroutine function.
        iterables: The inputs: one argument of each call from each iterable.
        star: Spread each item of a single iterable: a tuple or list into positional arguments, a dictionary into
            keyword arguments; {"args": [...], "kwargs": {...}} and `Call` give both.
        ordered: Return results in the order of their inputs, else as they come.
        on_error: "raise" raises a `CallError` in the place of the result of a call that failed, and ends the run;
            "keep" puts a `Failure` record there.
        retries: How often to make a call again that raised, with growing pauses.
        call_timeout: Seconds after which a call is ended. Calls then run in worker processes, since nothing can end a
            thread; where that is not safe, the thread of such a call is left behind.
        checkpoint: A file that keeps the results of finished calls. A run with the same function and inputs, and a
            file that exists, continues there.
        progress: True shows a progress bar on a terminal; a callable gets a `RunReport` now and then.
        strategy: Use "sequential", "threading", "multiprocessing", "asyncio" or "cluster" without measuring. With
            "cluster", no call is made in this process.
        workers: The largest number of workers; with `strategy`, their number. Of a cluster, the largest number of
            threads.
        cluster: A cluster that does the job if it is faster: "tcp://host:port" (Dask), "ray://host:port" or "ray", a
            `distributed.Client`, or "auto" for one that this program or its environment names. When the run is closed,
            what has not begun is taken back; a call that a worker is at goes on, unless it has a `call_timeout`.
        budget: Seconds for measuring at most, by default a second or a twentieth of the job.
        initializer: Called by each worker before its first call, and once by this process.
        initargs: The arguments of the initializer.

    Returns:
        The run: an iterator and context manager, with `advice` and `report`.

    Raises:
        UsageError: The arguments make no sense, or the checkpoint is of another job. That a cluster cannot be used is
            raised when the first result is read, before any call.
    """
    inputs = Inputs(iterables, star=star)
    engine = open_engine(
        function,
        inputs,
        ordered=ordered,
        on_error=on_error,
        retries=retries,
        checkpoint=checkpoint,
        progress=progress,
        settings=_settings(call_timeout, budget, strategy, workers, initializer, initargs, cluster),
    )
    return Run._of(engine)


def amap(
    function: Callable[..., Any],
    *iterables: Iterable[Any] | AsyncIterable[Any],
    star: bool = False,
    ordered: bool = True,
    on_error: OnError = "raise",
    retries: int = 0,
    call_timeout: float | None = None,
    checkpoint: str | Path | None = None,
    progress: bool | OnProgress | None = None,
    strategy: Strategy | None = None,
    workers: int | None = None,
    cluster: Any = None,
    budget: float | None = None,
    initializer: Callable[..., object] | None = None,
    initargs: Iterable[Any] = (),
) -> AsyncRun[Any]:
    """Do the same as `map` from a coroutine, and return an async iterator.

    The arguments are those of `map`; iterables may be asynchronous. Coroutine functions run on the running event loop.

    Returns:
        The run: an async iterator and async context manager.
    """
    import asyncio

    from advisor.jobs.async_inputs import AsyncInputs

    loop = asyncio.get_running_loop()
    plain = [AsyncInputs(each, loop) if isinstance(each, AsyncIterable) else each for each in iterables]
    inputs = Inputs(tuple(plain), star=star)
    engine = open_engine(
        function,
        inputs,
        ordered=ordered,
        on_error=on_error,
        retries=retries,
        checkpoint=checkpoint,
        progress=progress,
        settings=_settings(call_timeout, budget, strategy, workers, initializer, initargs, cluster, loop),
    )
    return AsyncRun(engine, [each for each in plain if isinstance(each, AsyncInputs)])


def _settings(
    call_timeout: float | None,
    budget: float | None,
    strategy: Strategy | None,
    workers: int | None,
    initializer: Callable[..., object] | None,
    initargs: Iterable[Any],
    cluster: Any,
    loop: asyncio.AbstractEventLoop | None = None,
) -> Settings:
    if call_timeout is not None and not 0 < call_timeout < math.inf:
        raise UsageError(
            f"call_timeout must be a number of seconds above 0, not {call_timeout!r}", field="call_timeout"
        )
    if budget is not None and not 0 <= budget < math.inf:
        raise UsageError(f"budget must be a number of seconds, 0 or more, not {budget!r}", field="budget")
    if strategy is not None and strategy not in STRATEGIES:
        raise UsageError(f"strategy must be one of {', '.join(STRATEGIES)}, not {strategy!r}", field="strategy")
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise UsageError(f"workers must be a whole number, 1 or more, not {workers!r}", field="workers")
    return Settings(call_timeout, budget, strategy, workers, initializer, tuple(initargs), loop, cluster)


def open_engine(
    function: Callable[..., Any],
    inputs: Inputs,
    *,
    ordered: bool,
    on_error: OnError,
    retries: int,
    checkpoint: str | Path | None,
    progress: bool | OnProgress | None,
    settings: Settings,
    numbered: bool = False,
) -> Engine:
    """Return the engine of a job; with `numbered`, it delivers each result with its index.

    Raises:
        UsageError: The arguments make no sense, or the checkpoint is of another job.
    """
    _refuse_while_loading()
    if not callable(function):
        raise UsageError(f"{function!r} is not callable")
    if on_error not in get_args(OnError):
        raise UsageError(f"on_error must be 'raise' or 'keep', not {on_error!r}", field="on_error")
    if not isinstance(retries, int) or retries < 0:
        raise UsageError(f"retries must be a whole number, 0 or more, not {retries!r}", field="retries")
    if settings.strategy == "cluster" and settings.cluster is None:
        raise UsageError("the strategy cluster needs a cluster: name one, such as tcp://host:port", field="cluster")
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    store = None
    if checkpoint is not None:
        from advisor.jobs.checkpoint import Checkpoint

        store = Checkpoint(checkpoint, function, name=name)
    outcomes = Outcomes(
        name,
        on_error=on_error,
        retries=retries,
        delivery=Delivery(ordered=ordered, numbered=numbered),
        tally=Tally(),
        checkpoint=store,
    )
    return Engine(function, name, inputs, outcomes, settings, progress)


def _refuse_while_loading() -> None:
    """Raise UsageError in a worker process that imports the module of its function: it would start workers, too."""
    worker = sys.modules.get("advisor.jobs.pools.process_worker")
    module = "" if worker is None else worker.is_loading()
    if module:
        raise UsageError(
            f"advisor.map was called while a worker process imported the module {module}, which would start workers "
            "without end: put the call under `if __name__ == '__main__':`"
        )
