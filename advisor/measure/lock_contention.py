"""What a call holds that others would have to wait for: locks, places in a pool or a semaphore, locks on files.

One call alone never waits for them, so no clock shows them. They are looked at from a second thread while some more
calls run, one after the other as ever: what is taken at a look, and was not before, is held by the call. Found are the
locks of files (Linux) and what can be reached from the function by names and attributes. What lies in a list or a
dictionary is not followed: of those there are several, and the next call might take another.
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
from typing import Any

from advisor.measure.meter import end_fork
from advisor.models import HeldResource
from advisor.target.loader import Call

INTERVAL = 0.5e-3  # seconds between two looks
PROMPTLY = 20e-6  # seconds that Python code may go on when a look is due
NOTICEABLE = 0.05  # of a call's time
FEWEST_LOOKS = 20
_MOST_OBJECTS = 20_000
_DEEPEST = 4  # attributes from what the function names
_LOCKS = (type(threading.Lock()), type(threading.RLock()))
_STANDARD_LIBRARY = Path(os.__file__).parent
_OURS = Path(__file__).parent.parent


@dataclass(frozen=True)
class _Place:
    """Something that a limited number of calls can have at a time; `free` tells how many more there are now."""

    name: str
    kind: str
    free: Callable[[], int]
    everywhere: bool = False  # for all processes, not only for the threads of one


def look(
    function: Callable[..., Any], calls: Sequence[Call] | None, wall: float, seconds: float
) -> tuple[HeldResource, ...]:
    """What calls of `function`, which take `wall` seconds each, hold: called one after the other for about `seconds`.

    Nothing where so few calls fit in that no two of them can be compared. A call that raises ends it, and a process
    that a call forked ends where the call does.
    """
    if 2 * wall > seconds:
        return ()
    given = list(calls) if calls else [Call()]
    watcher = _Watcher(_places(function, given))
    ends = perf_counter() + seconds
    done, owner = 0, os.getpid()
    with watcher, suppress(Exception, SystemExit):
        while perf_counter() + wall < ends or done < 2:
            call = given[done % len(given)]
            try:
                function(*call.args, **call.kwargs)
            except BaseException as error:
                end_fork(owner, error)
                raise
            end_fork(owner)
            done += 1
    return watcher.found(wall)


class _Watcher:
    """A thread that looks at places and files' locks until the block ends."""

    def __init__(self, places: Sequence[_Place]) -> None:
        self._places = [(place, free) for place in places if (free := place.free()) > 0]
        self._taken: Counter[str] = Counter()
        self._files: dict[str, str] = {}
        self._looks = 0
        self._over = threading.Event()
        self._interval = sys.getswitchinterval()
        self._before = frozenset(_file_locks())
        self._thread = threading.Thread(target=self._watch, name="advisor-held", daemon=True)

    def __enter__(self) -> _Watcher:
        # A look comes when Python lets go of the GIL: later than it was meant to, and rather in a wait than before it.
        sys.setswitchinterval(PROMPTLY)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        sys.setswitchinterval(self._interval)

    def found(self, wall: float) -> tuple[HeldResource, ...]:
        """What was held for a noticeable part of the calls, which take `wall` seconds each, the longest first."""
        if self._looks < FEWEST_LOOKS:
            return ()
        held = [
            HeldResource(
                name=place.name, kind=place.kind, places=free, seconds=self._share(place.name) * wall,
                everywhere=place.everywhere,
            )
            for place, free in self._places
        ] + [
            HeldResource(name=name, kind="file lock", places=1, seconds=self._share(inode) * wall, everywhere=True)
            for inode, name in self._files.items()
        ]  # fmt: skip
        return tuple(sorted((one for one in held if one.seconds >= NOTICEABLE * wall), key=lambda one: -one.seconds))

    def _share(self, name: str) -> float:
        return self._taken[name] / self._looks

    def _watch(self) -> None:
        while not self._over.is_set():
            sleep(INTERVAL)
            self._looks += 1
            for place, before in self._places:
                if place.free() < before:
                    self._taken[place.name] += 1
            for inode in _file_locks():
                if inode not in self._before:
                    self._taken[inode] += 1
                    if inode not in self._files:
                        self._files[inode] = _path(inode)


