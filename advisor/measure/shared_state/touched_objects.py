"""Find the shared objects that calls use: names that the code loads from globals, closures, `self` and defaults.

Types decide, not names. Only the user's own functions are followed, and only what their code loads counts: an object
that exists and is not used is not reported.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from types import CodeType, FunctionType, ModuleType
from typing import Any

from advisor.measure.shared_state import mutations
from advisor.measure.shared_state.known_functions import function_name, function_resource
from advisor.measure.shared_state.object_parts import (
    is_a,
    module_name,
)
from advisor.measure.shared_state.positioning import positions_first
from advisor.measure.shared_state.replaceable import with_replacement
from advisor.measure.shared_state.resource_search import FoundResource, ResourceSearch, Setting
from advisor.measure.shared_state.resource_use import (
    Use,
    as_changed,
    decimal_use,
    library_use,
    numpy_error_use,
    positioned,
    resource_if_changed,
    taken_in_order,
    use_of,
)
from advisor.measure.shared_state.result_flow import reaches_result
from advisor.models import Touch
from advisor.models.resources.effects import RESOURCES
from advisor.models.resources.libraries import PACKAGES
from advisor.models.resources.types import (
    MODULES,
)
from advisor.target.inputs import Call

MAX_TOUCHES = 50
MAX_CALLS = 1_000  # calls whose arguments are inspected
_BUFFERED = ("file written", "archive written")  # lost with a worker, by whomever it was opened
_NAMED_STATE = ("context variable", "module setting")  # others are named by what they are


class TouchedObjects:
    """Inspects a function before its calls; `touches()` inspects it again and returns what calls share."""

    def __init__(self, function: Callable[..., Any], calls: Sequence[Call] = ()) -> None:
        """Inspect the objects that exist now, which forked workers would inherit, but not what the calls pass."""
        self._function = function
        self._passed = _passed_arguments(function, calls[:MAX_CALLS])
        self.functions: tuple[FunctionType, ...] = ()  # the user's functions that calls may run
        self.codes: frozenset[CodeType] = frozenset()  # their code
        self.names: frozenset[str] = frozenset()  # that the code takes, reading or setting
        self.loads: frozenset[str] = frozenset()  # those of them that it reads
        self.locks = False  # some of the code holds a lock
        uses = self._uses()
        self._at_import = {id(found.thing): use for found, use in uses}
        self._set_at_import = {found.thing for found, _ in uses if is_a(found.thing, Setting)}

    def touches(self) -> tuple[Touch, ...]:
        """Return the objects in use; each worker process creates its own copies of those that calls create."""
        touches: dict[str, Touch] = {}
        for found, use in self._uses():
            if is_a(found.thing, Setting) and found.thing not in self._set_at_import:
                continue  # the calls set it first, once
            before = self._at_import.get(id(found.thing))
            if before is None and use.resource == "context variable":
                continue  # the calls set it, each in its own thread
            if before is None:
                use = use if use.resource in _BUFFERED else replace(use, fork="safe", spawn="safe")
            elif use.changes > before.changes and (key := resource_if_changed(use, found.thing)):
                use = as_changed(use, key)
            elif before.resource == use.resource:
                use = replace(use, fork=before.fork, spawn=before.spawn)
            touch = _touch(found, use)
            if before is not None and before.changes == use.changes:
                touch = with_replacement(touch, found.thing, found.loads, self._function)
            if (touch.threads, touch.fork, touch.spawn) != ("safe", "safe", "safe"):
                touches.setdefault(touch.name, touch)
        return tuple(touches.values())[:MAX_TOUCHES]

    def _uses(self) -> list[tuple[FoundResource, Use]]:
        search = ResourceSearch(self._function, self._passed)
        uses: list[tuple[FoundResource, Use]] = []
        for found in search.run():
            with suppress(Exception):  # the user's objects may raise anything
                if (use := _use(found, search)) is not None:
                    uses.append((found, use))
        self.functions = tuple(search.functions)
        self.codes, self.locks = frozenset(each.__code__ for each in search.functions), search.locks
        self.names, self.loads = frozenset(search.names), frozenset(search.loads)
        return uses


def _use(found: FoundResource, search: ResourceSearch) -> Use | None:
    if is_a(found.thing, ModuleType) and module_name(found.thing) == "numpy":
        return numpy_error_use()
    if is_a(found.thing, ModuleType) and module_name(found.thing) in PACKAGES:
        return library_use(found.thing)
    name = MODULES.get(module_name(found.thing)) if is_a(found.thing, ModuleType) else None
    key = "module setting" if is_a(found.thing, Setting) else name or function_resource(found.thing)
    if key:
        row = RESOURCES[key]
        return Use(key, row.threads, row.fork, row.spawn)
    if is_a(found.thing, threading.local):
        row = RESOURCES["context variable"]
        return Use(row.key, row.threads, row.fork, row.spawn)
    if is_a(found.thing, type):
        return decimal_use()
    use = use_of(found.thing, frozenset(found.attributes), [load.code for load in found.loads])
    if use is None:
        return None
    use = _by_source(use, found, search)
    return replace(use, fork="safe") if found.checks_process else use


def _by_source(use: Use, found: FoundResource, search: ResourceSearch) -> Use:
    """Return the use, refined by the functions' source: file positions, the order of values, and locks."""
    with suppress(Exception):  # the source may differ from the running code
        if "seek" in found.attributes and all(positions_first([load.code], load.name) for load in found.loads):
            use = positioned(use)
        if use.resource == "iterator" or (use.resource == "generator" and found.locked):
            names = {load.code: load.name for load in found.loads}
            return taken_in_order(use, in_result=reaches_result(names, search.functions, search.targets))
    return replace(use, threads="safe") if found.locked and use.resource != "SQLite connection" else use


def _touch(found: FoundResource, use: Use) -> Touch:
    row = RESOURCES[use.resource]
    is_state = row.kind == "process state" and use.resource not in _NAMED_STATE
    kind = type(found.thing)
    return Touch(
        name=row.key if is_state else found.name,
        kind=row.kind,
        where=found.where,
        through=found.through,
        type=function_name(found.thing)
        or ("" if is_state or row.kind == "library" else f"{kind.__module__}.{kind.__qualname__}"),
        resource=row.key,
        threads=use.threads,
        fork=use.fork,
        spawn=use.spawn,
    )


def _passed_arguments(function: Callable[..., Any], calls: Sequence[Call]) -> frozenset[str]:
    """Return the names of the parameters that every call passes."""
    if not calls:
        return frozenset()
    positional = mutations.positional_parameters(function)[: min(len(call.args) for call in calls)]
    return frozenset(positional).union(set.intersection(*(set(call.kwargs) for call in calls)))
