"""The child's side of `lock_cost`: measure the calls, and how long they hold the lock."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from advisor.errors import TargetError
from advisor.interleaving.child import load_target
from advisor.interleaving.files import FileKeeper, NotRestorableError
from advisor.interleaving.replaced_sources import replace_sources
from advisor.measure.introspection import plain_function
from advisor.target.inputs import Call
from advisor.target.sandbox_supervisor import Message

_PROFILE_SHARE = 0.6  # of the time
_MAX_CALLS = 10_000


class TimedLock:
    """A lock that adds up the time for which it is held."""

    def __init__(self, lock: Any) -> None:
        self.lock = lock
        self.seconds = 0.0
        self._depth = 0
        self._since = 0.0

    def __enter__(self) -> None:
        self.lock.acquire()
        self._depth += 1
        if self._depth == 1:
            self._since = perf_counter()

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self.seconds += perf_counter() - self._since
        self.lock.release()


def serve(request: Message, send: Callable[[Message], None]) -> Message:
    """Answer with the profile of the calls, and the seconds for which each holds the lock."""
    from advisor.measure import runner
    from advisor.measure.profiler import profile_workload
    from advisor.target.inputs import as_calls

    spec, seconds = request["target"], request["seconds"]
    sys.argv = [spec]
    replace_sources(request["sources"])
    keeper = FileKeeper(Path(request["folder"]))
    function, loaded = load_target(request)
    calls = [Call(call.args, call.kwargs) for call in loaded]
    keeper.is_watching = True
    try:
        send({"doing": f"measuring {spec}"})
        held = _held_seconds(function, calls, _namespaces(function, request["file"]), request)
        workload = runner.Workload(function, as_calls(calls, star=False), spec, False)
        profile = profile_workload(workload, seconds=_PROFILE_SHARE * seconds)
    except NotRestorableError as error:
        raise TargetError(f"{spec} cannot be measured: {error}") from error
    finally:
        keeper.is_watching = False
    return {"profile": profile.model_dump(mode="json"), "held": held}


def _namespaces(function: Callable[..., Any], file: str) -> list[dict[str, Any]]:
    """Return the globals in which the lock may be."""
    modules = [vars(module) for module in list(sys.modules.values()) if getattr(module, "__file__", None) == file]
    plain = plain_function(function)
    return [*modules, getattr(plain, "__globals__", {})]


def _held_seconds(
    function: Callable[..., Any], calls: Sequence[Call], namespaces: Sequence[dict[str, Any]], request: Message
) -> float:
    """Make calls with a timed lock, and return the seconds for which one holds it."""
    name = request["lock"]
    timed = TimedLock(next(names[name] for names in namespaces if name in names))
    ends = perf_counter() + (1 - _PROFILE_SHARE) * request["seconds"] / 2
    with contextlib.ExitStack() as undo:
        for names in namespaces:
            if name in names:
                undo.callback(names.__setitem__, name, names[name])
                names[name] = timed
        for done in range(1, _MAX_CALLS):
            call = calls[(done - 1) % len(calls)]
            function(*call.args, **call.kwargs)
            if perf_counter() > ends:
                break
    return timed.seconds / done
