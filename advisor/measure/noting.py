"""Replace functions for a while by objects that note their calls."""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, NamedTuple

from advisor.measure.introspection import module_origin


class Notes(set[str]):
    """A set to which only this thread adds, and threads that are started after `other_threads` was called."""

    def __init__(self, others: frozenset[int]) -> None:
        super().__init__()
        self._others = others

    def add(self, note: str) -> None:
        """Add a note, unless another thread makes it."""
        if threading.get_ident() not in self._others:
            super().add(note)


def other_threads() -> frozenset[int]:
    """Return the ids of the threads that run besides this one."""
    return frozenset(thread.ident or 0 for thread in threading.enumerate()) - {threading.get_ident()}


class Watched(NamedTuple):
    """A function, by the names of its module and its own, and what to call before it with the same arguments."""

    module: str
    name: str
    note: Callable[..., object]


class Noting:
    """Calls a function of a module, and `note` before it; an object, so that classes do not bind it as a method."""

    def __init__(self, original: Any, watched: Watched) -> None:
        self.original = original
        self._place = (watched.module, watched.name)
        self._note = watched.note

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with contextlib.suppress(Exception):  # wrong arguments, which the original refuses, or a failing __repr__
            self._note(*args, **kwargs)
        return self.original(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.original == original(other))  # for `os.open in os.supports_dir_fd`

    def __hash__(self) -> int:
        return hash(self.original)

    def __reduce__(self) -> tuple[Any, ...]:
        return _look_up, self._place


def original(thing: Any) -> Any:
    """Return the function that a noting object stands for, or the thing itself."""
    return thing.original if type(thing) is Noting else thing


@contextlib.contextmanager
def noting(functions: Iterable[Watched]) -> Iterator[None]:
    """Note the calls of functions while the block runs, also by modules of the user's that imported them by name.

    Modules that are first imported within the block do not keep the noting objects.
    """
    there: dict[str, dict[int, Noting]] = {}  # by the name of the function and its id
    owners: set[tuple[str, str]] = set()
    for watched in functions:
        function = _namespace(sys.modules.get(watched.module)).get(watched.name)
        if function is not None:
            there.setdefault(watched.name, {})[id(function)] = Noting(function, watched)
            owners.add((watched.module, watched.name))
    loaded = dict(sys.modules)
    places = []
    for module, namespace, name in _variables(loaded, there):
        replacement = there[name].get(id(namespace[name]))
        if replacement is not None and ((module, name) in owners or module_origin(module) == "user"):
            namespace[name] = replacement
            places.append((module, namespace, name))
    try:
        yield
    finally:
        new = {module: thing for module, thing in list(sys.modules.items()) if loaded.get(module) is not thing}
        for _, namespace, name in (*places, *_variables(new, there)):
            if name in namespace:
                namespace[name] = original(namespace[name])


def _variables(modules: Mapping[str, Any], names: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the modules' variables with these names: module, namespace, name."""
    for module, thing in modules.items():
        namespace = _namespace(thing)
        for name in names.keys() & namespace.keys():
            yield module, namespace, name


def _namespace(module: Any) -> dict[str, Any]:
    """Return the variables of a module, without a look that makes a lazy one load."""
    return object.__getattribute__(module, "__dict__") if issubclass(type(module), ModuleType) else {}


def _look_up(module: str, name: str) -> Any:
    return original(getattr(importlib.import_module(module), name))
