"""Watch what a call does to the state of its process: working directory, environment, streams, signal handlers, ….

State is compared before and after a call. What a call changes and restores shows while it runs: the functions and
attributes that change it are replaced for that time by ones that take note. Only the first two calls are watched.
"""

from __future__ import annotations

import builtins
import contextlib
import inspect
import io
import os
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from advisor.measure.await_gaps import Change
from advisor.measure.call_traces import Traces
from advisor.measure.introspection import module_origin
from advisor.measure.noting import noting
from advisor.models import Safety, Touch
from advisor.models.resources.effects import RESOURCES
from advisor.target.inputs import Call

_STREAMS = ("stdin", "stdout", "stderr")
_FILE_LOCK = "file lock"  # noted too, since files that are written under one are safe
_WRITING = frozenset("wx")
_CALLERS = 5  # of signal.signal that are looked at
_in_use = threading.Lock()
_MAX_PLACES = 50  # in which a call changes the same
_MAX_PATHS = 1_000  # that a call opens for writing


class ProcessStateWatch:
    """Notes what the first two calls change; `touches()` says what concurrent calls would disturb."""

    def __init__(self) -> None:
        self._changes: list[set[str]] = []  # of each call, by the keys of RESOURCES
        self._written: list[set[str]] = []  # paths, of each call
        self._noted: list[_Noted] = []
        self._traces = Traces(set(), set())
        self._calls: list[Call] = []

    @contextlib.contextmanager
    def inspect_call(self, call: Call) -> Iterator[None]:
        """Watch one call."""
        if not _in_use.acquire(blocking=False):  # two watches at once would undo each other's work
            yield
            return
        with contextlib.ExitStack() as stack:
            stack.callback(_in_use.release)
            yield from self._watch(call)

    def _watch(self, call: Call) -> Iterator[None]:
        noted, written = _Noted(), _Noted()
        before = _state()
        with _noting(noted, written), self._traces.watch():
            yield
        after = _state()
        left = {key for key, value in before.items() if after.get(key) != value}
        noted.left |= left
        noted |= left
        self._changes.append(noted)
        self._written.append(written)
        self._noted = [noted, written]
        self._calls.append(call)

    @property
    def traces(self) -> Traces:
        """What the watched calls left outside of the process."""
        return self._traces

    def changes(self) -> dict[str, Change]:
        """Return where the last call that was watched changed state, and which files it wrote, by name."""
        return {_text(key): noted.change(key) for noted in self._noted for key in noted}

    def touches(self) -> tuple[Touch, ...]:
        """Return the state that calls change every time; what only the first one does is setting up."""
        if not self._changes:
            return ()
        keys = self._changes[-1] | ({"signal handlers"} & self._changes[0])
        states = [
            Touch(
                name=key,
                kind="process state",
                resource=key,
                threads=RESOURCES[key].threads,
                fork=RESOURCES[key].fork,
                spawn=RESOURCES[key].spawn,
            )
            for key in sorted(keys - {_FILE_LOCK})
        ]
        paths = [_path_touch(path) for path in sorted(self._paths_of_every_call())]
        return (*states, *paths)

    def _paths_of_every_call(self) -> set[str]:
        """Return the files that two calls with different arguments both wrote anew."""
        if len(self._written) < 2 or {_FILE_LOCK} & set().union(*self._changes):
            return set()
        first, second = self._calls[0], self._calls[-1]
        with contextlib.suppress(Exception):  # arguments may refuse to be compared
            if (first.args or first.kwargs) and repr((first.args, first.kwargs)) == repr((second.args, second.kwargs)):
                return set()
        thread = threading.current_thread()
        own = (str(thread.ident), str(thread.native_id), thread.name)  # in a path that each thread has for itself
        return {
            path
            for path in self._written[0] & self._written[-1]
            if not path.startswith(("/dev/", "/proc/")) and not any(name in path for name in own)
        }


