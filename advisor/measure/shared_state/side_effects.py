"""Detect side effects of calls: changed objects, threads and children left behind, random numbers drawn."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from advisor.measure.introspection import closure_values, plain_function
from advisor.measure.shared_state import global_writes, mutations
from advisor.measure.shared_state.await_gaps import Change
from advisor.measure.shared_state.file_positions import FilePositionWatch, name_of, of_one_call
from advisor.measure.shared_state.guards import PROCESS_IDS
from advisor.measure.shared_state.positioning import positions_first
from advisor.measure.shared_state.process_state import ProcessStateWatch
from advisor.measure.shared_state.shared_buffers import SharedBufferWatch
from advisor.measure.shared_state.unread_attributes import is_unread, shown_names
from advisor.models import Safety, SideEffects, Touch
from advisor.target.inputs import Call
from advisor.target.process_tree import children

_FRESH_POSITION = 623  # of the generator that NumPy makes from entropy, before it is used


class Changes(NamedTuple):
    """Further facts about the names in SideEffects."""

    accumulated: tuple[str, ...] = ()  # globals that count or collect results, rather than caches
    totals: frozenset[str] = frozenset()  # numbers, and elements of dictionaries, that calls change again and again
    unread: frozenset[str] = frozenset()  # objects of whose changes nothing is read, such as statistics


class SideEffectDetector:
    """Records the state before the calls; `side_effects()` compares it with the state after them."""

    def __init__(
        self,
        function: Callable[..., Any],
        functions: Iterable[FunctionType] = (),
        *,
        own_children: frozenset[int] = frozenset(),
    ) -> None:
        """Record the state now.

        Args:
            function: The target.
            functions: The user's functions that calls may run.
            own_children: Ids of child processes that belong to the profiler.
        """
        self._callable = function
        self._function = plain_function(function)
        self._own_children = own_children
        self._changed_arguments: tuple[str, ...] = ()
        self._process_state = ProcessStateWatch()
        self._buffers = SharedBufferWatch()
        self._positions = FilePositionWatch()
        self.changes = Changes()
        self._numbers: tuple[str, ...] = ()
        self._changed_shared: dict[str, frozenset[str]] = {}
        self._before_calls: mutations.Snapshot | None = None
        self._after_inspection: mutations.Snapshot | None = None
        self._returns = False
        self._functions = tuple(functions)
        self._globals = global_writes.used_globals(self._function, self._functions)
        self._global_states = global_writes.states(self._globals)
        self._sizes_after_first: dict[str, object] = {}
        self._has_second = False
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
        self._before_calls = self._before_calls or shared_before
        with self._buffers.inspect_call(self._used_objects()), self._process_state.inspect_call(call):
            yield
        returned = result()
        if first:
            arguments_after = mutations.Snapshot(arguments, buffers=True, returned=returned)
            self._changed_arguments = mutations.changed_arguments(arguments_before, arguments_after)
        shared_after = mutations.Snapshot(self._shared_objects(), buffers=False)
        changes = functools.partial(mutations.changed_shared, shared_before, shared_after, first=first)
        self._changed_shared = changes(returned_none=False)
        if returned is None:
            stored = {name: each for name, each in changes(returned_none=True).items() if self._is_stored(name, each)}
            others = {
                name: each for name, each in self._changed_shared.items() if stored.keys().isdisjoint(_roots(name))
            }
            self._changed_shared = stored | others
        self._numbers = mutations.changed_numbers(shared_before, shared_after)
        self._after_inspection = shared_after
        self._returns = returned is not None
        if first:
            self._sizes_after_first = global_writes.states(self._globals, contents=False)
        self._has_second = not first

    def has_changed(self) -> bool:
        """Return True if the calls have changed a shared object, including caches."""
        return bool(self._written() or self._grown())

    def side_effects(self, *, order_dependent: bool = False) -> SideEffects:
        """Return what has changed since this object was created; `changes` has details.

        If results are `order_dependent`, changed objects are not caches: calls use data that earlier calls left there.
        """
        written = self._written()
        again = self._changed_again()
        growing = set(written)
        if self._has_second:
            growing -= global_writes.set_up_once(self._globals, self._sizes_after_first)
        accumulated = global_writes.accumulated(self._globals, self._global_states, growing)
        accumulated |= dict.fromkeys(set(again) & written, True)
        grown: tuple[str, ...] = ()
        if order_dependent:
            grown = self._grown()
            accumulated |= dict.fromkeys(written, True)
        totals = {*again, *grown, *self._numbers, *(name for name, is_number in accumulated.items() if is_number)}
        totals |= global_writes.looked_at(self._globals, accumulated)
        threads = [t for t in threading.enumerate() if t not in self._threads and t.is_alive()]
        changed = sorted({*self._changed_shared, *again, *grown})
        shared = [name for name in changed if written.isdisjoint(_roots(name))]
        unread = [name for name in shared if name not in (*again, *grown) and self._is_unread(name)]
        self.changes = Changes(tuple(sorted(accumulated)), frozenset(totals), frozenset(unread))
        traces = self._process_state.traces
        elsewhere = set(filter(global_writes.is_elsewhere, written))
        results = (
            accumulated.keys() if self._returns else accumulated.keys() | global_writes.stored(self._globals, growing)
        )
        return SideEffects(
            globals_written=tuple(sorted(written - elsewhere)),
            caches=tuple(sorted(written - elsewhere - accumulated.keys())) if self._returns else (),
            changed=(*self._changed_arguments, *shared, *sorted(elsewhere & results)),
            wrote=self._wrote(),
            connected=traces.connected(),
            threads_left=tuple(sorted(thread.name for thread in threads)),
            children_left=len(children(os.getpid()) - self._own_children - self._children),
            random_shared=self._drew_from_numpy(),
        )

    def _written(self) -> set[str]:
        return global_writes.written(self._global_states, global_writes.states(self._globals))

    def _grown(self) -> tuple[str, ...]:
        """Return the names of the shared objects that have changed since the first call, including additions."""
        if self._before_calls is None:
            return ()
        return mutations.changed_names(self._before_calls, mutations.Snapshot(self._shared_objects(), buffers=False))

    def _is_unread(self, name: str) -> bool:
        """Return True if no code reads the changed attributes of a shared object."""
        names = shown_names(name, self._shared_objects())
        return all(is_unread(attribute, names) for attribute in self._changed_shared[name])

    def _is_stored(self, name: str, attributes: frozenset[str]) -> bool:
        """Return True if additions to an object are results; objects of other modules may be caches.

        A function that returns what it finds in an attribute has a cache there.
        """
        if not any(global_writes.is_elsewhere(root) for root in self._globals.keys() & set(_roots(name))):
            return True
        return any(
            global_writes.returns_nothing(each.__code__)
            for each in self._functions
            if each.__name__ != "__init__" and not attributes.isdisjoint(each.__code__.co_names)
        )

    def _changed_again(self) -> tuple[str, ...]:
        """Return the dictionaries in which calls changed values of earlier calls: totals rather than caches."""
        if self._after_inspection is None:
            return ()
        now = mutations.Snapshot(self._shared_objects(), buffers=False)
        return mutations.changed_elements(self._after_inspection, now)

    def _wrote(self) -> tuple[str, ...]:
        try:
            return self._process_state.traces.wrote(self._positions.written())
        except OSError:  # the calls removed the current folder
            return ()

    def process_state(self) -> tuple[Touch, ...]:
        """Return the process-wide state that the calls change."""
        return self._process_state.touches()

    def process_changes(self) -> dict[str, Change]:
        """Return the observed changes of the state of the process, by name."""
        return self._process_state.changes()

    def shared_state(
        self, found: Sequence[Touch], codes: frozenset[CodeType], *, locks: bool, calls: Sequence[Call] = ()
    ) -> Iterator[Touch]:
        """Yield buffers that calls write, files whose position they move, and files that they write.

        Args:
            found: The shared objects that are known already.
            codes: The functions that the calls may run.
            locks: Some of the code holds a lock, which may protect this state.
            calls: The calls; each may have its own file as an argument.
        """
        in_threads: Safety = "caution" if locks else "unsafe"
        for name, is_scratch in self._buffers.written().items():
            if is_scratch:
                yield Touch(name=name, kind="object", resource="scratch buffer", threads=in_threads)
            else:
                yield Touch(name=name, kind="object", resource="changed object", fork="unsafe", spawn="unsafe")
        if any(touch.kind == "file" for touch in found):
            return
        names = frozenset(name for code in codes for name in code.co_names)
        moved = self._positions.moved()
        for descriptor in sorted(set(moved) - of_one_call(calls if moved else ())):
            name = name_of(descriptor, self._used_objects(), names)
            spawn: Safety = "safe" if positions_first(codes, name) else "unsafe"
            yield Touch(name=name, kind="file", resource="file read", threads=in_threads, fork="unsafe", spawn=spawn)
        unflushed = self._positions.unflushed if names.isdisjoint(PROCESS_IDS) else ()
        for descriptor in sorted(set(unflushed) - of_one_call(calls if unflushed else ())):
            name = name_of(descriptor, self._used_objects(), names)
            yield Touch(
                name=name, kind="file", resource="file written", threads=in_threads, fork="unsafe", spawn="unsafe"
            )

    def _used_objects(self) -> dict[str, Any]:
        """Return the globals and other shared objects that the calls use, by name."""
        closure = closure_values(self._function) if self._function is not None else {}
        bound = self._callable.keywords if isinstance(self._callable, functools.partial) else {}
        used = {**closure, **global_writes.values(self._globals), **self._shared_objects(), **bound}
        return dict(sorted(used.items(), key=lambda item: global_writes.is_elsewhere(item[0])))  # the own ones first

    def _drew_from_numpy(self) -> bool:
        """Return True if calls drew from NumPy's global generator; Python's own is seeded again in forked processes."""
        state = _numpy_random_state()
        if self._numpy_random_state is None:  # numpy.random was loaded meanwhile: a fresh generator is at its end
            return state is not None and state[1] != _FRESH_POSITION
        return state != self._numpy_random_state

    def _shared_objects(self) -> dict[str, Any]:
        values = global_writes.values(self._globals)
        own = {name: value for name, value in values.items() if not global_writes.is_elsewhere(name)}
        try:
            return mutations.shared_objects(self._callable, own) | mutations.shared_objects(None, values)
        except Exception:  # noqa: BLE001  (a user's proxy raises when it is asked for its class)
            return {}


def _roots(name: str) -> Iterator[str]:
    """Yield a name, and the names of the objects on the path to it."""
    while name:
        yield name
        name = name.rpartition(".")[0]


def _numpy_random_state() -> tuple[int, int] | None:
    """Return the state of NumPy's global random generator, or None if it is not loaded."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is None:
        return None
    _, key, position, *_ = numpy_random.get_state()
    return hash(key.tobytes()), position
