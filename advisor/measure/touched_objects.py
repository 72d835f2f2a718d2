"""Find the shared objects that calls use: names that the code loads from globals, closures, `self` and defaults.

Types decide, not names. Only the user's own functions are followed, and only what their code loads counts: an object
that exists and is not used is not reported.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from advisor.measure import mutations
from advisor.measure.attribute_chains import Chain, names_in
from advisor.measure.guards import PROCESS_IDS, THREAD_IDS, FunctionSource
from advisor.measure.introspection import LruCacheWrapper, closure_values, module_origin, plain_function
from advisor.measure.known_functions import acts_on_module, function_name, function_resource
from advisor.measure.object_parts import (
    CONTAINERS,
    MISSING,
    cached_results,
    defining_module,
    elements,
    has_in_thread,
    is_a,
    module_contents,
    module_name,
    part_of,
)
from advisor.measure.replaceable import Load, with_replacement
from advisor.measure.resource_use import (
    Use,
    as_changed,
    decimal_use,
    library_use,
    numpy_error_use,
    resource_if_changed,
    use_of,
)
from advisor.models import Touch
from advisor.models.resources.effects import RESOURCES
from advisor.models.resources.libraries import PACKAGES, library_of
from advisor.models.resources.types import (
    CLASSES,
    MODULES,
    NAMED_FUNCTIONS,
    is_lock,
    resource_of_type,
)
from advisor.target.inputs import Call

MAX_FUNCTIONS = 200
MAX_TOUCHES = 50
MAX_CALLS = 1_000  # whose arguments are looked through
MAX_ELEMENTS = 20  # of a container of resources
_DECIMAL_CONTEXTS = frozenset({"localcontext", "getcontext", "setcontext", "Context"})
_BUFFERED = ("file written", "archive written")  # lost with a worker, by whomever it was opened
_NAMED_STATE = ("context variable", "module setting")  # others are named by what they are


@dataclass(frozen=True)
class _Frame:
    """A user's function to inspect, and the context in which it is called."""

    function: Any = None  # a plain function; the caller of the target is none
    arguments: Mapping[str, Any] = field(default_factory=dict)  # that all its calls share: `self`, bound, defaults
    locked: bool = False  # a lock is held around it
    checks_process: bool = False  # a caller compares process ids


class _Setting(NamedTuple):
    """An attribute of a library's module that the code sets."""

    module: ModuleType
    attribute: str


@dataclass
class _Found:
    """An object in use, the attributes that the code takes from it, and the place."""

    thing: Any
    name: str
    where: str
    through: str
    attributes: set[str] = field(default_factory=set)
    locked: bool = True
    checks_process: bool = True
    loads: list[Load] = field(default_factory=list)


class TouchedObjects:
    """Inspects a function before its calls; `touches()` inspects it again and returns what calls share."""

    def __init__(self, function: Callable[..., Any], calls: Sequence[Call] = ()) -> None:
        """Inspect the objects that exist now, which forked workers would inherit, but not what the calls pass."""
        self._function = function
        self._passed = _passed_arguments(function, calls[:MAX_CALLS])
        self.names: frozenset[str] = frozenset()  # that the code takes, reading or setting
        self.loads: frozenset[str] = frozenset()  # those of them that it reads
        self.locks = False  # some of the code holds a lock
        self.codes: tuple[CodeType, ...] = ()  # of the user's functions that the calls run
        uses = self._uses()
        self._at_import = {id(found.thing): use for found, use in uses}
        self._set_at_import = {found.thing for found, _ in uses if is_a(found.thing, _Setting)}

    def touches(self) -> tuple[Touch, ...]:
        """Return the objects in use; each worker process creates its own copies of those that calls create."""
        touches: dict[str, Touch] = {}
        for found, use in self._uses():
            if is_a(found.thing, _Setting) and found.thing not in self._set_at_import:
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

    def _uses(self) -> list[tuple[_Found, Use]]:
        search = _Search(self._function, self._passed)
        uses: list[tuple[_Found, Use]] = []
        for found in search.run():
            with suppress(Exception):  # the user's objects may raise anything
                if (use := _use(found)) is not None:
                    uses.append((found, use))
        self.names, self.loads, self.locks = frozenset(search.names), frozenset(search.loads), search.locks
        self.codes = tuple(search.codes)
        return uses


