"""Locks, queues, clocks and threads that the scheduler knows, in place of the standard library's.

Outside of a schedule they work as the originals. `threading`'s other classes (Condition, Event, Semaphore, Barrier) and
`queue`'s are written in Python on top of locks, so that replacing the locks is enough.
"""

from __future__ import annotations

import _thread
import queue
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any

from advisor.interleaving import originals, scheduler


class Lock:
    """A lock like `threading.Lock`."""

    __slots__ = ("__weakref__", "_real", "created_in", "holder", "place")

    def __init__(self) -> None:
        self._real = self._make()
        self.holder: scheduler.Scheduled | None = None
        self.place: Any = None
        self.created_in = scheduler.active

    @staticmethod
    def _make() -> Any:
        return originals.allocate_lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        me = scheduler.current_thread()
        if me is None or scheduler.active is None:
            return bool(self._real.acquire(blocking, timeout))
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        self._pass_point(me, scheduler.active)
        while not self._real.acquire(False):
            if not blocking or timeout == 0:
                return False
            me.waits_for = _awaited_condition(sys._getframe(1))
            if not scheduler.active.block(me, self, timeout):
                return False
        self._note_acquired(me, scheduler.active)
        return True

    def _pass_point(self, me: scheduler.Scheduled, active: scheduler.Scheduler) -> None:
        """Pass a step before the lock is acquired, if it is one that several threads use."""
        key = id(self)
        active.used_locks.add((me.number, key))
        is_shared = key in active.shared_locks
        if self.created_in is active:
            is_shared = any(number != me.number for number, other in active.used_locks if other == key)
        if is_shared:
            # Conditions and queues are written in Python: entering their methods is a check.
            me.checked |= active.is_in_library()
            active.point(me, active.locate())

    def _note_acquired(self, me: scheduler.Scheduled, active: scheduler.Scheduler) -> None:
        self.holder, self.place = me, active.locate()
        me.checked = True  # with a third caller around, it may have waited for the lock without the GIL
        me.held.append(self)
        if active.on_event:
            active.on_event(me, "acquires", self)

    def release(self) -> None:
        active, me = scheduler.active, scheduler.current_thread()
        self._real.release()
        if active is None:
            return
        holder, self.holder = self.holder, None
        if holder is not None and self in holder.held:
            holder.held.remove(self)
        active.wake(self)
        if me is not None and active.on_event:
            active.on_event(me, "releases", self)

    def locked(self) -> bool:
        if self._real.acquire(False):
            self._real.release()
            return False
        return True

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._real._at_fork_reinit()

    acquire_lock, release_lock, locked_lock = acquire, release, locked


def _awaited_condition(caller: FrameType) -> Any:
    """Return the lock of the condition whose `wait` acquires a lock; None if something else acquires it."""
    if caller.f_code is not threading.Condition.wait.__code__:
        return None
    return getattr(caller.f_locals.get("self"), "_lock", None)


class RLock(Lock):
    """A lock like `threading.RLock`."""

    __slots__ = ()

    @staticmethod
    def _make() -> Any:
        return originals.RLock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if self._real._is_owned():
            return bool(self._real.acquire(blocking, timeout))
        return Lock.acquire(self, blocking, timeout)

    def __enter__(self) -> bool:
        return self.acquire()

    def release(self) -> None:
        if not self._real._is_owned():
            self._real.release()  # raises
        state = self._real._release_save()
        if state[0] > 1:
            self._real._acquire_restore((state[0] - 1, state[1]))
            return
        self._real._acquire_restore(state)
        Lock.release(self)

    def locked(self) -> bool:
        return self._real._is_owned() or Lock.locked(self)

    def _is_owned(self) -> bool:
        return bool(self._real._is_owned())

    def _release_save(self) -> Any:
        state = self._real._release_save()
        self._real.acquire()
        Lock.release(self)
        return state

    def _acquire_restore(self, state: Any) -> None:
        Lock.acquire(self)
        self._real.release()
        while not self._real.acquire(False):
            pass
        for _ in range(state[0] - 1):
            self._real.acquire()

    def _recursion_count(self) -> int:
        return int(self._real._recursion_count())


