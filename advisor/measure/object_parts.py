"""Look at the user's objects without running their code: no property, no method and no proxy of theirs."""

from __future__ import annotations

import gc
import inspect
import threading
from collections import deque
from itertools import islice
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any

from advisor.measure.introspection import module_origin

MISSING = object()
CONTAINERS = (list, tuple, dict, deque)


def is_a(thing: Any, kinds: type | tuple[type, ...]) -> bool:
    """Return True if an object is of one of the types, by its type alone: a proxy computes its class when asked."""
    return issubclass(type(thing), kinds)


def module_contents(module: ModuleType) -> dict[str, Any]:
    """Return what a module has by name; a lazy one would be loaded by any other look."""
    contents: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return contents


def module_name(module: ModuleType) -> str:
    """Return the name of a module."""
    return str(module_contents(module).get("__name__", ""))


def defining_module(thing: Any) -> str:
    """Return the name of the module that a thing is, or that it or its type is defined in."""
    if is_a(thing, ModuleType):
        return module_name(thing)
    defined = thing if is_a(thing, (type, FunctionType)) else type(thing)
    return str(defined.__module__)


def part_of(thing: Any, attribute: str) -> Any:
    """Return an attribute of a module, a class or an object of the user's, else MISSING."""
    if is_a(thing, ModuleType):
        return module_contents(thing).get(attribute, MISSING)
    is_users = module_origin(type(thing).__module__) == "user" or type(thing).__module__ == "types"
    if not is_users and not is_a(thing, type):
        return MISSING
    part = inspect.getattr_static(thing, attribute, MISSING)
    if is_a(part, MemberDescriptorType) and not is_a(thing, type):
        try:
            return part.__get__(thing)
        except AttributeError:  # the slot is empty
            return MISSING
    return part.__func__ if is_a(part, (staticmethod, classmethod)) else part


def elements(container: Any, most: int) -> list[Any]:
    """Return the first elements of a container, or values of a dictionary."""
    if is_a(container, dict):
        return list(islice(dict.values(container), most))
    iterate = next(kind for kind in CONTAINERS if is_a(container, kind)).__iter__
    return list(islice(iterate(container), most))


def has_in_thread(local: threading.local, attribute: str) -> bool:
    """Return True if a thread-local object has a value in this thread that no new thread would give it."""
    made = inspect.getattr_static(type(local), "__init__")
    is_given = is_a(made, FunctionType) and attribute in made.__code__.co_names  # in each thread, when it comes first
    return not is_given and attribute in threading.local.__getattribute__(local, "__dict__")


def cached_results(cached: Any) -> list[Any]:
    """Return what a function with an lru_cache refers to, its results among it: a bounded cache has no dictionary."""
    parts = gc.get_referents(cached)
    caches = [part for part in parts if is_a(part, dict) and "__wrapped__" not in part]
    return [*parts, *(value for cache in caches for value in dict.values(cache))]
