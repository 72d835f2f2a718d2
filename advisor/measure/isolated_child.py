"""What runs in the target's process: load it, load its inputs, measure it."""

from __future__ import annotations

import multiprocessing.reduction  # noqa: F401  (now: the target's folder may hold another module of that name)
import sys
from collections.abc import Callable
from time import monotonic, perf_counter
from typing import Any

from advisor.measure.profiler import measure
from advisor.target.loader import check_arguments, find, load_calls
from advisor.target.sandbox import Message

LEAST = 0.5  # seconds for measuring, however long the import took
_TELL_EVERY = 0.1


def profile_target(request: Message, send: Callable[[Message], None]) -> Message:
    """Sandbox entry: target, inputs, seconds, watch, ends_at (on the monotonic clock) → profile, inputs_count."""
    spec: str = request["target"]
    sys.argv = [spec]
    send({"doing": f"importing {spec.rpartition(':')[0]}"})
    began = perf_counter()
    found = find(spec)
    function = found.function
    import_seconds = perf_counter() - began
    if request["inputs"] is not None:
        send({"doing": f"making the inputs {request['inputs']}"})
    calls = load_calls(request["inputs"])
    check_arguments(function, calls, spec)
    send({"doing": f"call 1 of {spec}"})
    seconds = max(request["ends_at"] - monotonic(), min(LEAST, request["seconds"]))
    profile = measure(
        function, calls, seconds=seconds, name=spec, watch=request["watch"], on_progress=_Teller(spec, send)
    )
    known = {"import_seconds": import_seconds, "reached": "object" if found.on_object else "name"}
    return {
        "profile": profile.model_copy(update=known).model_dump(mode="json"),
        "inputs_count": None if calls is None else len(calls),
    }


class _Teller:
    """Tells the parent how far the measuring is, a few times a second."""

    def __init__(self, spec: str, send: Callable[[Message], None]) -> None:
        self._spec = spec
        self._send = send
        self._told = perf_counter()

    def __call__(self, fraction: float, done: int, mean: float) -> None:
        now = perf_counter()
        if now - self._told < _TELL_EVERY and mean < _TELL_EVERY:
            return
        self._told = now
        so_far: dict[str, Any] = {"so_far": f"{done:,} calls measured so far, {mean:.3g} s each"}
        self._send({"doing": f"call {done + 1} of {self._spec}", "fraction": fraction, **so_far})
