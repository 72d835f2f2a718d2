"""Inspect a callable without running its code: the function inside, its closure, the origin of its module."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from types import FunctionType
from typing import Any, Literal

LruCacheWrapper = type(functools.cache(len))
Origin = Literal["user", "installed", "other"]
_STANDARD_LIBRARY = Path(os.__file__).parent
_ADVISOR = Path(__file__).parent.parent


def plain_function(function: Any) -> FunctionType | None:
    """Return the Python function in a bound method, a partial, a wrapper or an object with __call__, else None."""
    for _ in range(10):
        if isinstance(function, FunctionType):
            return function
        inner = (
            getattr(function, "__wrapped__", None)
            or getattr(function, "__func__", None)
            or getattr(function, "func", None)
            or vars(type(function)).get("__call__")
        )
        if not callable(inner) or inner is function:
            return None
        function = inner
    return None


def closure_values(function: FunctionType) -> dict[str, Any]:
    """Return the variables that a function closes over, without those that are None or not set yet."""
    values: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            value = cell.cell_contents
        except ValueError:  # not set yet
            continue
        if value is not None:
            values[name] = value
    return values


def module_namespace(module: Any) -> dict[str, Any]:
    """Return the attributes of a module, without triggering the import of a lazy module."""
    try:
        namespace: dict[str, Any] = object.__getattribute__(module, "__dict__")
    except Exception:  # noqa: BLE001  (None, or any object that the user's code put into sys.modules)
        return {}
    return namespace


@functools.lru_cache(maxsize=1_000)
def module_origin(name: object) -> Origin:
    """Return whether a loaded module is the user's own, an installed package's, or neither (built-in or advisor's)."""
    if name == "__main__":
        return "user"
    file = module_namespace(sys.modules.get(str(name))).get("__file__")
    if not isinstance(file, str):
        return "other"
    path = Path(file)
    if path.is_relative_to(_ADVISOR):
        return "other"
    if {"site-packages", "dist-packages"} & set(path.parts):
        return "installed"
    return "other" if path.is_relative_to(_STANDARD_LIBRARY) else "user"
