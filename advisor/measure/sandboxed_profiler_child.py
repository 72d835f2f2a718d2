"""The child's side of `sandboxed_profiler`: load the target and its inputs, measure it, answer with the profile."""

from __future__ import annotations

import multiprocessing.reduction  # noqa: F401  (now: the target's folder may hold another module of that name)
import sys
from collections.abc import Callable
from time import monotonic, perf_counter

from advisor.errors import UsageError
from advisor.measure import deferred_results, runner
from advisor.measure.profiler import profile_workload
from advisor.target.inputs import check_arguments, load_calls
from advisor.target.loader import load_target
from advisor.target.notebook_file import is_notebook
from advisor.target.sandbox_supervisor import Message

_MIN_SECONDS = 0.5  # for measuring, however long the import took
_REPORT_INTERVAL = 0.1  # seconds between two messages


def serve_profile(request: Message, send: Callable[[Message], None]) -> Message:
    """Answer a request of `sandboxed_profiler` with the profile and the number of inputs.

    The request's `ends_at` is on the monotonic clock.
    """
    spec: str = request["target"]
    sys.argv = [spec]
    source = spec.rpartition(":")[0]
    in_notebook = is_notebook(source)
    send({"doing": f"{'running the cells of' if in_notebook else 'importing'} {source}"})
    began = perf_counter()
    target = load_target(spec)
    if in_notebook and target.is_bound:
        raise UsageError(f"{spec} is a method: name a function that creates the object and calls the method")
    import_seconds = None if in_notebook else perf_counter() - began  # workers do not run the cells
    if request["inputs"] is not None:
        send({"doing": f"making the inputs {request['inputs']}"})
    calls = load_calls(request["inputs"], star=request["star"])
    check_arguments(target.function, calls, spec)
    send({"doing": f"call 1 of {spec}"})
    seconds = max(request["ends_at"] - monotonic(), min(_MIN_SECONDS, request["seconds"]))
    is_coroutine = deferred_results.is_coroutine_function(target.function)
    workload = runner.Workload(target.function, calls, spec, is_coroutine, import_seconds, in_notebook)
    report = _progress_reporter(spec, send)
    profile = profile_workload(
        workload, seconds=seconds, watch=request["watch"], on_progress=report, two_calls=request["two_calls"]
    )
    known = {"reached": "notebook" if in_notebook else "object" if target.is_bound else "name"}
    return {
        "profile": profile.model_copy(update=known).model_dump(mode="json"),
        "inputs_count": None if calls is None else calls.total,
        "forms": [] if calls is None else sorted(calls.forms),
    }


def _progress_reporter(spec: str, send: Callable[[Message], None]) -> runner.OnProgress:
    """Return a function that sends the progress to the parent, a few times a second."""
    sent_at = perf_counter()

    def report(fraction: float, done: int, mean: float) -> None:
        nonlocal sent_at
        now = perf_counter()
        if now - sent_at > _REPORT_INTERVAL or mean > _REPORT_INTERVAL:
            sent_at = now
            so_far = f"{done:,} call{'s' if done > 1 else ''} measured so far, {mean:.3g} s each"
            send({"doing": f"call {done + 1} of {spec}", "fraction": fraction, "so_far": so_far})

    return report
