"""Find the shared objects that calls use: by what the code loads, looked up in globals, closures, `self` and defaults.

Types decide, not names. Only the user's own functions are followed, and only what their code loads counts: an object
that exists and is not used is not reported.
"""

from __future__ import annotations

import functools
import gc
import inspect
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, NamedTuple

from advisor.measure.attribute_chains import Chain, attribute_chains, loaded_names, stored_names
from advisor.measure.introspection import LruCacheWrapper, closure_values, module_origin
from advisor.measure.known_functions import acts_on_module, function_name, function_resource
from advisor.measure.replaceable import Load, with_replacement
from advisor.measure.resource_use import Use, as_changed, decimal_use, library_use, numpy_error_use, use_of
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

MAX_FUNCTIONS = 200
MAX_TOUCHES = 50
MAX_ELEMENTS = 20  # of a container of resources
_MISSING = object()
_DECIMAL_CONTEXTS = frozenset({"localcontext", "getcontext", "setcontext", "Context"})
_CONTAINERS = (list, tuple, dict, deque)
_THREAD_IDS = frozenset({"get_ident", "get_native_id", "current_thread"})  # by which threads find their own objects
_BUFFERED = ("file written", "archive written")  # lost with a worker, by whomever it was opened
_NAMED_STATE = ("context variable", "module setting")  # others are named by what they are


@dataclass(frozen=True)
class _Frame:
    """A function of the user's to look at, and what is known where it is called."""

    function: Any = None  # a plain function; the caller of the target is none
    owner: Any = _MISSING  # its `self`
    locked: bool = False  # a lock is held around it
    checks_process: bool = False  # a caller compares process ids


class _Setting(NamedTuple):
    """An attribute of a library's module that the code sets."""

    module: ModuleType
    attribute: str


@dataclass
class _Found:
    """An object in use, the attributes that are taken of it, and where."""

    thing: Any
    name: str
    where: str
    through: str
    attributes: set[str] = field(default_factory=set)
    locked: bool = True
    checks_process: bool = True
    loads: list[Load] = field(default_factory=list)


class TouchedObjects:
    """Looks at a function before its calls; `touches()` looks again, and says what calls share."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Look at what exists now, which forked workers would inherit."""
        self._function = function
        self.names: frozenset[str] = frozenset()  # that the code takes, reading or setting
        self.loads: frozenset[str] = frozenset()  # those of them that it reads
        self.locks = False  # some of the code holds a lock
        self.codes: tuple[CodeType, ...] = ()  # of the user's functions that the calls run
        uses = self._uses()
        self._at_import = {id(found.thing): use for found, use in uses}
        self._set_at_import = {found.thing for found, _ in uses if isinstance(found.thing, _Setting)}

    def touches(self) -> tuple[Touch, ...]:
        """Return the objects in use; those that the calls made themselves are made anew in each worker process."""
        touches: dict[str, Touch] = {}
        for found, use in self._uses():
            if isinstance(found.thing, _Setting) and found.thing not in self._set_at_import:
                continue  # the calls set it first, once
            before = self._at_import.get(id(found.thing))
            if before is None and use.resource == "context variable":
                continue  # the calls set it, each in its own thread
            if before is None:
                use = use if use.resource in _BUFFERED else replace(use, fork="safe", spawn="safe")
            elif use.if_changed and use.changes > before.changes:
                use = as_changed(use)
            elif before.resource == use.resource:
                use = replace(use, fork=before.fork, spawn=before.spawn)
            touch = _touch(found, use)
            if before is not None and before.changes == use.changes:
                touch = with_replacement(touch, found.thing, found.loads, self._function)
            if (touch.threads, touch.fork, touch.spawn) != ("safe", "safe", "safe"):
                touches.setdefault(touch.name, touch)
        return tuple(touches.values())[:MAX_TOUCHES]

    def _uses(self) -> list[tuple[_Found, Use]]:
        with suppress(Exception):  # the user's objects may raise anything
            search = _Search(self._function)
            found = search.run()
            self.names, self.loads, self.locks = frozenset(search.names), frozenset(search.loads), search.locks
            self.codes = tuple(search.codes)
            return [(each, use) for each in found if (use := _use(each)) is not None]
        return []


