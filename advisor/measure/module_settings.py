"""Note the arguments of functions that set something for a whole module, such as pandas.set_option."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from advisor.models import Touch
from advisor.models.resources.types import FUNCTIONS, RESTORING

_MAX_ARGUMENTS = 10  # that are kept of each function


class SettingsWatch:
    """While it is entered, such functions note their arguments."""

    def __init__(self) -> None:
        self._arguments: dict[str, set[str]] = {}
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def __enter__(self) -> SettingsWatch:
        for full_name, key in FUNCTIONS.items():
            owner, _, name = full_name.rpartition(".")
            module = sys.modules.get(owner)
            original = getattr(module, name, None)
            if key == "module setting" and full_name not in RESTORING and original is not None:
                noting = self._noting(full_name, original)
                setattr(module, name, noting)
                self._replaced.append((module, name, noting, original))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for module, name, noting, original in self._replaced:
            if getattr(module, name, None) is noting:
                setattr(module, name, original)

    def _noting(self, full_name: str, original: Any) -> Any:
        def noting(*args: Any, **kwargs: Any) -> Any:
            noted = self._arguments.setdefault(full_name, set())
            if len(noted) < _MAX_ARGUMENTS:
                noted.add(repr((args, kwargs)))
            return original(*args, **kwargs)

        return noting

    def matters(self, touch: Touch) -> bool:
        """Return False for a setting that every call makes alike: concurrent calls do not disturb each other."""
        return touch.resource != "module setting" or len(self._arguments.get(touch.type, ())) != 1