def _file_locks() -> set[str]:
    """Device and inode of the files that this process has locked for itself; none where the system does not tell."""
    try:
        lines = Path("/proc/locks").read_text("ascii").splitlines()
    except (OSError, ValueError):
        return set()
    own = str(os.getpid())
    fields = (line.split() for line in lines if " WRITE " in line)
    return {one[5] for one in fields if len(one) > 5 and one[1] != "->" and one[4] == own}


def _path(inode: str) -> str:
    """The name of an open file by its place in /proc/locks."""
    number = int(inode.rpartition(":")[2])
    with suppress(OSError):
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                if descriptor.stat().st_ino == number:
                    return str(descriptor.readlink())
    return "a file"


def _places(function: Callable[..., Any], calls: Sequence[Call]) -> list[_Place]:
    """The locks, semaphores and pools that the function and the arguments of all its calls lead to."""
    found: list[_Place] = []
    seen: set[int] = set()
    pending = deque((thing, name, 0) for name, thing in _roots(function, calls))
    while pending and len(seen) < _MOST_OBJECTS:
        thing, name, depth = pending.popleft()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        with suppress(Exception):  # a proxy of the user's raises when it is asked for its class
            place = _place(thing, name)
            if place is not None:
                found.append(place)
            elif depth < _DEEPEST:
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
    """What belongs to a thing, by name; of functions and modules those of the user's and of other packages."""
    if isinstance(thing, MethodType):
        return [("", thing.__self__), ("", thing.__func__)]
    if isinstance(thing, functools.partial):
        return [("", part) for part in (thing.func, *thing.args)]
    if isinstance(thing, functools._lru_cache_wrapper):
        return _cached(thing)
    if isinstance(thing, FunctionType):
        wrapped = getattr(thing, "__wrapped__", None)
        cells = [cell.cell_contents for cell in thing.__closure__ or () if _filled(cell)]
        module = sys.modules.get(thing.__module__)
        return [("", part) for part in (wrapped, *cells, module) if part is not None]
    if isinstance(thing, ModuleType):
        return list(vars(thing).items()) if _is_foreign(thing) else []
    if isinstance(thing, threading.local):
        return []  # each thread has its own
    if isinstance(thing, type):
        module = sys.modules.get(thing.__module__)
        # Its module first: what wraps C code that is not safe for threads keeps one lock for all who come.
        return [] if module is None or not _is_foreign(module) else [("", module), *_attributes(thing)]
    return _attributes(thing)


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _cached(wrapper: Any) -> list[tuple[str, Any]]:
    """What a function remembers to have returned, if that is one thing: several are not for all calls."""
    remembered = [
        thing for thing in gc.get_referents(wrapper) if isinstance(thing, dict) and "__wrapped__" not in thing
    ]
    values = [value for cache in remembered for value in cache.values()]
    found = [("", wrapper.__wrapped__)]
    return [*found, (wrapper.__name__, values[0])] if len(values) == 1 else found


def _attributes(thing: Any) -> list[tuple[str, Any]]:
    try:
        found = dict(vars(thing))
    except Exception:  # noqa: BLE001  (a __dict__ of the user's)
        return []
    if found.get("block") is False:  # urllib3's pools make another connection then, where others let wait
        return [(name, part) for name, part in found.items() if not isinstance(part, queue.Queue)]
    return list(found.items())


def _is_foreign(module: ModuleType) -> bool:
    """Neither the standard library's nor ours."""
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        return module.__name__ == "__main__"
    path = Path(file)
    if path.is_relative_to(_OURS):
        return False
    return not path.is_relative_to(_STANDARD_LIBRARY) or "site-packages" in path.parts


def _place(thing: Any, name: str) -> _Place | None:
    """The thing as something that a limited number of calls can have at a time, if it is that."""
    if isinstance(thing, _LOCKS):
        return _Place(name, "lock", lambda: 0 if _locked(thing) else 1)
    if isinstance(thing, threading.Semaphore):
        return _Place(name, "semaphore", lambda: thing._value)
    if isinstance(thing, queue.Queue):
        return _Place(name, "pool", lambda: len(thing.queue))
    lock = getattr(type(thing), "__module__", "") == "multiprocessing.synchronize" and getattr(thing, "_semlock", None)
    if lock:
        kind = "lock" if lock.maxvalue == 1 else "semaphore"
        return _Place(name, kind, lambda: max(0, lock._get_value()), everywhere=True)
    return None


def _locked(lock: Any) -> bool:
    if hasattr(lock, "locked"):
        return bool(lock.locked())
    return repr(lock).startswith("<locked")  # an RLock before 3.14
