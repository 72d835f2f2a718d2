"""Record the arguments of functions that set something for a whole module, such as pandas.set_option."""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from types import TracebackType
from typing import Any

from advisor.measure.introspection import module_namespace
from advisor.measure.noting import noting
from advisor.models import Touch
from advisor.models.resources.types import FUNCTIONS, RESTORING

_MAX_ARGUMENTS = 10  # that are kept of each function


class SettingsWatch:
    """Records the arguments of such functions while it is entered; only one watch can be active at a time."""

    _in_use = threading.Lock()

    def __init__(self) -> None:
        self._arguments: dict[str, set[str]] = {}
        self._entered = contextlib.ExitStack()

    def __enter__(self) -> SettingsWatch:
        if not self._in_use.acquire(blocking=False):
            return self
        self._entered.callback(self._in_use.release)
        with contextlib.suppress(Exception):  # a module that makes its attributes when they are asked for
            for full_name, key in FUNCTIONS.items():
                owner, _, name = full_name.rpartition(".")
                module = sys.modules.get(owner)
                if key == "module setting" and full_name not in RESTORING and name in module_namespace(module):
                    note = functools.partial(self._note, full_name)
                    self._entered.enter_context(noting(module, name, note))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._entered.close()

    def _note(self, full_name: str, *args: Any, **kwargs: Any) -> None:
        noted = self._arguments.setdefault(full_name, set())
        if len(noted) < _MAX_ARGUMENTS:
            noted.add(repr((args, kwargs)))

    def matters(self, touch: Touch) -> bool:
        """Return False for a setting that is the same in every call: concurrent calls do not disturb each other."""
        return touch.resource != "module setting" or len(self._arguments.get(touch.type, ())) != 1
