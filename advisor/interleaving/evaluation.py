"""Evaluate simple expressions of a paused frame without running any code of the user."""

from __future__ import annotations

import ast
import builtins
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator
from itertools import islice
from types import FrameType, GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any

UNKNOWN = type("Unknown", (), {"__repr__": lambda self: "?"})()
_PLAIN_CONTAINERS = (dict, list, tuple, OrderedDict, defaultdict, deque)
_BRACKETS: dict[type, tuple[str, str]] = {list: ("[", "]"), tuple: ("(", ")"), deque: ("[", "]")}
_SHOWN_MODULES = ("datetime", "decimal", "fractions", "pathlib", "uuid")
_KEYS = (str, int, float, bytes, bool, type(None), tuple)


def evaluate(node: ast.AST | None, frame: FrameType) -> Any:
    """Return the value of names, attributes, items and constants; UNKNOWN for everything else."""
    if isinstance(node, ast.Name):
        return _name(node.id, frame)
    if isinstance(node, ast.Attribute):
        return get_attribute(evaluate(node.value, frame), node.attr)
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Subscript):
        return _item(evaluate(node.value, frame), evaluate(node.slice, frame))
    if isinstance(node, ast.Tuple):
        parts = tuple(evaluate(part, frame) for part in node.elts)
        return UNKNOWN if any(part is UNKNOWN for part in parts) else parts
    if isinstance(node, ast.Call):
        return _call(node, frame)
    if isinstance(node, ast.NamedExpr):
        return evaluate(node.target, frame)
    return UNKNOWN


def get_attribute(owner: Any, name: str) -> Any:
    """Return an attribute of a module, a class or a plain object, without properties and other descriptors."""
    if owner is UNKNOWN:
        return UNKNOWN
    if name == "__class__":
        return type(owner)
    if isinstance(owner, ModuleType):
        return vars(owner).get(name, UNKNOWN)
    own = instance_dictionary(owner)
    if own is not None and name in own:
        return own[name] if not isinstance(owner, type) else _unbound(own[name])
    for base in owner.__mro__ if isinstance(owner, type) else type(owner).__mro__:
        if name in base.__dict__:
            return _class_attribute(owner, base.__dict__[name])
    return UNKNOWN


def instance_dictionary(owner: Any) -> Any:
    """Return an object's own `__dict__`, or None if it has none or makes it up."""
    try:
        found = object.__getattribute__(owner, "__dict__") if not isinstance(owner, type) else owner.__dict__
    except AttributeError:
        return None
    return found if isinstance(owner, type) or type(found) is dict else None


def _class_attribute(owner: Any, found: Any) -> Any:
    if isinstance(found, (MemberDescriptorType, GetSetDescriptorType)) and not isinstance(owner, type):
        try:
            return found.__get__(owner)  # a slot, or an attribute of a type in C
        except AttributeError:
            return UNKNOWN
    if isinstance(found, (staticmethod, classmethod)):
        return found.__func__
    return _unbound(found)


def _unbound(found: Any) -> Any:
    return UNKNOWN if isinstance(found, property) else found


def _name(name: str, frame: FrameType) -> Any:
    local = frame.f_locals
    if name in local:
        return local[name]
    if name in frame.f_globals:
        return frame.f_globals[name]
    return getattr(builtins, name, UNKNOWN)


def _item(owner: Any, key: Any) -> Any:
    if key is UNKNOWN or not isinstance(key, _KEYS):
        return UNKNOWN
    if type(owner) in _PLAIN_CONTAINERS:
        try:
            if isinstance(owner, dict):
                return dict.get(owner, key, UNKNOWN)
            return owner[key]
        except (LookupError, TypeError, RuntimeError):
            return UNKNOWN
    return UNKNOWN


def _call(node: ast.Call, frame: FrameType) -> Any:
    """Return the value of `type(x)`, and of methods that look something up in a dictionary."""
    if node.keywords or not node.args:
        return UNKNOWN
    if isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) == 1:
        value = evaluate(node.args[0], frame)
        return UNKNOWN if value is UNKNOWN else type(value)
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "setdefault"):
        return _item(evaluate(node.func.value, frame), evaluate(node.args[0], frame))
    return UNKNOWN


def short(value: Any, limit: int = 40) -> str:
    """Return a short text for a value, made without running its own `__repr__`."""
    text = _text(value, 0)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _text(value: Any, depth: int) -> str:
    kind = type(value)
    if kind in (int, float, complex, bool, type(None)):
        return repr(value) if kind is not int or abs(value) < 10**30 else "a large int"
    if kind in (str, bytes):
        return repr(value[:60])
    if isinstance(value, (list, tuple, set, frozenset, dict, deque)):
        return _container_text(value, depth)
    if isinstance(value, type):
        return value.__qualname__
    if value is UNKNOWN:
        return "?"
    if kind.__module__ in _SHOWN_MODULES:
        return repr(value)
    return f"{kind.__qualname__} object"


def _container_text(value: Any, depth: int) -> str:
    opened, closed = next((pair for base, pair in _BRACKETS.items() if isinstance(value, base)), ("{", "}"))
    if depth > 2:
        return f"{opened}…{closed}"
    try:
        if isinstance(value, dict):
            parts = [f"{_text(k, depth + 1)}: {_text(v, depth + 1)}" for k, v in islice(dict.items(value), 8)]
        else:
            parts = [_text(part, depth + 1) for part in islice(_items(value), 8)]
    except RuntimeError:
        return f"{opened}…{closed}"
    if isinstance(value, (set, frozenset)) and not value:
        return "set()"
    more = ", …" if len(value) > 8 else ""
    comma = "," if type(value) is tuple and len(value) == 1 else ""
    return f"{opened}{', '.join(parts)}{comma}{more}{closed}"


def _items(value: Any) -> Iterator[Any]:
    """Go through a container without a method of the user's own."""
    base = next(base for base in (list, tuple, set, frozenset, deque) if isinstance(value, base))
    return iter(base.__iter__(value))