def _use(found: _Found) -> Use | None:
    if isinstance(found.thing, ModuleType) and found.thing.__name__ == "numpy":
        return numpy_error_use()
    if isinstance(found.thing, ModuleType) and found.thing.__name__ in PACKAGES:
        return library_use(found.thing)
    name = MODULES.get(getattr(found.thing, "__name__", "")) if isinstance(found.thing, ModuleType) else None
    key = "module setting" if isinstance(found.thing, _Setting) else name or function_resource(found.thing)
    if key:
        row = RESOURCES[key]
        return Use(key, row.threads, row.fork, row.spawn)
    if isinstance(found.thing, threading.local):
        row = RESOURCES["context variable"]
        return Use(row.key, row.threads, row.fork, row.spawn)
    if isinstance(found.thing, type):
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
    """Follows the user's functions from one on, and collects the resources that their code loads."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._target = function
        self._pending: deque[_Frame] = deque()
        self._seen: set[tuple[int, int]] = set()
        self._found: dict[int, _Found] = {}
        self.codes: list[CodeType] = []
        self.loads: set[str] = set()
        self.names: set[str] = set()  # that the code seen so far loads
        self.locks = False
        self._targets: set[int] = set()  # ids of the functions that the target itself is

    def run(self) -> list[_Found]:
        self._follow(self._target, _Frame())
        self._targets = {id(frame.function) for frame in self._pending}
        while self._pending and len(self._seen) < MAX_FUNCTIONS:
            frame = self._pending.popleft()
            with suppress(Exception):  # a proxy of the user's raises when it is asked for its class
                self._look_at(frame)
        if self.names & _DECIMAL_CONTEXTS:  # the calls set it themselves, each in its thread
            return [found for found in self._found.values() if not _is_decimal(found.thing)]
        return list(self._found.values())

    def _follow(self, thing: Any, frame: _Frame, owner: Any = _MISSING) -> None:
        """Look later at the user's functions in a callable, with the locks held in the frame that calls it."""
        for _ in range(10):
            if isinstance(thing, MethodType):
                owner = thing.__self__
                thing = thing.__func__
            elif isinstance(thing, functools.partial):
                thing = thing.func
            elif isinstance(thing, (staticmethod, classmethod)) or type(thing) is LruCacheWrapper:
                thing = thing.__wrapped__
            else:
                break
        if isinstance(thing, FunctionType):
            key = (id(thing.__code__), id(owner))
            if key not in self._seen and module_origin(thing.__globals__.get("__name__")) == "user":
                self._seen.add(key)
                self._pending.append(replace(frame, function=thing, owner=owner))
        elif not isinstance(thing, (type, ModuleType)) and module_origin(type(thing).__module__) == "user":
            method = inspect.getattr_static(type(thing), "__call__", None)
            if method is not None:
                self._follow(method, frame, thing)

    def _look_at(self, frame: _Frame) -> None:
        code = frame.function.__code__
        self.codes.append(code)
        self.names.update(code.co_names)
        chains = attribute_chains(code)
        self.loads |= loaded_names(code)
        resolved = [(chain, *self._resolve(chain, frame)) for chain in chains]
        own = {"get_ident", "get_native_id", "current_thread"} & set(code.co_names)  # by which threads find their own
        locked = (
            frame.locked
            or bool(own)
            or any(is_lock(type(thing)) for _, thing, _, _ in resolved if thing is not _MISSING)
        )
        checks = frame.checks_process or "getpid" in code.co_names
        frame = replace(frame, locked=locked, checks_process=checks)
        self.locks = self.locks or locked
        for chain, thing, name, rest in resolved:
            for part in (_root(chain, frame), thing):
                if (library := library_of(_module_of(part))) in sys.modules:
                    self._add(sys.modules[library], library, chain, (), frame)
                elif _module_of(part).partition(".")[0] == "numpy":
                    self._add(sys.modules["numpy"], "numpy", chain, (), frame)
            if thing is not _MISSING:
                self._visit(chain, thing, name, rest, frame)

    def _resolve(self, chain: Chain, frame: _Frame) -> tuple[Any, str, tuple[str, ...]]:
        """Return the object that a chain leads to, its name, and the attributes that are taken of it."""
        thing = _root(chain, frame)
        name = chain.root.removeprefix("import ")
        for index, attribute in enumerate(chain.attributes):
            if thing is _MISSING or _is_resource(thing) or function_resource(thing):
                return thing, name, chain.attributes[index:]
            if isinstance(thing, threading.local):
                return thing, f"{name}.{attribute}", (attribute,)
            part = _part(thing, attribute)
            if isinstance(part, property):
                self._follow(part.fget, frame, thing)
                return _MISSING, name, ()
            if isinstance(part, functools.cached_property):
                self._follow(part.func, frame, thing)
                return _MISSING, name, ()
            if isinstance(part, FunctionType) and not isinstance(thing, ModuleType):
                self._follow(part, frame, thing)
                return _MISSING, name, ()
            if acts_on_module(thing, attribute, part):
                return thing, name, chain.attributes[index:]
            thing, name = part, f"{name}.{attribute}"
        return thing, name, ()

    def _visit(self, chain: Chain, thing: Any, name: str, rest: tuple[str, ...], frame: _Frame) -> None:
        if isinstance(thing, threading.local):
            if rest and hasattr(thing, rest[0]) and not _sets_up(frame.function, rest[0]):
                self._add(thing, name, chain, rest, frame)
        elif _is_resource(thing):
            self._add(thing, name, chain, rest, frame)
        elif key := function_resource(thing):
            if not chain.attributes or rest or key not in NAMED_FUNCTIONS.values():
                self._add(thing, name, chain, rest, frame)
        elif isinstance(thing, ModuleType):
            if thing.__name__ in MODULES and rest:
                self._add(thing, name, chain, rest, frame)
            elif chain.stored and (module_origin(thing.__name__) != "user" or _is_set(thing, chain.stored)):
                self._add(_Setting(thing, chain.stored), f"{name}.{chain.stored}", chain, (), frame)
        elif isinstance(thing, type):
            if f"{thing.__module__}.{thing.__qualname__}" in CLASSES:
                self._add(thing, name, chain, rest, frame)
            self._follow_class(thing, frame)
        elif isinstance(thing, _CONTAINERS):
            for part in list(thing.values() if isinstance(thing, dict) else thing)[:MAX_ELEMENTS]:
                if not _is_resource(part):
                    self._follow(part, frame)
                elif resource_of_type(type(part)) != "iterator":
                    self._add(part, f"{name}[…]", chain, (), frame)
        elif type(thing) is LruCacheWrapper:
            results = [result for result in _cached_results(thing) if _is_resource(result)]
            for result in results[:MAX_ELEMENTS]:
                if len(results) == 1 or resource_of_type(type(result)) == "file":
                    self._add(result, f"{name}()", chain, (), frame)
            self._follow(thing, frame)
        elif isinstance(thing, functools.partial):
            for part in (*thing.args, *thing.keywords.values()):
                self._visit(chain, part, name, (), frame)
            self._follow(thing, frame)
        else:
            self._follow(thing, frame)

    def _follow_class(self, cls: type, frame: _Frame) -> None:
        """Follow the methods of a class of the user's that the code names, and those that Python calls."""
        if module_origin(cls.__module__) != "user":
            return
        used = set(frame.function.__code__.co_names) | {"__init__", "__call__", "__enter__", "__exit__", "__new__"}
        for name, member in list(vars(cls).items()):
            if name in used and isinstance(member, (FunctionType, staticmethod, classmethod)):
                self._follow(member, frame)

    def _add(self, thing: Any, name: str, chain: Chain, rest: tuple[str, ...], frame: _Frame) -> None:
        code = frame.function.__code__
        where = f"{Path(code.co_filename).name}:{chain.line}"
        through = "" if id(frame.function) in self._targets else frame.function.__qualname__
        key = hash(name) if isinstance(thing, _Setting) else id(thing)
        found = self._found.setdefault(key, _Found(thing, name, where, through))
        found.attributes.update(f"{each}=" for each in rest[:1] if each in stored_names(code))
        found.attributes.update(rest[:1] or ([chain.stored] if chain.stored else []))
        found.loads.append(Load(name if chain.kind == "global" else "", code, frame.function.__globals__))
        if chain.sliced and not rest:
            found.attributes.add("[]")
        found.locked = found.locked and frame.locked
        found.checks_process = found.checks_process and frame.checks_process


