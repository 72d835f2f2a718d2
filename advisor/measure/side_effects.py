"""Detect side effects of calls: changed objects, threads and children left behind, random numbers drawn."""

from __future__ import annotations

import contextlib
import dis
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from advisor.measure import mutations
from advisor.measure.introspection import plain_function
from advisor.measure.process_state import ProcessStateWatch
from advisor.models import SideEffects, Touch
from advisor.target.inputs import Call
from advisor.target.process_tree import children

_MAX_COMPARED_BYTES = 1 << 20  # pickled; of a larger global only the length is compared
_MAX_COMPARED_LENGTH = 10_000
_FRESH_POSITION = 623  # of the generator that NumPy makes from entropy, before it is used
_CALL_DEPTH = 3  # of functions of the same module whose globals count too


class SideEffectDetector:
    """Records the state before the calls; `side_effects()` compares it with the state after them."""

    def __init__(self, function: Callable[..., Any], *, own_children: frozenset[int] = frozenset()) -> None:
        """Record the state now; `own_children` are ids of child processes that belong to the profiler."""
        self._callable = function
        self._function = plain_function(function)
        self._own_children = own_children
        self._changed_arguments: tuple[str, ...] = ()
        self._process_state = ProcessStateWatch()
        self.accumulated: tuple[str, ...] = ()  # globals written that are numbers or grow, rather than caches
        self._changed_shared: tuple[str, ...] = ()
        self._global_states = self._states_of_globals()
        self._threads = set(threading.enumerate())
        self._children = children(os.getpid())
        self._numpy_random_state = _numpy_random_state()

    @contextlib.contextmanager
    def inspect_call(self, call: Call, result: Callable[[], Any], *, first: bool) -> Iterator[None]:
        """Detect what one call changes, the very first or the second.

        An argument shows changes when it is new, so in the first call; what calls share shows them once it was set up,
        so in the second. Without a second call, what the first one changed has to do. `result` returns what the
        call returned.
        """
        arguments = mutations.named_arguments(self._callable, call) if first else {}
        arguments_before = mutations.Snapshot(arguments, buffers=True)  # of arguments only: others are scratch space
        shared_before = mutations.Snapshot(self._shared_objects(), buffers=False)
        with self._process_state.inspect_call(call):
            yield
        returned = result()
        if first:
            arguments_after = mutations.Snapshot(arguments, buffers=True, returned=returned)
            self._changed_arguments = mutations.changed_arguments(arguments_before, arguments_after)
        shared_after = mutations.Snapshot(self._shared_objects(), buffers=False)
        self._changed_shared = mutations.changed_shared(
            shared_before, shared_after, first=first, returned_none=returned is None
        )

    def side_effects(self) -> SideEffects:
        """Return what changed since this object was made."""
        states = self._states_of_globals()
        written = {name for name, state in states.items() if self._global_states.get(name) != state}
        self.accumulated = tuple(sorted(name for name in written if self._is_accumulated(name)))
        threads = [t for t in threading.enumerate() if t not in self._threads and t.is_alive()]
        shared = [name for name in self._changed_shared if name.partition(".")[0] not in written]
        return SideEffects(
            globals_written=tuple(sorted(written)),
            changed=(*self._changed_arguments, *shared),
            threads_left=tuple(sorted(thread.name for thread in threads)),
            children_left=len(children(os.getpid()) - self._own_children - self._children),
            random_shared=self._drew_from_numpy(),
        )

    def process_state(self) -> tuple[Touch, ...]:
        """Return the state of the whole process that the calls change."""
        return self._process_state.touches()

    def _drew_from_numpy(self) -> bool:
        """Return True if calls drew from NumPy's global generator; Python's own is seeded anew in forked processes."""
        state = _numpy_random_state()
        if self._numpy_random_state is None:  # numpy.random was loaded meanwhile: a fresh generator is at its end
            return state is not None and state[1] != _FRESH_POSITION
        return state != self._numpy_random_state

    def _is_accumulated(self, name: str) -> bool:
        """Return True if a global is a counter or a collection of results: no dictionary, and not set when needed."""
        if self._function is None or any(word in name.lower() for word in mutations.CACHE_WORDS):
            return False
        value, before = self._function.__globals__.get(name), self._global_states.get(name)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return isinstance(value, (list, set, bytearray)) or (is_number and type(before) is type(value))

    def _shared_objects(self) -> dict[str, Any]:
        try:
            return mutations.shared_objects(self._callable, self._used_globals())
        except Exception:  # noqa: BLE001  (a proxy of the user's raises when it is asked for its class)
            return {}

    def _states_of_globals(self) -> dict[str, object]:
        return {name: _state_or_id(value) for name, value in self._used_globals().items()}

    def _used_globals(self) -> dict[str, Any]:
        if self._function is None:
            return {}
        namespace = self._function.__globals__
        names = set(_global_names(self._function.__code__, namespace))
        return {name: namespace[name] for name in sorted(names) if name in namespace}


def _global_names(code: CodeType, namespace: dict[str, Any], depth: int = _CALL_DEPTH) -> Iterator[str]:
    """Yield the globals that a code object, and the functions of the same module that it calls, may change."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_GLOBAL"):
            name = str(instruction.argval)
            yield name
            value: Any = namespace.get(name)
            is_called = type(value) is FunctionType and value.__globals__ is namespace and value.__code__ is not code
            if depth and is_called:
                yield from _global_names(value.__code__, namespace, depth - 1)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _global_names(constant, namespace, depth)


def _state_or_id(value: Any) -> object:
    try:
        return _state(value)
    except Exception:  # noqa: BLE001  (a proxy of the user's raises when it is asked for its class)
        return id(value)


def _state(value: Any) -> object:
    """Return a value that differs after a change; for opaque objects, the identity."""
    if isinstance(value, (ModuleType, type, FunctionType)):
        return id(value)
    if isinstance(value, (int, float, complex, str, bytes, bool, type(None))):
        return value
    if isinstance(value, (list, dict, set, bytearray)):
        if len(value) > _MAX_COMPARED_LENGTH:
            return len(value)
        try:
            content = pickle.dumps(value)
        except Exception:  # noqa: BLE001  (an element may raise anything)
            return len(value)
        return len(value), hash(content) if len(content) <= _MAX_COMPARED_BYTES else None
    return id(value)


def _numpy_random_state() -> tuple[int, int] | None:
    """Return the state of NumPy's global random generator, or None if it is not loaded."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is None:
        return None
    _, key, position, *_ = numpy_random.get_state()
    return hash(key.tobytes()), position
