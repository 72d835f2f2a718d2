"""Watch what a call does to the state of its process: working directory, environment, streams, signal handlers, ….

State is compared before and after a call. A change that the call restores is seen while the call runs: the
functions and attributes that make it are replaced with recording ones. Only the first two calls are watched.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from advisor.measure.introspection import module_origin
from advisor.measure.shared_state.await_gaps import Change
from advisor.measure.shared_state.call_traces import Traces
from advisor.measure.shared_state.noting import Notes, Watched, noting, other_threads
from advisor.models import Safety, Touch
from advisor.models.resources.effects import RESOURCES
from advisor.target.inputs import Call

_STREAMS = ("stdin", "stdout", "stderr")
_FILE_LOCK = "file lock"  # noted too, since files that are written under one are safe
_PER_THREAD = frozenset({"decimal context", "NumPy error state"})  # state that each thread has for itself
_SETS = "sets the "
_WRITING = frozenset("wxa+")
_ANEW = frozenset("wx")
_NEW = os.O_CREAT | os.O_EXCL
_CALLERS = 5  # of signal.signal that are inspected
_in_use = threading.Lock()
_MAX_PLACES = 50  # recorded for each change
_MAX_PATHS = 1_000  # that a call opens for writing


class ProcessStateWatch:
    """Records what the first two calls change; `touches()` returns what concurrent calls would disturb."""

    def __init__(self) -> None:
        self._changes: list[set[str]] = []  # of each call, by the keys of RESOURCES
        self._written: list[set[str]] = []  # paths, of each call
        self._others = other_threads()  # changes by these threads are not made by the calls
        self._noted: list[_Noted] = []
        self._traces = Traces(Notes(self._others), Notes(self._others))
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
        noted, written = _Noted(self._others), _Noted(self._others)
        before = _state()
        with _noting(noted, written, self._traces), self._traces.watch_connections():
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
        """Files and addresses that the watched calls left outside the process."""
        return self._traces

    def changes(self) -> dict[str, Change]:
        """Return where the last watched call changed state and wrote files, by the name of the state or file."""
        return {_text(key): noted.change(key) for noted in self._noted for key in noted}

    def touches(self) -> tuple[Touch, ...]:
        """Return the state that every call changes; changes by the first call alone are set-up."""
        if not self._changes:
            return ()
        keys = (self._changes[-1] - _PER_THREAD) | ({"signal handlers"} & self._changes[0]) | self._set_once()
        states = [
            Touch(
                name=key,
                kind="process state",
                resource=key,
                threads=RESOURCES[key].threads,
                fork=RESOURCES[key].fork,
                spawn=RESOURCES[key].spawn,
            )
            for key in sorted(keys & RESOURCES.keys())
        ]
        paths = [_path_touch(path) for path in sorted(self._paths_of_every_call())]
        return (*states, *paths)

    def _set_once(self) -> set[str]:
        """Return the state that only the first call set, and only for its thread: other threads lack it."""
        first, last = self._changes[0], self._changes[-1]
        return {key for key in _PER_THREAD if key in first and _SETS + key not in last} if first is not last else set()

    def _paths_of_every_call(self) -> set[str]:
        """Return the files that both of two calls with different arguments overwrote, or checked and appended to."""
        if len(self._written) < 2 or any(_FILE_LOCK in changes for changes in self._changes):
            return set()
        thread = threading.current_thread()
        own = (str(thread.ident), str(thread.native_id), thread.name)  # part of a path that differs by thread
        paths = {
            path
            for path in self._written[0] & self._written[-1]
            if not path.startswith(("/dev/", "/proc/")) and not any(name in path for name in own)
        }
        return paths if paths and self._arguments_differ() else set()  # in this order: arguments may be large

    def _arguments_differ(self) -> bool:
        first, second = self._calls[0], self._calls[-1]
        with contextlib.suppress(Exception):  # arguments may refuse to be compared
            if first.args or first.kwargs:
                return repr((first.args, first.kwargs)) != repr((second.args, second.kwargs))
        return True


def _path_touch(path: str) -> Touch:
    """Return the touch of a file that every call overwrites; processes do not share it if their id is in its name."""
    in_processes: Safety = "safe" if str(os.getpid()) in Path(path).name else "unsafe"
    return Touch(
        name=_text(path), kind="file", resource="fixed path", threads="unsafe", fork=in_processes, spawn=in_processes
    )


def _text(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()


class _Noted(Notes):
    """Names of changed state, and the lines in coroutines that changed it."""

    def __init__(self, others: frozenset[int]) -> None:
        super().__init__(others)
        self.left: set[str] = set()  # names of state that was not restored
        self._places: dict[str, list[tuple[CodeType, int] | None]] = {}

    def add(self, name: str) -> None:
        """Add a name and the line in the running coroutine, except in one of the other threads."""
        if self.is_made_by_others():
            return
        super().add(name)
        places = self._places.setdefault(name, [])
        if len(places) < _MAX_PLACES:
            places.append(_coroutine_line(sys._getframe(1)))

    def change(self, name: str) -> Change:
        """Return where a name was added, and whether a second change restored the state."""
        places = self._places.get(name, [])
        known = frozenset(place for place in places if place is not None) if None not in places else frozenset()
        return Change(known, restored=len(places) > 1 and name not in self.left)


def _coroutine_line(frame: FrameType | None) -> tuple[CodeType, int] | None:
    """Return the code and line of the innermost running coroutine; None if there is none in this thread."""
    while frame is not None:
        code = frame.f_code
        if code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
            return (
                None if frame.f_globals.get("__name__", "").startswith("advisor.measure.") else (code, frame.f_lineno)
            )
        frame = frame.f_back
    return None


def _state() -> dict[str, object]:
    """Return the state that can be compared, by the keys of RESOURCES; os.environ is watched through os.putenv."""
    state: dict[str, object] = {
        "standard streams": [id(getattr(sys, name, None)) for name in _STREAMS],
        "import path": list(sys.path),
    }
    with contextlib.suppress(OSError):  # the folder is gone
        state["working directory"] = str(Path.cwd())
    if "decimal" in sys.modules:
        context = sys.modules["decimal"].getcontext()
        state["decimal context"] = (context.prec, context.rounding, str(context.traps))
    if "numpy" in sys.modules:
        state["NumPy error state"] = sys.modules["numpy"].geterr()
    return state


@contextlib.contextmanager
def _noting(noted: set[str], written: set[str], traces: Traces) -> Iterator[None]:
    """Record changes while the block runs."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(noting([*_watched_functions(noted), *_watched_opening(noted, written, traces)]))
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
    """Return True if the file must not exist yet, and tempfile did not generate its name."""
    is_new = flags & _NEW == _NEW  # O_EXCL alone is for temporary files without a name
    return is_new and not Path(os.fsdecode(path)).name.startswith(tempfile.gettempprefix())


