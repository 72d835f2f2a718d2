"""Detect side effects of calls: changed objects, threads and children left behind, random numbers drawn."""

from __future__ import annotations

import contextlib
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from advisor.measure import global_writes, mutations
from advisor.measure.introspection import plain_function
from advisor.models import SideEffects
from advisor.target.inputs import Call
from advisor.target.process_tree import children


class SideEffectDetector:
    """Records the state before the calls; `side_effects()` compares it with the state after them."""

    def __init__(self, function: Callable[..., Any], *, own_children: frozenset[int] = frozenset()) -> None:
        """Record the state now; `own_children` are ids of child processes that belong to the profiler."""
        self._callable = function
        self._function = plain_function(function)
        self._own_children = own_children
        self._changed_arguments: tuple[str, ...] = ()
        self._changed_shared: tuple[str, ...] = ()
        self._global_states = global_writes.states(self._function)
        self._threads = set(threading.enumerate())
        self._children = children(os.getpid())
        self._random_states = _random_states()

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
        written = global_writes.written(self._global_states, global_writes.states(self._function))
        threads = [t for t in threading.enumerate() if t not in self._threads and t.is_alive()]
        shared = [name for name in self._changed_shared if name.partition(".")[0] not in written]
        return SideEffects(
            globals_written=tuple(sorted(written)),
            changed=(*self._changed_arguments, *shared),
            threads_left=tuple(sorted(thread.name for thread in threads)),
            children_left=len(children(os.getpid()) - self._own_children - self._children),
            random_shared=_random_states() != self._random_states,
        )

    def _shared_objects(self) -> dict[str, Any]:
        try:
            return mutations.shared_objects(self._callable, global_writes.used_globals(self._function))
        except Exception:  # noqa: BLE001  (a proxy of the user's raises when it is asked for its class)
            return {}


def _random_states() -> object:
    """Return the states of the global random generators, NumPy's too if it is loaded."""
    states: list[object] = [hash(random.getstate())]
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        _, key, position, *_ = numpy_random.get_state()
        states.append(hash((key.tobytes(), position)))
    return states