def _use(found: _Found) -> Use | None:
    if is_a(found.thing, ModuleType) and module_name(found.thing) == "numpy":
        return numpy_error_use()
    if is_a(found.thing, ModuleType) and module_name(found.thing) in PACKAGES:
        return library_use(found.thing)
    name = MODULES.get(module_name(found.thing)) if is_a(found.thing, ModuleType) else None
    key = "module setting" if is_a(found.thing, _Setting) else name or function_resource(found.thing)
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
    if found.locked and use.resource != "SQLite connection":
        use = replace(use, threads="safe")
    return replace(use, fork="safe") if found.checks_process else use


def _touch(found: _Found, use: Use) -> Touch:
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


class _Search:
    """Follows the user's functions, beginning with the target, and collects the resources that their code loads."""

    def __init__(self, function: Callable[..., Any], passed: frozenset[str]) -> None:
        self._target = function
        self._passed = passed
        self._plain = plain_function(function)
        self._pending: deque[_Frame] = deque()
        self._seen: set[tuple[object, ...]] = set()  # functions, what they are bound to, and what protects them
        self._found: dict[int, _Found] = {}
        self._functions: dict[int, tuple[Any, str]] = {}  # by id: objects, and the state that they act on as functions
        self.codes: list[CodeType] = []
        self.loads: set[str] = set()
        self.names: set[str] = set()  # that the code seen so far loads
        self.locks = False
        self._targets: set[int] = set()  # ids of the functions that the target itself is

    def run(self) -> list[_Found]:
        self._follow(self._target, _Frame())
        self._targets = {id(frame.function) for frame in self._pending}
        while self._pending and len(self._seen) < MAX_FUNCTIONS:
            self._look_at(self._pending.popleft())
        if self.names & _DECIMAL_CONTEXTS:  # the calls set it themselves, each in its thread
            return [found for found in self._found.values() if not _is_decimal(found.thing)]
        return list(self._found.values())

    def _follow(self, thing: Any, frame: _Frame) -> None:
        """Queue the user's functions in a callable, with the locks held in the frame that calls it."""
        bound: tuple[Any, ...] = ()
        keywords: dict[str, Any] = {}
        for _ in range(10):
            if is_a(thing, MethodType):
                bound = (thing.__self__, *bound)
                thing = thing.__func__
            elif is_a(thing, functools.partial):
                bound, keywords = (*thing.args, *bound), thing.keywords | keywords
                thing = thing.func
            elif is_a(thing, (staticmethod, classmethod)) or type(thing) is LruCacheWrapper:
                thing = thing.__wrapped__
            else:
                break
        if is_a(thing, FunctionType):
            parts = (thing.__code__, *bound, *keywords.values())
            key = (*map(id, parts), frame.locked, frame.checks_process)
            if key not in self._seen and module_origin(thing.__globals__.get("__name__")) == "user":
                self._seen.add(key)
                arguments = mutations.default_arguments(thing) | keywords
                arguments.update(zip(_positional(thing), bound, strict=False))
                passed = self._passed if thing is self._plain else frozenset()
                shared = {name: value for name, value in arguments.items() if name not in passed}
                self._pending.append(replace(frame, function=thing, arguments=shared))
        elif not is_a(thing, (type, ModuleType)) and module_origin(type(thing).__module__) == "user":
            method = inspect.getattr_static(type(thing), "__call__", None)
            if method is not None:
                self._follow(MethodType(method, thing), frame)

    def _look_at(self, frame: _Frame) -> None:
        code = frame.function.__code__
        self.codes.append(code)
        self.names.update(code.co_names)
        self.loads |= names_in(code).loads
        resolved: list[tuple[Chain, Any, str, tuple[str, ...]]] = []
        for chain in names_in(code).chains:
            with suppress(Exception):  # the user's objects may raise anything
                resolved.append((chain, *self._resolve(chain, frame)))
        locks = {name.rpartition(".")[2] for _, thing, name, _ in resolved if is_lock(type(thing))}
        held: list[range] = []
        if locks or not (THREAD_IDS | PROCESS_IDS).isdisjoint(code.co_names):
            source = FunctionSource(code)
            held = [lines for lock in locks for lines in source.locked_lines(lock)]
            frame = replace(
                frame,
                locked=frame.locked or source.tells_apart(THREAD_IDS.intersection(code.co_names)),
                checks_process=frame.checks_process or source.tells_apart(PROCESS_IDS.intersection(code.co_names)),
            )
        self.locks = self.locks or bool(locks) or frame.locked
        outside, under_lock = frame, replace(frame, locked=True)
        for chain, thing, name, rest in resolved:
            frame = under_lock if any(chain.line in lines for lines in held) else outside
            with suppress(Exception):  # as above
                for part in (_root(chain, frame), thing):
                    if (library := library_of(defining_module(part))) in sys.modules:
                        self._add(sys.modules[library], library, chain, (), frame)
                    elif defining_module(part).partition(".")[0] == "numpy":
                        self._add(sys.modules["numpy"], "numpy", chain, (), frame)
                if thing is not MISSING:
                    self._visit(chain, thing, name, rest, frame)

    def _resolve(self, chain: Chain, frame: _Frame) -> tuple[Any, str, tuple[str, ...]]:
        """Return the object that a chain leads to, its name, and the attributes taken from it."""
        thing = _root(chain, frame)
        name = chain.root.removeprefix("import ")
        for index, attribute in enumerate(chain.attributes):
            if thing is MISSING or _is_resource(thing) or is_lock(type(thing)) or self._function_resource(thing):
                return thing, name, chain.attributes[index:]
            part = part_of(thing, attribute)
            if is_a(part, property) and part.fget is not None:
                return MethodType(part.fget, thing), name, ()
            if is_a(part, functools.cached_property):
                return MethodType(part.func, thing), name, ()
            if is_a(part, FunctionType) and not is_a(thing, ModuleType):
                return MethodType(part, thing), name, ()
            if is_a(thing, threading.local):
                return thing, f"{name}.{attribute}", (attribute,)
            if acts_on_module(thing, attribute, part):
                return thing, name, chain.attributes[index:]
            thing, name = part, f"{name}.{attribute}"
        return thing, name, ()

    def _function_resource(self, thing: Any) -> str:
        if id(thing) not in self._functions:
            self._functions[id(thing)] = thing, function_resource(thing)
        return self._functions[id(thing)][1]

    def _visit(self, chain: Chain, thing: Any, name: str, rest: tuple[str, ...], frame: _Frame) -> None:
        if is_a(thing, threading.local):
            if rest and has_in_thread(thing, rest[0]) and not _sets_up(frame.function, rest[0]):
                self._add(thing, name, chain, rest, frame)
        elif _is_resource(thing):
            self._add(thing, name, chain, rest, frame)
        elif key := self._function_resource(thing):
            if not chain.attributes or rest or key not in NAMED_FUNCTIONS.values():
                self._add(thing, name, chain, rest, frame)
        elif is_a(thing, ModuleType):
            if module_name(thing) in MODULES and rest:
                self._add(thing, name, chain, rest, frame)
            elif chain.stored and (module_origin(module_name(thing)) != "user" or _is_set(thing, chain.stored)):
                self._add(_Setting(thing, chain.stored), f"{name}.{chain.stored}", chain, (), frame)
        elif is_a(thing, type):
            if f"{thing.__module__}.{thing.__qualname__}" in CLASSES:
                self._add(thing, name, chain, rest, frame)
            self._follow_class(thing, frame)
        elif is_a(thing, CONTAINERS):
            for part in elements(thing, MAX_ELEMENTS):
                if not _is_resource(part):
                    self._follow(part, frame)
                elif resource_of_type(type(part)) != "iterator":
                    self._add(part, f"{name}[…]", chain, (), frame)
        elif type(thing) is LruCacheWrapper:
            results = [result for result in cached_results(thing) if _is_resource(result)]
            for result in results[:MAX_ELEMENTS]:
                if len(results) == 1 or resource_of_type(type(result)) == "file":
                    self._add(result, f"{name}()", chain, (), frame)
            self._follow(thing, frame)
        elif is_a(thing, functools.partial):
            for part in (*thing.args, *thing.keywords.values()):
                self._visit(chain, part, name, (), frame)
            self._follow(thing, frame)
        else:
            self._follow(thing, frame)

    def _follow_class(self, cls: type, frame: _Frame) -> None:
        """Follow the methods of a user's class that the code names, and those that Python calls."""
        if module_origin(cls.__module__) != "user":
            return
        used = set(frame.function.__code__.co_names) | {"__init__", "__call__", "__enter__", "__exit__", "__new__"}
        for name, member in list(vars(cls).items()):
            if name in used and is_a(member, (FunctionType, staticmethod, classmethod)):
                self._follow(member, frame)

    def _add(self, thing: Any, name: str, chain: Chain, rest: tuple[str, ...], frame: _Frame) -> None:
        code = frame.function.__code__
        where = f"{Path(code.co_filename).name}:{chain.line}"
        through = "" if id(frame.function) in self._targets else frame.function.__qualname__
        key = hash(name) if is_a(thing, _Setting) else id(thing)
        found = self._found.setdefault(key, _Found(thing, name, where, through))
        found.attributes.update(f"{each}=" for each in rest[:1] if each in names_in(code).stores)
        found.attributes.update(rest[:1] or ([chain.stored] if chain.stored else []))
        found.loads.append(Load(name if chain.kind == "global" else "", code, frame.function.__globals__))
        found.locked = found.locked and frame.locked
        found.checks_process = found.checks_process and frame.checks_process


