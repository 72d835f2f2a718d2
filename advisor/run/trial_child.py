"""The child process of a trial: runs a part of the job under one strategy."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from advisor.measure.failed_inputs import Failures
from advisor.models import StartMethod, Strategy
from advisor.models.strategies import OWN_GIL
from advisor.run import reference_results
from advisor.run.equality import Comparison
from advisor.run.executors import open_executor
from advisor.run.worker import (
    Failure,
    await_or_report,
    call_named,
    call_or_report,
    call_with,
    load_named,
    run_coroutine,
)
from advisor.target.failures import first_line
from advisor.target.inputs import Call, load_calls, repeat_inputs

Send = Callable[[dict[str, Any]], None]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]

_CALLS_TO_SCALE = 3  # of each worker: fewer calls, including the first, do not show how long the others take
_CUT_OFF = 5.0  # a run is cut off after this many times the predicted seconds, and at least ...
_MIN_CUT_OFF = 2.0  # ... this many seconds
_MAX_REPEATED = 10  # calls that failed
_REPORT_EVERY = 0.25  # seconds between two messages from a run


def run_part(request: dict[str, Any], send: Send) -> dict[str, Any]:
    """Call the target `calls` times by a strategy; the seconds include starting and ending the pool.

    Returns {'failure', 'exception'}, why the strategy cannot be used, or 'calls', 'seconds', 'too_few', the indices
    of 'failed' calls if they `report` exceptions, and the parts of results that were 'compared' with the
    `reference`, 'differing' or 'uncomparable'.
    """
    send({"doing": "loading the target"})
    function = load_named(request["target"])
    if request["by_name"] and request["strategy"] in OWN_GIL:
        function = partial(call_named, request["target"])
    if request["report"]:
        function = partial(await_or_report if request["coroutine"] else call_or_report, function)
    calls = load_calls(request["inputs"], star=request["star"]) or [Call()]
    arguments = repeat_inputs([(call.args, call.kwargs) for call in calls], request["calls"])
    work = prepare_work(function, request["strategy"], arguments, coroutine=request["coroutine"])
    work = replace(work, start_method=request["start_method"])
    if request["replaced"]:
        work = _replace_shared(work, request["replaced"])
    send({"doing": "a call"})
    try:
        results, seconds = _run_timed(work, request["workers"], request["chunk"], request["predicted"], send)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (any exception of the target or the pool is a result of the trial)
        return {"failure": _describe(error), "exception": isinstance(error, Exception)}
    too_few = len(results) < min(_CALLS_TO_SCALE * request["workers"], request["calls"])
    send({"doing": "comparing the results"})
    found = _compare_results(results, request["strategy"], Path(request["reference"]))
    failed = [index for index, result in enumerate(results) if isinstance(result, Failure)]
    return {"calls": len(results), "seconds": seconds, "too_few": too_few, "failed": failed, "failure": None, **found}


def repeat_failed(request: dict[str, Any], send: Send) -> dict[str, Any]:
    """Make the calls that `failed` by a strategy, or a sample of them, one after the other.

    Returns {'inputs'}: the record of those inputs, or None if one of the calls works here.
    """
    send({"doing": "loading the target"})
    function = load_named(request["target"])
    if request["coroutine"]:
        function = partial(run_coroutine, function)
    calls = load_calls(request["inputs"], star=request["star"]) or [Call()]
    failed = sorted({index % len(calls) for index in request["failed"]})
    failures = Failures()
    failures.tried = min(request["calls"], len(calls))
    deadline = time.perf_counter() + _MIN_CUT_OFF
    for index in failed[:: -(-len(failed) // _MAX_REPEATED)]:
        send({"doing": "a call"})
        try:
            function(*calls[index].args, **calls[index].kwargs)
        except Exception as error:  # noqa: BLE001  (raised by the user's code)
            failures.add(index, error)
        else:
            return {"inputs": None}
        if time.perf_counter() > deadline:
            break
    record = failures.record(calls, calls)
    return {"inputs": None if record is None else record.model_dump() | {"count": len(failed)}}


def _compare_results(results: list[Any], strategy: Strategy, reference: Path) -> dict[str, Any]:
    """Write the reference if this is the plain loop's first run, else compare with it, if there is one."""
    comparison = Comparison()
    if reference.exists():
        comparison = reference_results.compare(results, reference)
    elif strategy == "sequential":
        with suppress(OSError):  # the disk is full: fewer results are compared, or none
            reference_results.write(results, reference)
    return {
        "compared": sorted(comparison.parts),
        "differing": comparison.differing,
        "uncomparable": sorted(comparison.uncomparable),
    }


@dataclass(frozen=True)
class Work:
    """A function for an executor, and one argument for each of its calls."""

    strategy: Strategy
    function: Callable[..., Any]
    arguments: list[Any]
    start_method: StartMethod | None = None  # of worker processes; None is the host's own
    receive: Callable[[Any], Any] | None = None  # called in this process with what a worker returns, for the result


def _replace_shared(work: Work, replaced: list[tuple[str, str, str]]) -> Work:
    """Replace what calls share, as the code of the advice does."""
    from advisor.run import remedies  # executes the text that scripts contain

    if work.strategy == "threading":
        remedies.make_per_thread(replaced)
        return work
    names = tuple((module, name) for module, name, _ in replaced)
    return replace(work, function=partial(remedies.call_and_note, names, work.function), receive=remedies.write_notes)


def prepare_work(function: Callable[..., Any], strategy: Strategy, calls: list[Arguments], *, coroutine: bool) -> Work:
    """Wrap the target as a user of that strategy would.

    A single positional argument is passed as it is; other arguments travel as one value. A coroutine function is
    awaited call by call on one event loop instead of a plain loop, and gets a loop for each call in a pool.
    """
    if coroutine:
        if strategy == "sequential":
            strategy = "asyncio"  # with a single slot
        elif strategy != "asyncio":
            function = partial(run_coroutine, function)
    if all(len(args) == 1 and not kwargs for args, kwargs in calls):
        return Work(strategy, function, [args[0] for args, _ in calls])
    return Work(strategy, partial(call_with, function), calls)


def _run_timed(work: Work, workers: int, chunk: int, predicted: float, send: Send) -> tuple[list[Any], float]:
    """Return the results and the seconds: of all calls, unless that takes far longer than predicted."""
    started = reported = time.perf_counter()
    deadline = started + max(_CUT_OFF * predicted, _MIN_CUT_OFF)
    results: list[Any] = []  # kept, as a job keeps them
    block = 1
    with open_executor(work.strategy, workers, work.start_method) as pool:
        returned = pool.map(work.function, work.arguments, chunksize=chunk)
        pending = returned if work.receive is None else map(work.receive, returned)
        while finished := list(islice(pending, block)):
            results += finished
            now = time.perf_counter()
            if now - reported > _REPORT_EVERY:
                send({"fraction": len(results) / len(work.arguments)})
                reported = now
            else:
                block *= 2  # reading the clock after every call would cost more than some calls
            if now > deadline and len(results) < len(work.arguments):
                pool.shutdown(wait=False, cancel_futures=True)
                return results, now - started
    return results, time.perf_counter() - started


def _describe(error: BaseException) -> str:
    """Return the type and the first line of an error."""
    text = first_line(error)
    return type(error).__name__ + (f": {text}" if text else "")
