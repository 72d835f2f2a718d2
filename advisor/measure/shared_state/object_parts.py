"""Inspect the user's objects without running their code: no properties, methods or proxies."""

from __future__ import annotations

import functools
import gc
import inspect
import sys
import threading
from collections import Counter, deque, namedtuple
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import islice
from types import (
    BuiltinMethodType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any

from advisor.measure.introspection import LruCacheWrapper, closure_values, module_namespace, module_origin
from advisor.measure.shared_state.attribute_chains import Chain, Element, Step
from advisor.models.resources.types import resource_of_type

MISSING = object()
CONTAINERS = (list, tuple, dict, deque, set, frozenset)
MAX_ELEMENTS = 50  # of a container and those within it
_MAX_SCANNED = 300  # parts of each container
_MAX_ALIKE = 5  # parts of one type
_MAX_DEPTH = 3  # of containers in containers
_MAX_CONTAINERS = 20  # at each depth
_PLAIN = (int, float, complex, str, bytes, bool, type(None))
_TAKING = frozenset({"get", "values", "items", "pop", "popleft", "popitem", "setdefault", "copy"})
_FIELDS = (  # of slots, and of named tuples
    MemberDescriptorType,
    type(inspect.getattr_static(namedtuple("_Fields", "field"), "field")),
)


def is_a(thing: Any, kinds: type | tuple[type, ...]) -> bool:
    """Return True if an object's real type is one of the types; isinstance() would ask a proxy for its class."""
    return issubclass(type(thing), kinds)


def module_name(module: ModuleType) -> str:
    """Return the name of a module."""
    return str(module_namespace(module).get("__name__", ""))


def defining_module(thing: Any) -> str:
    """Return the name of a module, or of the module that defines a thing or its type."""
    if is_a(thing, ModuleType):
        return module_name(thing)
    defined = thing if is_a(thing, (type, FunctionType)) else type(thing)
    return str(defined.__module__)


def root_of(chain: Chain, function: FunctionType, arguments: Mapping[str, Any]) -> Any:
    """Return the object at the root of a function's chain, else MISSING."""
    if chain.kind in ("result", "built"):
        return MISSING
    if chain.root.startswith("import "):
        return sys.modules.get(chain.root.removeprefix("import "), MISSING)
    if chain.kind == "global":
        return function.__globals__.get(chain.root, MISSING)
    if chain.kind == "closure" and chain.root in function.__code__.co_freevars:
        return closure_values(function).get(chain.root, MISSING)
    return arguments.get(chain.root, MISSING)


def part_of(thing: Any, attribute: str) -> Any:
    """Return an attribute of a module, a class or a user's object, else MISSING."""
    if is_a(thing, ModuleType):
        return module_namespace(thing).get(attribute, MISSING)
    if attribute == "__class__":
        return type(thing)
    if not is_users_object(thing) and not is_a(thing, type):
        return MISSING
    part = inspect.getattr_static(thing, attribute, MISSING)
    if is_a(part, _FIELDS) and not is_a(thing, type):
        try:
            return part.__get__(thing)
        except AttributeError:  # the slot is empty
            return MISSING
    return part.__func__ if is_a(part, (staticmethod, classmethod)) else part


def is_resource(thing: Any) -> bool:
    """Return True if concurrent calls may disturb each other by sharing an object of this type."""
    return bool(resource_of_type(type(thing)))


def is_users_object(thing: Any) -> bool:
    """Return True if the object's class is a user's class or SimpleNamespace."""
    is_users = type(thing) is SimpleNamespace or module_origin(type(thing).__module__) == "user"
    return is_users and not is_a(thing, (type, ModuleType))


def steps_into(thing: Any, steps: Set[Step]) -> set[Step]:
    """Return those of the steps that lead from a dictionary, or from a user's object and its classes, to a part."""
    if type(thing) is dict:
        taken = {step for step in steps if isinstance(step, Element) and not step.is_iterated}
        return {step for step in taken if step.key is None or step.key in thing} | (steps & _TAKING)
    classes = [cls for cls in type.__dict__["__mro__"].__get__(type(thing)) if module_origin(cls.__module__) == "user"]
    own = inspect.getattr_static(thing, "__dict__", None)
    own = own if is_a(own, dict) else object.__getattribute__(thing, "__dict__") if own is not None else {}
    return {step for step in steps if step in own or any(step in vars(cls) for cls in classes)}


def method_of(thing: Any, part: Any) -> MethodType | None:
    """Return the function that runs when code reads or calls a part of an object's class, bound to the object."""
    if is_a(thing, ModuleType):
        return None
    function: Any = None
    if is_a(part, FunctionType):
        function = part
    elif is_a(part, property):
        function = part.fget
    elif is_a(part, (functools.cached_property, functools.partialmethod)):
        function = part.func
    elif is_a(part, functools.singledispatchmethod):
        function = part.dispatcher
    elif type(part) is LruCacheWrapper:
        function = part.__wrapped__
    return None if function is None else MethodType(function, thing)


def owner_of_method(method: Any) -> Any:
    """Return the resource that a method is bound to; MISSING for methods that a module offers as functions."""
    if not is_a(method, (MethodType, BuiltinMethodType)) or not is_resource(owner := method.__self__):
        return MISSING
    module = sys.modules.get(type(owner).__module__)
    is_offered = module is not None and module_namespace(module).get(method.__name__) == method
    return MISSING if is_offered else owner


def implementations(function: FunctionType) -> list[Any]:
    """Return the functions that a library's function wraps, or dispatches to by the type of an argument."""
    registry: Any = vars(function).get("registry")  # of functools.singledispatch
    return [*(registry.values() if is_a(registry, MappingProxyType) else ()), vars(function).get("__wrapped__")]


def elements_taken(container: Any, steps: tuple[Step, ...]) -> tuple[list[Any], tuple[Step, ...]] | None:
    """Return the elements that the first one or two steps may take from a container, and the remaining steps.

    Return None if the step is an attribute of a user's class.
    """
    step, rest = steps[0], steps[1:]
    base = next(kind for kind in CONTAINERS if is_a(container, kind))
    if isinstance(step, str):
        is_users = is_users_object(container)
        if is_users and inspect.getattr_static(type(container), step, MISSING) is not getattr(base, step, None):
            return None
        if step == "get" and rest and isinstance(rest[0], Element):
            step, rest = rest[0], rest[1:]
        else:
            return (list(elements(container)), ()) if step in _TAKING else ([], ())
    if step.key is None:
        return ([] if step.is_iterated and base is dict else list(elements(container))), rest
    if base is dict:
        return ([dict.__getitem__(container, step.key)] if dict.__contains__(container, step.key) else []), rest
    if isinstance(step.key, int) and -len(container) <= step.key < len(container) and base in (list, tuple, deque):
        return [base.__getitem__(container, step.key)], rest
    return [], rest


def elements(container: Any) -> Iterator[Any]:
    """Yield a limited number of objects in a container and its nested containers, except plain values."""
    return islice(_nested(container), MAX_ELEMENTS)


def _nested(container: Any) -> Iterator[Any]:
    level = [container]
    alike: Counter[type] = Counter()
    for _ in range(_MAX_DEPTH):
        deeper = []
        for part in [part for each in level for part in islice(_direct(each), _MAX_SCANNED)]:
            kind = type(part)
            if kind in _PLAIN:
                continue
            if is_a(part, CONTAINERS):
                deeper.append(part)
            if alike[kind] < _MAX_ALIKE and (not is_a(part, CONTAINERS) or is_users_object(part)):
                alike[kind] += 1
                yield part
        level = deeper[:_MAX_CONTAINERS]


def _direct(container: Any) -> Iterable[Any]:
    """Return the iterator of the built-in container type, without calling a user's `__iter__`."""
    if is_a(container, dict):
        return dict.values(container)
    iterate = next(kind for kind in CONTAINERS if is_a(container, kind)).__iter__
    return iter(list(iterate(container)) if is_a(container, (set, deque)) else iterate(container))


def has_in_thread(local: threading.local, attribute: str) -> bool:
    """Return True if a thread-local object has a value in this thread that new threads would lack."""
    made = inspect.getattr_static(type(local), "__init__")
    is_given = is_a(made, FunctionType) and attribute in made.__code__.co_names  # runs once in each thread
    return not is_given and attribute in threading.local.__getattribute__(local, "__dict__")


def sets_up(function: FunctionType, attribute: str) -> bool:
    """Return True if the function creates the value in threads that lack it."""
    names: Iterator[str] = iter(function.__code__.co_names)
    constants = [value for value in function.__code__.co_consts if is_a(value, str)]
    return attribute in constants or "AttributeError" in names or "__dict__" in function.__code__.co_names


def cached_results(cached: Any) -> list[Any]:
    """Return the objects that a function with an lru_cache refers to, including its cached results.

    The results of a bounded cache are among its direct referents; those of an unbounded one are in a dictionary.
    """
    parts = gc.get_referents(cached)
    few = parts if len(parts) <= _MAX_SCANNED else []  # else the results of a bounded cache
    caches = [part for part in few if is_a(part, dict) and "__wrapped__" not in part]
    return parts + [value for cache in caches for value in dict.values(cache)]


def resources_in(things: list[Any]) -> list[Any]:
    """Return the resources among many objects, of which most have few types."""
    kinds = {kind for kind in set(map(type, things)) if resource_of_type(kind)}
    return [thing for thing in things if type(thing) in kinds] if kinds else []
