"""Describe the results of calls and the state that they leave, by structure, as texts that can be compared."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import re
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping, Set
from types import (
    BuiltinFunctionType,
    CellType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any

from advisor.interleaving.evaluation import instance_dictionary, short
from advisor.interleaving.primitives import Lock
from advisor.interleaving.user_code import UserCode

MAX_LEAVES = 20_000
_MAX_ITEMS = 2_000  # of one container; of a larger one, its ends
_MAX_DEPTH = 12
_MAX_TEXT = 300
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
_SIMPLE = (int, float, complex, bool, type(None), str, bytes, bytearray)
_SYNCHRONISERS = ("threading", "queue", "concurrent.futures._base", "concurrent.futures.thread", "_thread", "asyncio")
_SKIPPED = (ModuleType, BuiltinFunctionType, property)

Components = dict[str, str]


class StateWalker:
    """Collects components: a text for each part of the state, by its path such as "cart.items[0]".

    Attributes:
        leaves: The components.
        texts: Short texts of whole containers by path, for people.
        logs: Paths of lists that are used as logs or pools; `in_any_order` has their identities.
    """

    def __init__(self, user_code: UserCode, in_any_order: Set[int] = frozenset()) -> None:
        self._user_code = user_code
        self._seen: dict[int, str] = {}
        self._alive: list[Any] = []
        self._in_any_order = in_any_order
        self.logs: set[str] = set()
        self.leaves: Components = {}
        self.texts: Components = {}

    def walk(self, path: str, value: Any, depth: int = 0) -> None:
        """Add the components of a value."""
        if len(self.leaves) >= MAX_LEAVES or depth > _MAX_DEPTH:
            return
        if isinstance(value, _SIMPLE):
            self.leaves[path] = _simple_text(value)
        elif isinstance(value, BaseException):
            self.leaves[path] = f"{type(value).__qualname__}: {_simple_text(str(value))}"
        elif isinstance(value, FunctionType):
            self._walk_function(path, value, depth)
        elif isinstance(value, type):
            self.leaves[path] = value.__qualname__
        elif isinstance(value, Lock):
            self.leaves[path] = "locked" if value.locked() else "unlocked"
        elif isinstance(value, (itertools.count, itertools.cycle)):
            self.leaves[path] = repr(value) if isinstance(value, itertools.count) else "cycle"
        elif isinstance(value, _SKIPPED):
            return
        else:
            self._walk_structure(path, value, depth)

    def _walk_structure(self, path: str, value: Any, depth: int) -> None:
        known = self._seen.get(id(value))
        if known is not None:
            has_identity = not isinstance(value, (list, dict, set, deque, tuple)) and not _has_equality(type(value))
            if has_identity or path.startswith(known):
                self.leaves[path] = f"the object at {known}"
                return
        else:
            self._seen[id(value)] = path
            self._alive.append(value)
        if isinstance(value, Mapping) and isinstance(value, dict):
            self._walk_dictionary(path, value, depth)
        elif isinstance(value, (list, tuple, deque)):
            self._walk_sequence(path, value, depth)
        elif isinstance(value, (set, frozenset)):
            self.texts[path] = short(value, 80)
            self.leaves[path] = _digest("{" + ", ".join(sorted(map(_key_text, value))[:_MAX_ITEMS]) + "}")
        elif isinstance(value, MethodType):
            self.walk(f"{path}.__self__", value.__self__, depth + 1)
        elif isinstance(value, GeneratorType):
            self._walk_generator(path, value, depth)
        else:
            self._walk_object(path, value, depth)

    def _walk_dictionary(self, path: str, value: dict[Any, Any], depth: int) -> None:
        self.texts[path] = short(value, 80)
        self.leaves[path] = f"{type(value).__qualname__} of {len(value)}"
        if isinstance(value, OrderedDict):
            self.leaves[f"{path} order"] = _digest(", ".join(map(_key_text, list(value)[:_MAX_ITEMS])))
        for key, item in _ends_of(value.items(), len(value)):
            self.walk(f"{path}[{_key_text(key)}]", item, depth + 1)
        if type(value) is not dict:
            self._walk_attributes(path, value, depth)

    def _walk_sequence(self, path: str, value: Any, depth: int) -> None:
        self.texts[path] = short(value, 80)
        self.leaves[path] = f"{type(value).__qualname__} of {len(value)}"
        if id(value) in self._in_any_order:
            self.logs.add(path)
        for number, item in enumerate(_ends_of(value, len(value))):
            self.walk(f"{path}[{number}]", item, depth + 1)
        if type(value) not in (list, tuple, deque):
            self._walk_attributes(path, value, depth)

    def _walk_generator(self, path: str, value: GeneratorType[Any, Any, Any], depth: int) -> None:
        frame = value.gi_frame
        self.leaves[path] = "generator, ended" if frame is None else f"generator at line {frame.f_lineno}"
        for name, item in {} if frame is None else dict(frame.f_locals).items():
            if isinstance(item, _SIMPLE):
                self.walk(f"{path}.{name}", item, depth + 1)

    def _walk_object(self, path: str, value: Any, depth: int) -> None:
        self.leaves[path] = f"{type(value).__qualname__} object"
        if type(value).__module__ in _SYNCHRONISERS:
            self._walk_synchroniser(path, value, depth)
            return
        if self._has_safe_text(type(value)):
            with contextlib.suppress(Exception):
                self.leaves[path] = _digest(_ADDRESS.sub("0x…", repr(value)))
        if type(value).__module__ == "sqlite3":
            self._walk_database(path, value)
        self._walk_attributes(path, value, depth)

    def _walk_synchroniser(self, path: str, value: Any, depth: int) -> None:
        """Add what users can see of events, semaphores, queues and futures; the rest changes from moment to moment."""
        for name in ("_flag", "_value", "queue", "_queue", "_result", "_exception"):
            item = vars(value).get(name) if hasattr(value, "__dict__") else None
            if item is not None and not isinstance(item, (Lock, MethodType)):
                self.walk(f"{path}.{name}", item, depth + 1)

    def _has_safe_text(self, kind: type) -> bool:
        """Return True if objects of the class have a text that tells them apart, and that is not made by the user."""
        made_by: Any = kind.__repr__
        if made_by is object.__repr__:
            return False
        code = getattr(made_by, "__code__", None)
        return code is None or not self._user_code.includes(code.co_filename)

    def _walk_attributes(self, path: str, value: Any, depth: int) -> None:
        own = instance_dictionary(value)
        for name, item in list((own or {}).items()):
            self.walk(f"{path}.{name}", item, depth + 1)
        for base in type(value).__mro__:
            slots = base.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else tuple(slots):
                if name.startswith("__"):
                    continue
                try:
                    item = object.__getattribute__(value, name)
                except AttributeError:
                    continue
                self.walk(f"{path}.{name}", item, depth + 1)

    def _walk_database(self, path: str, value: Any) -> None:
        """Add the content of a SQLite database in memory; those in files are compared as files."""
        try:
            if any(row[2] for row in value.execute("PRAGMA database_list")):
                return
            self.leaves[f"{path} content"] = _digest("\n".join(value.iterdump()))
        except Exception:  # noqa: BLE001  (closed, or used by another thread)
            return

    def _walk_function(self, path: str, value: FunctionType, depth: int) -> None:
        if not self._user_code.includes(value.__code__.co_filename):
            return
        if id(value) in self._seen:
            return
        self._seen[id(value)] = path
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            self._walk_cell(f"{path}.{name}", cell, depth)
        for number, item in enumerate(value.__defaults__ or ()):
            if not isinstance(item, _SIMPLE):
                self.walk(f"{path}.default[{number}]", item, depth + 1)
        for name, item in list(vars(value).items()):
            self.walk(f"{path}.{name}", item, depth + 1)

    def _walk_cell(self, path: str, cell: CellType, depth: int) -> None:
        try:
            self.walk(path, cell.cell_contents, depth + 1)
        except ValueError:
            self.leaves[path] = "unset"

    def walk_modules(self, main: str) -> None:
        """Add the globals of the user's modules; those of the module `main` without its name."""
        for name, value in user_globals(self._user_code, main):
            if isinstance(value, type):
                self._walk_class(name, value)
            else:
                self.walk(name, value)

    def _walk_class(self, path: str, value: type) -> None:
        for name, item in list(vars(value).items()):
            if name.startswith("__") or (hasattr(type(item), "__get__") and not isinstance(item, FunctionType)):
                continue
            self.walk(f"{path}.{name}", item, 1)