def _path_touch(path: str) -> Touch:
    """Return the touch of a file that every call writes anew; with the process id in its name, it is one a process."""
    in_processes: Safety = "safe" if str(os.getpid()) in Path(path).name else "unsafe"
    return Touch(
        name=_text(path), kind="file", resource="fixed path", threads="unsafe", fork=in_processes, spawn=in_processes
    )


def _text(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()


class _Noted(set[str]):
    """Names of what was changed, and the lines of the coroutines in which it was."""

    def __init__(self) -> None:
        super().__init__()
        self.left: set[str] = set()  # what was not restored
        self._places: dict[str, list[tuple[CodeType, int] | None]] = {}

    def add(self, name: str) -> None:
        super().add(name)
        places = self._places.setdefault(name, [])
        if len(places) < _MAX_PLACES:
            places.append(_coroutine_line(sys._getframe(1)))

    def change(self, name: str) -> Change:
        """Return what is known about a change; what was changed once was not restored."""
        places = self._places.get(name, [])
        known = frozenset(place for place in places if place is not None) if None not in places else frozenset()
        return Change(known, restored=len(places) > 1 and name not in self.left)


def _coroutine_line(frame: FrameType | None) -> tuple[CodeType, int] | None:
    """Return the innermost coroutine that runs, and its line; None in a thread without one."""
    while frame is not None:
        code = frame.f_code
        if code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
            return (
                None if frame.f_globals.get("__name__", "").startswith("advisor.measure.") else (code, frame.f_lineno)
            )
        frame = frame.f_back
    return None


def _state() -> dict[str, object]:
    """Return what can be compared, by the keys of RESOURCES."""
    state: dict[str, object] = {
        "environment": dict(os.environ),
        "standard streams": [id(getattr(sys, name, None)) for name in _STREAMS],
        "import path": list(sys.path),
    }
    with contextlib.suppress(OSError):  # the folder is gone
        state["working directory"] = str(Path.cwd())
    return state


@contextlib.contextmanager
def _noting(noted: set[str], written: set[str]) -> Iterator[None]:
    """Take note of changes while the block runs."""
    with contextlib.ExitStack() as stack:
        for module, name, key, matters in _WATCHED:
            if isinstance(module, str):
                module = sys.modules.get(module)
            if module is not None and hasattr(module, name):
                stack.enter_context(_watched_function(module, name, key, matters, noted))
        for module in (builtins, io):
            stack.enter_context(_watched_open(module, written))
        stack.enter_context(_watched_import_path(noted))
        stack.enter_context(_watched_attributes(sys, _stream_replaced, noted))
        stack.enter_context(_watched_attributes(warnings, _warnings_replaced, noted))
        yield


def _always(*args: Any) -> bool:
    return True


def _changes_folder(path: Any) -> bool:
    try:
        return not Path(path).samefile(Path.cwd())
    except (OSError, TypeError):
        return True


def _changes_variable(key: Any, value: Any = None) -> bool:
    return value is None or os.environ.get(os.fsdecode(key)) != os.fsdecode(value)


def _sets_locale(category: Any, locale: Any = None) -> bool:
    return locale is not None


def _is_lock_file(path: Any, flags: int) -> bool:
    """Return True if a file is made that must not exist, and whose name tempfile did not make up."""
    return bool(flags & os.O_EXCL) and not Path(os.fsdecode(path)).name.startswith(tempfile.gettempprefix())


def _fails_in_threads(*args: Any) -> bool:
    """Return False if a caller looks first whether this is the main thread, as asyncio.run does."""
    frame, depth = sys._getframe(3), 0
    while frame is not None and depth < _CALLERS:
        if "main_thread" in frame.f_code.co_names:
            return False
        frame, depth = frame.f_back, depth + 1  # type: ignore[assignment]
    return True


# Where the function is found, the resource that it changes, and whether a call of it with these arguments does.
_WATCHED: tuple[tuple[Any, str, str, Callable[..., bool]], ...] = (
    (os, "chdir", "working directory", _changes_folder),
    (os, "fchdir", "working directory", _always),
    (os, "putenv", "environment", _changes_variable),
    (os, "unsetenv", "environment", _always),
    (os, "umask", "umask", _always),
    ("_signal", "signal", "signal handlers", _fails_in_threads),
    (os, "open", _FILE_LOCK, lambda path, flags, *rest, **more: _is_lock_file(path, flags)),
    (signal, "set_wakeup_fd", "signal handlers", _fails_in_threads),
    ("locale", "setlocale", "locale", _sets_locale),
    ("socket", "setdefaulttimeout", "socket time-out", _always),
    ("fcntl", "flock", _FILE_LOCK, _always),
    ("fcntl", "lockf", _FILE_LOCK, _always),
)


def _watched_function(
    module: Any, name: str, key: str, matters: Callable[..., bool], noted: set[str]
) -> contextlib.AbstractContextManager[None]:
    def note(*args: Any, **kwargs: Any) -> None:
        if matters(*args, **kwargs):
            noted.add(key)

    return noting(module, name, note)


def _watched_open(module: Any, written: set[str]) -> contextlib.AbstractContextManager[None]:
    def note(file: Any, mode: Any = "r", *args: Any, **kwargs: Any) -> None:
        is_path = not isinstance(file, int) and "opener" not in kwargs  # tempfile's opener takes another path
        if _WRITING & set(mode) and is_path and len(written) < _MAX_PATHS:
            written.add(os.path.abspath(os.fsdecode(file)))  # noqa: PTH100  (follows the folder of this moment)

    return noting(module, "open", note)


@contextlib.contextmanager
def _watched_import_path(noted: set[str]) -> Iterator[None]:
    """Take note of changes of sys.path that are undone before the call ends."""

    class Watched(list[str]):
        def _note(self, method: str, *args: Any) -> Any:
            noted.add("import path")
            return getattr(super(), method)(*args)

    for method in ("insert", "append", "extend", "remove", "pop", "clear", "__setitem__", "__delitem__", "__iadd__"):
        setattr(Watched, method, lambda self, *args, method=method: Watched._note(self, method, *args))
    original, before = sys.path, list(sys.path)
    watched = sys.path = Watched(original)
    try:
        yield
    finally:
        if sys.path is watched:
            if original == before:  # else code that holds the list itself changed it
                original[:] = watched
            sys.path = original


@contextlib.contextmanager
def _watched_attributes(module: ModuleType, change: Callable[[str, Any], str], noted: set[str]) -> Iterator[None]:
    """Take note of attributes of a module that are set to something else."""

    class Watched(ModuleType):
        def __setattr__(self, name: str, value: Any) -> None:
            with contextlib.suppress(Exception):
                if key := change(name, value):
                    noted.add(key)
            super().__setattr__(name, value)

    original = module.__class__
    try:
        module.__class__ = Watched
    except TypeError:  # an interpreter that does not allow it
        yield
        return
    try:
        yield
    finally:
        module.__class__ = original


def _is_by_user() -> bool:
    """Return True if the user's code is the first outside of the standard library that led to a change of filters."""
    frame = sys._getframe(3)
    while frame is not None:
        origin = module_origin(frame.f_globals.get("__name__"))
        if origin != "other":
            return origin == "user"
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _stream_replaced(name: str, value: Any) -> str:
    return "standard streams" if name in _STREAMS and value is not getattr(sys, name, None) else ""


def _warnings_replaced(name: str, value: Any) -> str:
    """Return a change that decides what calls return: warnings that the user's code records or raises.

    A library that records warnings for itself, as scikit-learn does, loses one at most.
    """
    if not _is_by_user():
        return ""
    if name == "_showwarnmsg_impl" and value != getattr(warnings, name, None):
        return "warning filters"
    if name == "filters":
        raised = [entry for entry in warnings.filters if entry[0] == "error" and entry not in value]
        return "warning filters" if raised else ""
    return ""
