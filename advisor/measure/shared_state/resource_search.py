"""Follow the user's functions, starting with the target, and collect the resources that their code loads."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Literal, NamedTuple

from advisor.measure.introspection import (
    LruCacheWrapper,
    module_namespace,
    module_origin,
    plain_function,
)
from advisor.measure.shared_state import mutations
from advisor.measure.shared_state.attribute_chains import Chain, Element, Step, names_in
from advisor.measure.shared_state.guards import PROCESS_IDS, THREAD_IDS, FunctionSource
from advisor.measure.shared_state.known_functions import acts_on_module, function_resource
from advisor.measure.shared_state.object_parts import (
    CONTAINERS,
    MAX_ELEMENTS,
    MISSING,
    cached_results,
    defining_module,
    elements,
    elements_taken,
    has_in_thread,
    implementations,
    is_a,
    is_resource,
    is_users_object,
    method_of,
    module_name,
    owner_of_method,
    part_of,
    resources_in,
    root_of,
    sets_up,
    steps_into,
)
from advisor.measure.shared_state.replaceable import Load
from advisor.models.resources.libraries import library_of
from advisor.models.resources.types import (
    CLASSES,
    MODULES,
    NAMED_FUNCTIONS,
    is_lock,
    resource_of_type,
)
from advisor.target import ipython_session

MAX_FUNCTIONS = 200
MAX_OBJECTS = 200  # user's objects whose attributes are inspected
_BY_FUNCTION = {"next": "__next__", "print": "write", "dump": "write"}  # methods, by the function that calls them
_LOOKS = (("__bool__",), ("__len__",), ("__class__",))  # inspect an object without using it
_DECIMAL_CONTEXTS = frozenset({"localcontext", "getcontext", "setcontext", "Context"})


@dataclass(frozen=True)
class _Frame:
    """A user's function to inspect, and the context in which it is called."""

    function: Any = None  # a plain function; None for the caller of the target
    arguments: Mapping[str, Any] = field(default_factory=dict)  # shared by all its calls: `self`, bound, defaults
    locked: bool = False  # a lock is held around it
    checks_process: bool = False  # a caller compares process ids


class Setting(NamedTuple):
    """An attribute of a library's module that the code sets."""

    module: ModuleType
    attribute: str


class _Reached(NamedTuple):
    """An object that code reaches, its name, and the remaining steps from it."""

    thing: Any
    name: str
    rest: tuple[Step, ...] = ()


@dataclass
class _Object:
    """A user's object that code passes on or takes from a container."""

    thing: Any
    name: str
    chain: Chain
    frame: _Frame
    is_result: bool  # the result of a function, or an element of a container
    seen: set[Step] = field(default_factory=set)


@dataclass
class FoundResource:
    """An object in use, the place in the code, and the attributes that the code reads from it."""

    thing: Any
    name: str
    where: str
    through: str
    attributes: set[str] = field(default_factory=set)
    locked: bool = True
    checks_process: bool = True
    loads: list[Load] = field(default_factory=list)


