"""Find the resources that a call holds exclusively: locks, semaphores, pools, file locks.

A single call never waits for them, so no clock shows them. Some more calls are made, one after the other, while a
second thread samples which resources are in use: those that were free before are held by the call. It finds file locks
(Linux) and the resources that can be reached from the function by names and attributes. The elements of lists and
dictionaries are not followed: there are several of them, and the next call may use another.
"""

from __future__ import annotations

import functools
import gc
import os
import queue
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from types import FunctionType, MethodType, ModuleType
from typing import Any, Literal

from advisor.measure.introspection import LruCacheWrapper, closure_values, module_origin
from advisor.measure.meter import exit_if_forked
from advisor.models import HeldResource
from advisor.target.inputs import Call

SAMPLING_INTERVAL = 0.5e-3  # seconds
SWITCH_INTERVAL = 20e-6  # seconds that Python code may go on when a sample is due
MIN_SHARE = 0.05  # of a call's time
MIN_SAMPLES = 20
_MAX_OBJECTS = 20_000
_MAX_DEPTH = 4  # attributes from what the function names
_LOCKS = (type(threading.Lock()), type(threading.RLock()))


@dataclass(frozen=True)
class _Resource:
    """Something that a limited number of calls can have at a time; `free` returns how many more can have it now."""

    name: str
    kind: Literal["lock", "semaphore", "pool"]
    free: Callable[[], int]
    everywhere: bool = False  # for all processes, not only for the threads of one


def find_held_resources(
    function: Callable[..., Any], calls: Sequence[Call] | None, call_seconds: float, seconds: float
) -> tuple[HeldResource, ...]:
    """Make more calls, which take `call_seconds` each, for so many seconds and return what they hold noticeably long.

    Nothing is called if two calls do not fit, and a call that raises ends this quietly.
    """
    if 2 * call_seconds > seconds:
        return ()
    arguments = list(calls) if calls else [Call()]
    watcher = _Watcher(_resources(function, arguments))
    ends = perf_counter() + seconds
    done, owner = 0, os.getpid()
    with watcher, suppress(Exception, SystemExit):
        while perf_counter() + call_seconds < ends or done < 2:
            call = arguments[done % len(arguments)]
            try:
                function(*call.args, **call.kwargs)
            except BaseException as error:
                exit_if_forked(owner, error)
                raise
            exit_if_forked(owner)
            done += 1
    return watcher.held(call_seconds)


class _Watcher:
    """A thread that samples resources and the locks of files until the block ends."""

    def __init__(self, resources: Sequence[_Resource]) -> None:
        self._resources = [(resource, free) for resource in resources if (free := resource.free()) > 0]
        self._in_use: Counter[str] = Counter()
        self._locked_files: dict[str, str] = {}
        self._samples = 0
        self._stopped = threading.Event()
        self._switch_interval = sys.getswitchinterval()
        self._locked_before = frozenset(_file_locks())
        self._thread = threading.Thread(target=self._watch, name="advisor-lock-watcher", daemon=True)

    def __enter__(self) -> _Watcher:
        # A sample is taken when Python releases the GIL: late, and rather during a wait than before it.
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        sys.setswitchinterval(self._switch_interval)

    def held(self, call_seconds: float) -> tuple[HeldResource, ...]:
        """Return the resources held for a noticeable part of the calls, the longest first."""
        if self._samples < MIN_SAMPLES:
            return ()

        def seconds(key: str) -> float:
            return self._in_use[key] / self._samples * call_seconds

        held = [
            HeldResource(name=r.name, kind=r.kind, places=free, seconds=seconds(r.name), everywhere=r.everywhere)
            for r, free in self._resources
        ]
        held += [
            HeldResource(name=name, kind="file lock", places=1, seconds=seconds(inode), everywhere=True)
            for inode, name in self._locked_files.items()
        ]
        noticeable = (resource for resource in held if resource.seconds >= MIN_SHARE * call_seconds)
        return tuple(sorted(noticeable, key=lambda resource: -resource.seconds))

    def _watch(self) -> None:
        while not self._stopped.is_set():
            sleep(SAMPLING_INTERVAL)
            self._samples += 1
            for resource, before in self._resources:
                if resource.free() < before:
                    self._in_use[resource.name] += 1
            for inode in _file_locks():
                if inode not in self._locked_before:
                    self._in_use[inode] += 1
                    if inode not in self._locked_files:
                        self._locked_files[inode] = _path(inode)


def _file_locks() -> set[str]:
    """Return device and inode of the files that this process has locked for itself, as far as /proc/locks tells."""
    try:
        lines = Path("/proc/locks").read_text("ascii").splitlines()
    except (OSError, ValueError):
        return set()
    own = str(os.getpid())
    rows = (line.split() for line in lines if " WRITE " in line)
    return {row[5] for row in rows if len(row) > 5 and row[1] != "->" and row[4] == own}


