"""Distinguish attributes that the user's code only writes, such as statistics, from those that it reads."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from advisor.measure.introspection import module_namespace, module_origin

MAX_BYTES = 1 << 18  # of source that is parsed; in more code anything may be read
_READ_EVERY_ATTRIBUTE = frozenset({"vars", "asdict", "astuple", "__dict__"})
_SHOWING = frozenset({"print", "pprint", "str", "repr", "format", "debug", "info", "warning", "error"})


def is_unread(attribute: str, shown_names: Iterable[str] = ()) -> bool:
    """Return True if the user's loaded modules set or increment an attribute of that name, but never read it.

    A total to which calls add anything but a constant counts as read, since it is needed after the calls. Printing an
    object by one of the `shown_names` also counts as reading.
    """
    names = frozenset(shown_names)
    is_written = False
    size = 0
    for source in _sources_with({attribute, *names}):
        size += len(source)
        if size > MAX_BYTES:
            return False
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return False
        if any(_shows(node, names) for node in ast.walk(tree)):
            return False
        if _contains(source, {attribute}) and any(_may_read(node, attribute) for node in ast.walk(tree)):
            return False
        is_written = is_written or any(_names(node, attribute) for node in ast.walk(tree))
    return is_written


def shown_names(path: str, roots: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the objects on the path to an attribute that show it when they are printed.

    Args:
        path: The name of a root and the attributes from there, such as "self.stats.pages".
        roots: Objects by name.
    """
    parts = path.split(".")  # the root may be a global of a module, such as `settings.STATS`
    length = next((end for end in range(len(parts), 0, -1) if ".".join(parts[:end]) in roots), 1)
    thing, steps = roots.get(".".join(parts[:length])), parts[length:]
    names = set()
    if _shows_attributes(type(thing)):
        spaces = [
            module_namespace(module) for name, module in list(sys.modules.items()) if module_origin(name) == "user"
        ]
        names = {name for space in spaces for name, value in list(space.items()) if value is thing}
    for step in steps:
        thing = module_namespace(thing).get(step)
        if _shows_attributes(type(thing)):
            names.add(step)
    return frozenset(names)


def _shows_attributes(kind: type) -> bool:
    """Return True for a user's class with a `__repr__` from a library, or a generated one, as in a dataclass."""
    if module_origin(kind.__module__) != "user":
        return False
    shows = inspect.getattr_static(kind, "__repr__")
    namespace = getattr(shows, "__globals__", {})
    return shows is not object.__repr__ and module_origin(namespace.get("__name__")) != "user"


def _contains(source: str, words: Iterable[str]) -> bool:
    return re.search(rf"\b({'|'.join(map(re.escape, words))})\b", source) is not None


def _sources_with(words: Iterable[str]) -> Iterator[str]:
    """Yield the source of each loaded user module that contains one of the words."""
    for name, module in list(sys.modules.items()):
        file = module_namespace(module).get("__file__")
        if module_origin(name) != "user" or not isinstance(file, str):
            continue
        try:
            source = Path(file).read_text(encoding="utf-8")
        except (OSError, ValueError):  # an extension module, or a file that is gone
            continue
        if _contains(source, words):
            yield source


def _names(node: ast.AST, attribute: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == attribute


def _may_read(node: ast.AST, attribute: str) -> bool:
    """Return True if the node reads the attribute, adds something to it, or may access it by its name."""
    match node:
        case ast.Attribute(attr=attr, ctx=ast.Load()):
            return attr == attribute or attr in _READ_EVERY_ATTRIBUTE
        case ast.Name(id=name):
            return name in _READ_EVERY_ATTRIBUTE
        case ast.Constant(value=value):
            return bool(value == attribute)
        case ast.AugAssign(target=ast.Attribute(attr=attr), value=value):
            return attr == attribute and not isinstance(value, ast.Constant)
    return False


def _shows(node: ast.AST, names: frozenset[str]) -> bool:
    """Return True if the node formats or prints an object with one of the names."""
    match node:
        case ast.FormattedValue(value=value):
            values = [value]
        case ast.Call(func=ast.Name(id=function) | ast.Attribute(attr=function), args=values) if function in _SHOWING:
            pass
        case _:
            return False
    return any(getattr(value, "id", getattr(value, "attr", None)) in names for value in values)