def _fails_in_threads(*args: Any) -> bool:
    """Return False if a caller first checks for the main thread, as asyncio.run does."""
    frame, depth = sys._getframe(3), 0
    while frame is not None and depth < _CALLERS:
        if "main_thread" in frame.f_code.co_names:
            return False
        frame, depth = frame.f_back, depth + 1  # type: ignore[assignment]
    return True


# Where the function is found, the resource that it changes, and whether a call of it with these arguments does.
_WATCHED: tuple[tuple[str, str, str, Callable[..., bool]], ...] = (
    ("os", "chdir", "working directory", _changes_folder),
    ("os", "fchdir", "working directory", _always),
    ("os", "putenv", "environment", _changes_variable),
    ("os", "unsetenv", "environment", _always),
    ("os", "umask", "umask", _always),
    ("_signal", "signal", "signal handlers", _fails_in_threads),
    ("signal", "set_wakeup_fd", "signal handlers", _fails_in_threads),
    ("locale", "setlocale", "locale", _sets_locale),
    ("socket", "setdefaulttimeout", "socket time-out", _always),
    ("decimal", "getcontext", _SETS + "decimal context", _always),
    ("decimal", "setcontext", _SETS + "decimal context", _always),
    ("decimal", "localcontext", _SETS + "decimal context", _always),
    ("numpy", "seterr", _SETS + "NumPy error state", _always),
    ("fcntl", "flock", _FILE_LOCK, _always),
    ("fcntl", "lockf", _FILE_LOCK, _always),
)