def _sleep(seconds: float) -> None:
    me = scheduler.current_thread()
    if me is None or scheduler.active is None:
        originals.sleep(seconds)
    elif seconds < 0:
        raise ValueError("sleep length must be non-negative")
    else:
        scheduler.active.sleep(me, float(seconds), scheduler.active.locate())


def _clock(original: Callable[[], Any], scale: int = 0) -> Callable[[], Any]:
    """Return a clock that the sleeps of a schedule, which take no time, advance; `scale` is units a second."""

    def now() -> Any:
        active = scheduler.active
        if active is None or not active.slept:
            return original()
        return original() + (int(active.slept * scale) if scale else active.slept)

    now.__name__ = now.__qualname__ = getattr(original, "__name__", "clock")
    return now


def _starter(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that starts threads under the scheduler of the thread that starts them."""

    def start(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        me, active = scheduler.current_thread(), scheduler.active
        if me is None or active is None:
            return original(function, *arguments, **options)
        child = active.add()

        def run(*args: Any, **kwargs: Any) -> None:
            active.attach(child)
            try:
                function(*args, **kwargs)
            finally:
                sys.settrace(None)
                active.finish(child)

        return original(run, *arguments, **options)

    return start


def _join(thread: threading.Thread, timeout: float | None = None) -> None:
    me, active = scheduler.current_thread(), scheduler.active
    if me is not None and active is not None:
        other = active.by_ident.get(thread.ident or 0)
        while other is not None and other is not me and other.state != "done":
            if not active.block(me, other, -1.0 if timeout is None else max(0.0, timeout)):
                return
    originals.join(thread, timeout)


def _lock_files(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function like `fcntl.flock` that lets others run while the lock is taken."""

    def lock(descriptor: Any, operation: int, *arguments: Any) -> Any:
        import fcntl

        me, active = scheduler.current_thread(), scheduler.active
        if me is None or active is None or operation & (fcntl.LOCK_NB | fcntl.LOCK_UN):
            result = original(descriptor, operation, *arguments)
            if active is not None:
                active.activity += 1
            return result
        active.point(me, active.locate())
        while True:
            try:
                return original(descriptor, operation | fcntl.LOCK_NB, *arguments)
            except OSError as error:
                if not isinstance(error, (BlockingIOError, PermissionError)):
                    raise
            active.block(me, f"the lock of file {descriptor}", retry=True)

    return lock


_NOT_SCANNED = ("advisor", "importlib", "_frozen_importlib", "_thread", "_weakrefset")


def install() -> None:
    """Replace the primitives everywhere in the standard library that is imported so far."""
    replaced = _replacements()
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType) and not name.startswith(_NOT_SCANNED):
            _replace_in(module, replaced)
    for name, new in (("allocate_lock", Lock), ("allocate", Lock), ("RLock", RLock), ("lock", Lock)):
        if hasattr(_thread, name):
            setattr(_thread, name, new)
    _thread.start_new_thread = _starter(originals.start_new_thread)
    threading.Thread.join = _join  # type: ignore[method-assign,assignment]
    queue.SimpleQueue = queue._PySimpleQueue  # type: ignore[attr-defined,misc]


def _replacements() -> dict[int, Any]:
    pairs: list[tuple[Any, Any]] = [
        (originals.allocate_lock, Lock),
        (threading.Lock, Lock),
        (originals.RLock, RLock),
        (threading.RLock, RLock),
        (time.sleep, _sleep),
        (originals.start_new_thread, _starter(originals.start_new_thread)),
    ]
    if hasattr(_thread, "start_joinable_thread"):
        pairs.append((_thread.start_joinable_thread, _starter(_thread.start_joinable_thread)))
    for name in ("time", "monotonic", "perf_counter"):
        pairs.append((getattr(time, name), _clock(getattr(time, name))))
        nanoseconds = getattr(time, f"{name}_ns")
        pairs.append((nanoseconds, _clock(nanoseconds, 10**9)))
    try:
        import fcntl
    except ImportError:  # Windows
        return {id(old): new for old, new in pairs}
    pairs += [(fcntl.flock, _lock_files(fcntl.flock)), (fcntl.lockf, _lock_files(fcntl.lockf))]
    return {id(old): new for old, new in pairs}


def _replace_in(module: ModuleType, replaced: dict[int, Any]) -> None:
    for name, value in list(vars(module).items()):
        new = replaced.get(id(value))
        if new is not None:
            setattr(module, name, new)