def _module_of(thing: Any) -> str:
    """Return the module that a thing is, or that it or its type is defined in."""
    if isinstance(thing, ModuleType):
        return thing.__name__
    defined = thing if isinstance(thing, (type, FunctionType)) else type(thing)
    return str(defined.__module__)


def _cached_results(cached: Any) -> list[Any]:
    """Return what a function with an lru_cache refers to, its results among it: a bounded cache has no dictionary."""
    parts = gc.get_referents(cached)
    caches = [part for part in parts if isinstance(part, dict) and "__wrapped__" not in part]
    return [*parts, *(value for cache in caches for value in cache.values())]


def _is_set(module: ModuleType, attribute: str) -> bool:
    return vars(module).get(attribute) is not None


def _is_decimal(thing: Any) -> bool:
    kind = thing if isinstance(thing, type) else type(thing)
    return f"{kind.__module__}.{kind.__qualname__}" in CLASSES


def _is_resource(thing: Any) -> bool:
    return bool(resource_of_type(type(thing)))


def _root(chain: Chain, frame: _Frame) -> Any:
    function = frame.function
    if chain.kind == "global":
        if chain.root.startswith("import "):
            return sys.modules.get(chain.root.removeprefix("import "), _MISSING)
        return function.__globals__.get(chain.root, _MISSING)
    if chain.kind == "closure":
        return closure_values(function).get(chain.root, _MISSING)
    names = function.__code__.co_varnames[: function.__code__.co_argcount + function.__code__.co_kwonlyargcount]
    if frame.owner is not _MISSING and names and chain.root == names[0]:
        return frame.owner
    return _defaults(function, names).get(chain.root, _MISSING)