class ResourceSearch:
    """Follows the user's functions, starting with the target, and collects the resources that their code loads."""

    def __init__(self, function: Callable[..., Any], passed: frozenset[str]) -> None:
        self._target = function
        self._passed = passed
        self._plain = plain_function(function)
        self._pending: deque[_Frame] = deque()
        self._seen: set[tuple[object, ...]] = set()  # functions with bound arguments and protection
        self._found: dict[int, FoundResource] = {}
        self._functions: dict[int, tuple[Any, str]] = {}  # by id: objects, and the state that calling them affects
        self.functions: list[FunctionType] = []  # seen so far
        self.loads: set[str] = set()
        self.names: set[str] = set()  # names in the code seen so far
        self.locks = False
        # Steps from unknown arguments and results, with True if the code always holds a lock there.
        self._taken: dict[Literal["argument", "result"], dict[Step, bool]] = {"argument": {}, "result": {}}
        self._objects: dict[tuple[int, bool, bool], _Object] = {}
        self.targets: list[FunctionType] = []  # the functions of the target itself

    def run(self) -> list[FoundResource]:
        self._follow(self._target, _Frame())
        self.targets = [frame.function for frame in self._pending]
        while len(self._seen) < MAX_FUNCTIONS:
            if self._pending:
                self._look_at(self._pending.popleft())
            elif not [each for each in list(self._objects.values()) if self._look_into(each)]:
                break
        if self.names & _DECIMAL_CONTEXTS:  # each call sets the context in its own thread
            return [found for found in self._found.values() if not _is_decimal(found.thing)]
        return list(self._found.values())

    def _follow(self, thing: Any, frame: _Frame) -> None:
        """Queue the user's functions behind a callable, with the locks that the calling frame holds."""
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
            if module_origin(thing.__globals__.get("__name__")) != "user":
                for each in implementations(thing):
                    self._follow(functools.partial(each, *bound, **keywords) if callable(each) else each, frame)
            elif key not in self._seen:
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
        self.functions.append(frame.function)
        self.names.update(code.co_names)
        self.loads |= names_in(code).loads
        resolved: list[tuple[Chain, Any, list[_Reached]]] = []
        for chain in names_in(code).chains:
            with suppress(Exception):  # the user's objects may raise anything
                root = root_of(chain, frame.function, frame.arguments)
                name = chain.root.removeprefix("import ")
                resolved.append((chain, root, list(self._reach(root, name, chain.attributes))))
        reached = [each for _, _, several in resolved for each in several]
        locks = {each.name.rpartition(".")[2] for each in reached if is_lock(type(each.thing))}
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
        for chain, root, several in resolved:
            frame = under_lock if any(chain.line in lines for lines in held) else outside
            is_unknown = root is MISSING or (chain.kind == "local" and chain.root != _first_parameter(code))
            if is_unknown and chain.root not in ("self", "cls"):
                self._take_note(chain, frame)
            for part in (root, *(each.thing for each in several)):
                if part is not MISSING:
                    with suppress(Exception):  # as above
                        self._add_library(part, chain, frame)
            for each in several:
                with suppress(Exception):
                    self._visit(chain, each, frame)
        if "super" in code.co_names:
            with suppress(Exception):
                self._follow_bases(outside)

    def _take_note(self, chain: Chain, frame: _Frame) -> None:
        """Record the steps from an argument or a result, which may be any object."""
        taken = self._taken["result" if chain.kind == "result" else "argument"]
        steps = chain.attributes
        if chain.kind == "built" and Element not in map(type, steps):
            return  # a method of a built-in type
        for step, following in zip_longest(steps, steps[1:]):
            if step != "get" or not isinstance(following, Element):
                taken[step] = taken.get(step, True) and frame.locked

    def _add_library(self, part: Any, chain: Chain, frame: _Frame) -> None:
        if (library := library_of(defining_module(part))) in sys.modules:
            self._add(_Reached(sys.modules[library], library), chain, frame)
        elif defining_module(part).partition(".")[0] == "numpy":
            self._add(_Reached(sys.modules["numpy"], "numpy"), chain, frame)

    def _reach(self, thing: Any, name: str, steps: tuple[Step, ...]) -> Iterator[_Reached]:
        """Yield the objects that the steps reach, each with the steps that remain."""
        for index, step in enumerate(steps):
            if thing is MISSING:
                return
            rest = steps[index:]
            if is_resource(thing) or is_lock(type(thing)) or self._function_resource(thing):
                break
            if is_a(thing, threading.local) and isinstance(step, str):
                yield _Reached(thing, f"{name}.{step}", (step,))
                return
            if is_a(thing, CONTAINERS) and (taken := elements_taken(thing, rest)) is not None:
                parts, rest = taken
                for part in parts:
                    yield from self._reach(part, f"{name}[…]", rest)
                return
            if isinstance(step, Element):
                for special in ("__iter__", "__next__") if step.is_iterated else ("__getitem__",):
                    yield from self._reach(thing, name, (special,))
                break
            part = part_of(thing, step)
            if (method := method_of(thing, part)) is not None:
                yield _Reached(method, name)
                if type(part) is not LruCacheWrapper:
                    return
            if acts_on_module(thing, step, part):
                break
            thing, name = part, f"{name}.{step}"
        else:
            rest = ()
        if thing is not MISSING:
            yield _Reached(thing, name, rest)

    def _function_resource(self, thing: Any) -> str:
        if id(thing) not in self._functions:
            self._functions[id(thing)] = thing, function_resource(thing)
        return self._functions[id(thing)][1]

    def _visit(self, chain: Chain, reached: _Reached, frame: _Frame) -> None:
        thing, name, rest = reached
        if is_a(thing, threading.local):
            if rest and has_in_thread(thing, str(rest[0])) and not sets_up(frame.function, str(rest[0])):
                self._add(reached, chain, frame)
        elif is_resource(thing):
            if rest[:1] in _LOOKS:
                return
            if not name.endswith("]") or rest or resource_of_type(type(thing)) != "iterator":
                self._add(reached, chain, frame)
        elif key := self._function_resource(thing):
            if not chain.attributes or rest or key not in NAMED_FUNCTIONS.values():
                self._add(reached, chain, frame)
        elif is_a(thing, ModuleType):
            if module_name(thing) in MODULES and rest:
                self._add(reached, chain, frame)
            elif chain.stored and (module_origin(module_name(thing)) != "user" or _is_set(thing, chain.stored)):
                self._add(_Reached(Setting(thing, chain.stored), f"{name}.{chain.stored}"), chain, frame)
        elif is_a(thing, type):
            if f"{thing.__module__}.{thing.__qualname__}" in CLASSES:
                self._add(reached, chain, frame)
            self._follow_class(thing, frame)
        elif type(thing) is LruCacheWrapper:
            results = cached_results(thing)
            resources = resources_in(results)
            for result in resources[:MAX_ELEMENTS]:
                if len(resources) == 1 or resource_of_type(type(result)) == "file":
                    self._add(_Reached(result, f"{name}()"), chain, frame)
            for result in elements(results):
                if is_users_object(result):
                    self._visit(chain, _Reached(result, f"{name}()"), frame)
            self._follow(thing, frame)
        elif is_a(thing, functools.partial):
            for part in (*thing.args, *thing.keywords.values()):
                self._visit(chain, _Reached(part, name), frame)
            self._follow(thing, frame)
        elif (owner := owner_of_method(thing)) is not MISSING:
            self._add(_Reached(owner, name, (thing.__name__,)), chain, frame)
        else:
            is_result = chain.returned or name.endswith(("]", ")"))
            is_passed = type(thing) is dict and not is_result
            if is_a(thing, CONTAINERS) and not is_passed:
                for part in elements(thing):
                    self._visit(chain, _Reached(part, f"{name}[…]"), frame)
            if (is_passed or is_users_object(thing)) and not chain.stored and len(self._objects) < MAX_OBJECTS:
                kept = (id(thing), frame.locked, is_result)
                self._objects.setdefault(kept, _Object(thing, name, chain, frame, is_result))
            self._follow(thing, frame)

    def _look_into(self, each: _Object) -> bool:
        """Visit the parts of an object that the code takes from arguments or results; return False if none is new."""
        called = _BY_FUNCTION.keys() & set(each.frame.function.__code__.co_names)
        locked: dict[Step, bool] = {**{_BY_FUNCTION[name]: False for name in called}, **self._taken["argument"]}
        if each.is_result:
            results = self._taken["result"]
            locked |= {name: is_locked and locked.get(name, True) for name, is_locked in results.items()}
        steps: set[Step] = set()
        with suppress(Exception):  # as above
            steps = steps_into(each.thing, locked.keys() - each.seen)
        each.seen |= steps
        for step in sorted(steps, key=str):
            frame = replace(each.frame, locked=each.frame.locked or locked[step])
            with suppress(Exception):
                for part in self._reach(each.thing, each.name, (step,)):
                    self._visit(each.chain, part, frame)
        return bool(steps)

    def _follow_bases(self, frame: _Frame) -> None:
        """Follow the methods of base classes that the code names, since it may call them through `super()`."""
        code = frame.function.__code__
        owner = frame.arguments.get(_first_parameter(code), MISSING)
        if owner is MISSING:
            return
        kind = owner if is_a(owner, type) else type(owner)
        for base in type.__dict__["__mro__"].__get__(kind)[1:]:
            if module_origin(base.__module__) == "user":
                for name in sorted(set(code.co_names) & set(vars(base))):
                    if is_a(vars(base)[name], (FunctionType, classmethod)):
                        self._follow(MethodType(vars(base)[name], owner), frame)

    def _follow_class(self, cls: type, frame: _Frame) -> None:
        """Follow the methods of a user's class that the code names, and those that Python calls."""
        if module_origin(cls.__module__) != "user":
            return
        used = set(frame.function.__code__.co_names) | {"__init__", "__call__", "__enter__", "__exit__", "__new__"}
        for name, member in list(vars(cls).items()):
            if name in used and is_a(member, (FunctionType, staticmethod, classmethod)):
                self._follow(member, frame)

    def _add(self, reached: _Reached, chain: Chain, frame: _Frame) -> None:
        thing, name, rest = reached
        code = frame.function.__code__
        where = ipython_session.place(code.co_filename, chain.line)
        through = "" if frame.function in self.targets else frame.function.__qualname__
        key = hash(name) if is_a(thing, Setting) else id(thing)
        found = self._found.setdefault(key, FoundResource(thing, name, where, through))
        for step in rest[:1]:
            if isinstance(step, str):
                found.attributes.update([step, f"{step}="] if step in names_in(code).stores else [step])
            elif not step.is_iterated:
                found.attributes.add("[]")
        if chain.stored and not rest:
            found.attributes.add(chain.stored)
        found.loads.append(Load(name, chain.kind == "global", code, frame.function.__globals__))
        found.locked = found.locked and frame.locked
        found.checks_process = found.checks_process and frame.checks_process


def _is_set(module: ModuleType, attribute: str) -> bool:
    return module_namespace(module).get(attribute) is not None


def _is_decimal(thing: Any) -> bool:
    kind = thing if is_a(thing, type) else type(thing)
    return f"{kind.__module__}.{kind.__qualname__}" in CLASSES


def _first_parameter(code: CodeType) -> str:
    return code.co_varnames[0] if code.co_argcount else ""


def _positional(function: FunctionType) -> tuple[str, ...]:
    return function.__code__.co_varnames[: function.__code__.co_argcount]