def _has_equality(kind: Any) -> bool:
    """Return True if objects of the class can be equal without being the same."""
    return kind.__eq__ is not object.__eq__


def user_globals(user_code: UserCode, main: str) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of what the user's modules define."""
    for module_name, module in user_code.modules():
        prefix = "" if module_name == main else f"{module_name}."
        for name, value in list(vars(module).items()):
            is_own = getattr(value, "__module__", module_name) == module_name or not callable(value)
            if not name.startswith("__") and is_own:
                yield prefix + name, value


def _ends_of(items: Any, count: int) -> Iterable[Any]:
    """Return the items of a container; of a large one, the first and the last ones."""
    if count <= _MAX_ITEMS:
        return list(items)
    last = list(itertools.islice(reversed(items), _MAX_ITEMS // 2))
    return [*itertools.islice(items, _MAX_ITEMS // 2), *reversed(last)]


def _simple_text(value: Any) -> str:
    text = _ADDRESS.sub("0x…", value) if isinstance(value, str) else value
    return _digest(repr(text))


def _digest(text: str) -> str:
    if len(text) <= _MAX_TEXT:
        return text
    return f"{text[:100]}… ({len(text)} characters, {hashlib.sha1(text.encode('utf-8', 'replace')).hexdigest()[:12]})"


def _key_text(key: Any) -> str:
    if isinstance(key, _SIMPLE):
        return _simple_text(key)
    if isinstance(key, (tuple, frozenset)):
        return f"({', '.join(map(_key_text, key))})"
    return f"{type(key).__qualname__} object" if not isinstance(key, type) else key.__qualname__
