"""Replace functions temporarily with objects that record their calls."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from typing import Any


class Noting:
    """Calls `note`, then a function of a module; an object, so that classes do not bind it as a method."""

    def __init__(self, module: Any, name: str, note: Callable[..., object]) -> None:
        self.original = getattr(module, name)
        self._place = (module.__name__, name)
        self._note = note

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with contextlib.suppress(Exception):  # wrong arguments, which the original refuses, or a failing __repr__
            self._note(*args, **kwargs)
        return self.original(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return _look_up, self._place


def original(thing: Any) -> Any:
    """Return the function behind a Noting object, or the thing itself."""
    return thing.original if type(thing) is Noting else thing


@contextlib.contextmanager
def noting(module: Any, name: str, note: Callable[..., object]) -> Iterator[None]:
    """Call `note` before each call of a module's function while the block runs."""
    replacement = Noting(module, name, note)
    setattr(module, name, replacement)
    try:
        yield
    finally:
        if getattr(module, name, None) is replacement:
            setattr(module, name, replacement.original)


def _look_up(module: str, name: str) -> Any:
    return original(getattr(importlib.import_module(module), name))