def _watched_functions(noted: set[str]) -> Iterator[Watched]:
    for module, name, key, matters in _WATCHED:
        yield Watched(module, name, functools.partial(_note_change, noted, key, matters))


def _note_change(noted: set[str], key: str, matters: Callable[..., bool], *args: Any, **kwargs: Any) -> None:
    if matters(*args, **kwargs):
        noted.add(key)


def _watched_opening(noted: set[str], written: set[str], traces: Traces) -> Iterator[Watched]:
    looked_for: set[str] = set()

    def note_path(path: Any, *, is_anew: bool) -> None:
        if not isinstance(path, int):
            path = _absolute(path)
            traces.note_opened(path)
            if (is_anew or path in looked_for) and len(written) < _MAX_PATHS:
                written.add(path)

    def note_stat(path: Any, *args: Any, **kwargs: Any) -> None:
        if not isinstance(path, int) and len(looked_for) < _MAX_PATHS:  # os.path.exists() and pathlib call os.stat()
            looked_for.add(_absolute(path))

    def note_open(file: Any, mode: str = "r", *args: Any, opener: Any = None, **kwargs: Any) -> None:
        if not _WRITING.isdisjoint(mode) and opener is None:  # an opener may open another path, by os.open
            note_path(file, is_anew=not _ANEW.isdisjoint(mode))

    def note_os_open(path: Any, flags: int, mode: int = 0, *, dir_fd: int | None = None) -> None:
        if _is_lock_file(path, flags):
            noted.add(_FILE_LOCK)
        if flags & (os.O_WRONLY | os.O_RDWR) and dir_fd is None:
            note_path(path, is_anew=bool(flags & os.O_TRUNC))

    for module, note in (("builtins", note_open), ("io", note_open), ("os", note_os_open)):
        yield Watched(module, "open", note)
    yield Watched("os", "stat", note_stat)


def _absolute(path: Any) -> str:
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100  (follows the folder of this moment)


class _ChangedPathFinder:
    """Finds no modules, but records imports made while sys.path differs from its original value."""

    def __init__(self, noted: set[str]) -> None:
        self._noted = noted
        self._path = list(sys.path)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if path is None and sys.path != self._path:  # submodules are searched in their package only
            self._noted.add("import path")


@contextlib.contextmanager
def _watched_import_path(noted: set[str]) -> Iterator[None]:
    """Record temporary changes of sys.path, noticed by imports that a call makes before it undoes them.

    The list itself is not replaced, since code may refer to it through `from sys import path`.
    """
    finder = _ChangedPathFinder(noted)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # the call replaced the list
            sys.meta_path.remove(finder)


@contextlib.contextmanager
def _watched_attributes(module: ModuleType, change: Callable[[str, Any], str], noted: set[str]) -> Iterator[None]:
    """Record changes of a module's attributes."""

    class WatchedModule(ModuleType):
        def __setattr__(self, name: str, value: Any) -> None:
            with contextlib.suppress(Exception):
                if key := change(name, value):
                    noted.add(key)
            super().__setattr__(name, value)

        def __reduce__(self) -> tuple[Any, ...]:  # cloudpickle recognises modules by their exact type
            return importlib.import_module, (self.__name__,)

    original = module.__class__
    try:
        module.__class__ = WatchedModule
    except TypeError:  # an interpreter that does not allow it
        yield
        return
    try:
        yield
    finally:
        module.__class__ = original


def _is_by_user() -> bool:
    """Return True if the innermost caller outside the standard library is the user's code."""
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
    """Return the resource key of a change that affects results: the user's code records or raises warnings.

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