def _path(inode: str) -> str:
    """Return the name of an open file, found by its device and inode in /proc/locks."""
    number = int(inode.rpartition(":")[2])
    with suppress(OSError):
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                if descriptor.stat().st_ino == number:
                    return str(descriptor.readlink())
    return "a file"


def _resources(function: Callable[..., Any], calls: Sequence[Call]) -> list[_Resource]:
    """Return the locks, semaphores and pools that can be reached from the function and from arguments of all calls."""
    found: list[_Resource] = []
    seen: set[int] = set()
    pending = deque((thing, name, 0) for name, thing in _roots(function, calls))
    while pending and len(seen) < _MAX_OBJECTS:
        thing, name, depth = pending.popleft()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        with suppress(Exception):  # a user's proxy raises when it is asked for its class
            resource = _as_resource(thing, name)
            if resource is not None:
                found.append(resource)
            elif depth < _MAX_DEPTH:
                pending.extend((part, _joined(name, label), depth + 1) for label, part in _parts(thing))
    return found


def _roots(function: Callable[..., Any], calls: Sequence[Call]) -> Iterator[tuple[str, Any]]:
    yield getattr(function, "__name__", ""), function
    first = calls[0]
    for index, argument in enumerate(first.args):
        if len(calls) > 1 and all(len(call.args) > index and call.args[index] is argument for call in calls):
            yield f"argument {index + 1}", argument


def _joined(name: str, label: str) -> str:
    if not label or name == label or name.endswith(f".{label}"):
        return name or label
    return f"{name}.{label}" if name else label


def _parts(thing: Any) -> Iterable[tuple[str, Any]]:
    """Return the named parts of an object; of functions and modules those of the user and of installed packages."""
    if isinstance(thing, MethodType):
        return [("", thing.__self__), ("", thing.__func__)]
    if isinstance(thing, functools.partial):
        return [("", part) for part in (thing.func, *thing.args)]
    if isinstance(thing, LruCacheWrapper):
        return _cached(thing)
    if isinstance(thing, FunctionType):
        wrapped = getattr(thing, "__wrapped__", None)
        module = sys.modules.get(thing.__module__)
        parts = (wrapped, *closure_values(thing).values(), module)
        return [("", part) for part in parts if part is not None]
    if isinstance(thing, ModuleType):
        return list(vars(thing).items()) if module_origin(thing.__name__) != "other" else []
    if isinstance(thing, threading.local):
        return []  # each thread has its own
    if isinstance(thing, type):
        # Its module first: a wrapper of C code that is not thread-safe keeps one lock for all callers.
        module = sys.modules.get(thing.__module__)
        is_followed = module is not None and module_origin(thing.__module__) != "other"
        return [("", module), *_attributes(thing)] if is_followed else []
    return _attributes(thing)


def _cached(wrapper: Any) -> list[tuple[str, Any]]:
    """Return the wrapped function, and the cached result if there is one only: several are not for all calls."""
    caches = [thing for thing in gc.get_referents(wrapper) if isinstance(thing, dict) and "__wrapped__" not in thing]
    results = [result for cache in caches for result in cache.values()]
    function = [("", wrapper.__wrapped__)]
    return [*function, (wrapper.__name__, results[0])] if len(results) == 1 else function


def _attributes(thing: Any) -> list[tuple[str, Any]]:
    try:
        found = dict(vars(thing))
    except Exception:  # noqa: BLE001  (a user's __dict__)
        return []
    if found.get("block") is False:  # urllib3's pools open another connection then, where others let callers wait
        return [(name, part) for name, part in found.items() if not isinstance(part, queue.Queue)]
    return list(found.items())


def _as_resource(thing: Any, name: str) -> _Resource | None:
    """Return the object as a resource if it is one; semaphores and queues tell how much is free only privately."""
    if isinstance(thing, _LOCKS):
        return _Resource(name, "lock", lambda: 0 if _is_locked(thing) else 1)
    if isinstance(thing, threading.Semaphore):
        return _Resource(name, "semaphore", lambda: thing._value)
    if isinstance(thing, queue.Queue):
        return _Resource(name, "pool", lambda: len(thing.queue))
    lock = getattr(type(thing), "__module__", "") == "multiprocessing.synchronize" and getattr(thing, "_semlock", None)
    if lock:
        kind: Literal["lock", "semaphore"] = "lock" if lock.maxvalue == 1 else "semaphore"
        return _Resource(name, kind, lambda: max(0, lock._get_value()), everywhere=True)
    return None


def _is_locked(lock: Any) -> bool:
    if hasattr(lock, "locked"):
        return bool(lock.locked())
    return repr(lock).startswith("<locked")  # an RLock before 3.14
