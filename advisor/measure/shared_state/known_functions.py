"""Recognize functions that act on the whole process or on a whole module."""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType
from typing import Any

from advisor.measure.introspection import module_namespace
from advisor.measure.shared_state.noting import original
from advisor.models.resources.types import FUNCTIONS, HARMLESS_FUNCTIONS, MODULES, NAMED_FUNCTIONS

_MISSING = object()


def function_resource(thing: Any) -> str:
    """Return the resource key of the process-wide state that a library function acts on, or ''."""
    return (FUNCTIONS | NAMED_FUNCTIONS).get(function_name(thing), "")


def function_name(thing: Any) -> str:
    """Return the full name of a function that acts on the whole process, or ''."""
    if not callable(thing):
        return ""
    thing = original(thing)
    for name in (*FUNCTIONS, *NAMED_FUNCTIONS):
        module, _, attribute = name.rpartition(".")
        known = original(module_namespace(sys.modules.get(module)).get(attribute, _MISSING))
        if known is thing or (type(known) is type(thing) is not type and known == thing):
            return name
    return ""


def acts_on_module(module: Any, attribute: str, part: Any) -> bool:
    """Return True if `part` is a function of a module whose functions all act on one state."""
    is_state = issubclass(type(module), ModuleType) and module_namespace(module).get("__name__") in MODULES
    return is_state and isinstance(part, FunctionType) and attribute not in HARMLESS_FUNCTIONS
