"""What calls do besides returning: what they change, threads and children they leave, random numbers they draw."""

from __future__ import annotations

import contextlib
import dis
import pickle
import random
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from advisor.measure import mutations
from advisor.models import SideEffects
from advisor.target.loader import Call

_COMPARED = 1 << 20  # pickled bytes up to which a global's content is compared, not only its length


class Effects:
    """Looks before the calls; `after()` looks again and tells the difference."""

    def __init__(self, function: Callable[..., Any], *, ours: frozenset[int] = frozenset()) -> None:
        """`ours`: ids of child processes that belong to the profiler."""
        self._called = function
        self._function = plain_function(function)
        self._ours = ours
        self._arguments_changed: tuple[str, ...] = ()
        self._shared_changed: tuple[str, ...] = ()
        self._globals = self._state_of_globals()
        self._threads = set(threading.enumerate())
        self._children = children() - ours
        self._random = random_states()

    @contextlib.contextmanager
    def around(self, call: Call, result: Callable[[], Any], *, first: bool) -> Iterator[None]:
        """Looks for what one call changes, the very first or the second; `result` tells what it returned.

        An argument is looked at when it is new, what calls share when it was set up. Without a second call, what the
        first one changed has to do.
        """
        given = mutations.arguments(self._called, call) if first else {}
        arguments = mutations.Look(given, buffers=True)
        shared = mutations.Look(self._shared(), buffers=False)
        yield
        returned = result()
        if first:
            self._arguments_changed = mutations.of_arguments(
                arguments, mutations.Look(given, buffers=True, returned=returned)
            )
        self._shared_changed = mutations.of_shared(
            shared, mutations.Look(self._shared(), buffers=False), first=first, silent=returned is None
        )

    def _shared(self) -> dict[str, Any]:
        try:
            return mutations.shared(self._called, self._named_globals())
        except Exception:  # noqa: BLE001  (a proxy of the user's raises when it is asked for its class)
            return {}

    def after(self) -> SideEffects:
        now = self._state_of_globals()
        written = {name for name, state in now.items() if self._globals.get(name) != state}
        left = [t for t in threading.enumerate() if t not in self._threads and t.is_alive()]
        shared = [name for name in self._shared_changed if name.partition(".")[0] not in written]
        return SideEffects(
            globals_written=tuple(sorted(written)),
            changed=(*self._arguments_changed, *shared),
            threads_left=tuple(sorted(thread.name for thread in left)),
            children_left=len(children() - self._ours - self._children),
            random_shared=random_states() != self._random,
        )

    def _state_of_globals(self) -> dict[str, object]:
        return {name: _state_or_id(value) for name, value in self._named_globals().items()}

    def _named_globals(self) -> dict[str, Any]:
        if self._function is None:
            return {}
        space = self._function.__globals__
        names = set(_names(self._function.__code__, space))
        return {name: space[name] for name in sorted(names) if name in space}


def plain_function(function: Any) -> FunctionType | None:
    """The Python function behind a callable: of a bound method, a partial, an object with __call__; else None."""
    for _ in range(10):
        if isinstance(function, FunctionType):
            return function
        inner = (
            getattr(function, "__wrapped__", None)
            or getattr(function, "__func__", None)
            or getattr(function, "func", None)
        )
        if inner is None:
            inner = vars(type(function)).get("__call__")
        if not callable(inner) or inner is function:
            return None
        function = inner
    return None


def _names(code: CodeType, space: dict[str, Any], depth: int = 3) -> Iterator[str]:
    """Globals that a code object and the functions of the same module that it calls may change."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_GLOBAL"):
            name = str(instruction.argval)
            yield name
            called = space.get(name)
            if depth and type(called) is FunctionType and called.__globals__ is space and called.__code__ is not code:
                yield from _names(called.__code__, space, depth - 1)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant, space, depth)


def _state_or_id(value: Any) -> object:
    try:
        return _state(value)
    except Exception:  # noqa: BLE001  (a proxy of the user's raises when it is asked for its class)
        return id(value)


def _state(value: Any) -> object:
    """Something that differs after the value was changed; for what cannot be looked into, its identity."""
    if isinstance(value, (ModuleType, type, FunctionType)):
        return id(value)
    if isinstance(value, (int, float, complex, str, bytes, bool, type(None))):
        return value
    if isinstance(value, (list, dict, set, bytearray)):
        if len(value) > 10_000:
            return len(value)
        try:
            content = pickle.dumps(value)
        except Exception:  # noqa: BLE001  (an element may raise anything)
            return len(value)
        return len(value), hash(content) if len(content) <= _COMPARED else None
    return id(value)


def random_states() -> object:
    """The state of the global random generators, NumPy's too when it is loaded."""
    states: list[object] = [hash(random.getstate())]
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        states.append(hash(numpy_random.get_state()[1].tobytes() + str(numpy_random.get_state()[2]).encode()))
    return states


def children() -> frozenset[int]:
    """Ids of this process's living children."""
    if sys.platform == "linux":
        found: set[int] = set()
        for task in Path("/proc/self/task").iterdir():
            try:
                found.update(int(child) for child in (task / "children").read_text().split())
            except OSError:
                continue
        return frozenset(found)
    import psutil

    return frozenset(child.pid for child in psutil.Process().children())