def _is_set(module: ModuleType, attribute: str) -> bool:
    return module_contents(module).get(attribute) is not None


def _is_decimal(thing: Any) -> bool:
    kind = thing if is_a(thing, type) else type(thing)
    return f"{kind.__module__}.{kind.__qualname__}" in CLASSES


def _is_resource(thing: Any) -> bool:
    return bool(resource_of_type(type(thing)))


def _root(chain: Chain, frame: _Frame) -> Any:
    function = frame.function
    if chain.kind == "global":
        if chain.root.startswith("import "):
            return sys.modules.get(chain.root.removeprefix("import "), MISSING)
        return function.__globals__.get(chain.root, MISSING)
    if chain.kind == "closure":
        return closure_values(function).get(chain.root, MISSING)
    return frame.arguments.get(chain.root, MISSING)


def _positional(function: FunctionType) -> tuple[str, ...]:
    return function.__code__.co_varnames[: function.__code__.co_argcount]


def _passed_arguments(function: Callable[..., Any], calls: Sequence[Call]) -> frozenset[str]:
    """Return the names of the parameters that each of the calls passes."""
    if not calls:
        return frozenset()
    positional = mutations.positional_parameters(function)[: min(len(call.args) for call in calls)]
    return frozenset(positional).union(set.intersection(*(set(call.kwargs) for call in calls)))


def _sets_up(function: FunctionType, attribute: str) -> bool:
    """Return True if the function creates a thread's own value if there is none."""
    names: Iterator[str] = iter(function.__code__.co_names)
    constants = [value for value in function.__code__.co_consts if is_a(value, str)]
    return attribute in constants or "AttributeError" in names or "__dict__" in function.__code__.co_names