def _defaults(function: FunctionType, names: tuple[str, ...]) -> dict[str, Any]:
    positional = names[: function.__code__.co_argcount]
    values = function.__defaults__ or ()
    found = dict(zip(positional[len(positional) - len(values) :], values, strict=True))
    return {name: value for name, value in (found | (function.__kwdefaults__ or {})).items() if _is_resource(value)}


def _part(thing: Any, attribute: str) -> Any:
    """Return an attribute without running the user's code."""
    if isinstance(thing, ModuleType):
        return vars(thing).get(attribute, _MISSING)
    if isinstance(thing, type):
        part = inspect.getattr_static(thing, attribute, _MISSING)
        return part.__func__ if isinstance(part, (staticmethod, classmethod)) else part
    if module_origin(type(thing).__module__) != "user" and type(thing).__module__ != "types":
        return _MISSING
    part = inspect.getattr_static(thing, attribute, _MISSING)
    if isinstance(part, MemberDescriptorType):
        return part.__get__(thing)
    return part.__func__ if isinstance(part, (staticmethod, classmethod)) else part


def _sets_up(function: FunctionType, attribute: str) -> bool:
    """Return True if the function makes a thread's own value where there is none."""
    names: Iterator[str] = iter(function.__code__.co_names)
    constants = [value for value in function.__code__.co_consts if isinstance(value, str)]
    return attribute in constants or "AttributeError" in names or "__dict__" in function.__code__.co_names
