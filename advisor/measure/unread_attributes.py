"""Distinguish attributes that the user's code only writes, such as statistics, from those that it reads."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from advisor.measure.introspection import module_namespace, module_origin

MAX_BYTES = 1 << 18  # of source that is parsed; in more code anything may be read
_READ_EVERY_ATTRIBUTE = frozenset({"vars", "asdict", "astuple", "__dict__"})


def is_unread(attribute: str) -> bool:
    """Return True if the user's loaded modules set or increment an attribute of that name, but never read it.

    A total to which calls add anything but a constant counts as read, since it is needed after the calls.
    """
    is_written = False
    size = 0
    for source in _sources_with(attribute):
        size += len(source)
        if size > MAX_BYTES:
            return False
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return False
        if any(_may_read(node, attribute) for node in ast.walk(tree)):
            return False
        is_written = is_written or any(_names(node, attribute) for node in ast.walk(tree))
    return is_written


def _sources_with(word: str) -> Iterator[str]:
    """Yield the source of each of the user's loaded modules that contains the word."""
    pattern = re.compile(rf"\b{re.escape(word)}\b")
    for name, module in list(sys.modules.items()):
        file = module_namespace(module).get("__file__")
        if module_origin(name) != "user" or not isinstance(file, str):
            continue
        try:
            source = Path(file).read_text(encoding="utf-8")
        except (OSError, ValueError):  # an extension module, or a file that is gone
            continue
        if pattern.search(source):
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
