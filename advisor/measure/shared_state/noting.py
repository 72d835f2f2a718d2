"""Replace functions temporarily with objects that record their calls."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from advisor.measure.introspection import module_namespace, module_origin


class Notes(set[str]):
    """A set that ignores additions by certain threads."""

    def __init__(self, others: frozenset[int]) -> None:
        super().__init__()
        self._others = others

    def add(self, note: str) -> None:
        """Add a note, except in one of the other threads."""
        if not self.is_made_by_others():
            super().add(note)

    def is_made_by_others(self) -> bool:
        """Return True if the current thread is one of the other threads."""
        return threading.get_ident() in self._others


def other_threads() -> frozenset[int]:
    """Return the ids of the threads that are running now, except this one."""
    return frozenset(thread.ident or 0 for thread in threading.enumerate()) - {threading.get_ident()}


class Watched(NamedTuple):
    """A function, by module and name, and the function to call before it with the same arguments."""

    module: str
    name: str
    note: Callable[..., object]


class Noting:
    """Calls `note`, then a function of a module; an object, so that classes do not bind it as a method."""

    def __init__(self, original: Any, watched: Watched) -> None:
        self.original = original
        self._place = (watched.module, watched.name)
        self._note: Callable[..., object] | None = watched.note

    @property  # type: ignore[misc]  # mypy: object's can be set
    def __class__(self) -> type:  # for isinstance(open, BuiltinFunctionType)
        return type(self.original)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._note is not None:
            with contextlib.suppress(Exception):  # wrong arguments, which the original refuses, or a failing __repr__
                self._note(*args, **kwargs)
        return self.original(*args, **kwargs)

    def stop_noting(self) -> None:
        """Stop calling `note`; code may have kept this object."""
        self._note = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.original == original(other))  # for `os.open in os.supports_dir_fd`

    def __hash__(self) -> int:
        return hash(self.original)

    def __reduce__(self) -> tuple[Any, ...]:
        return _look_up, self._place


def original(thing: Any) -> Any:
    """Return the function behind a Noting object, or the thing itself."""
    return thing.original if type(thing) is Noting else thing


@contextlib.contextmanager
def noting(functions: Iterable[Watched]) -> Iterator[None]:
    """Call `note` before each call of the functions while the block runs.

    This includes functions that the user's modules imported by name. At the end of the block, all modules, including
    those imported meanwhile, have the original functions.
    """
    there: dict[str, dict[int, Noting]] = {}  # by the name and the id of the function
    owners: set[tuple[str, str]] = set()
    for watched in functions:
        function = module_namespace(sys.modules.get(watched.module)).get(watched.name)
        if function is not None:
            there.setdefault(watched.name, {})[id(function)] = Noting(function, watched)
            owners.add((watched.module, watched.name))
    loaded = dict(sys.modules)
    places = []
    try:
        for module, namespace, name in _variables(loaded, there):
            replacement = there[name].get(id(namespace[name]))
            if replacement is not None and ((module, name) in owners or module_origin(module) == "user"):
                namespace[name] = replacement
                places.append((module, namespace, name))
        yield
    finally:
        new = {module: thing for module, thing in list(sys.modules.items()) if loaded.get(module) is not thing}
        for _, namespace, name in (*places, *_variables(new, there)):
            if name in namespace:
                namespace[name] = original(namespace[name])
        for each in (replacement for by_id in there.values() for replacement in by_id.values()):
            each.stop_noting()


def _variables(modules: Mapping[str, Any], names: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the module, namespace and name of each global variable with one of these names."""
    for module, thing in modules.items():
        namespace = module_namespace(thing)
        if isinstance(namespace, dict):  # not for a class in sys.modules
            for name in names.keys() & namespace.keys():
                yield module, namespace, name


def _look_up(module: str, name: str) -> Any:
    return original(getattr(importlib.import_module(module), name))
