"""Record the arguments of functions that set something for a whole module, such as pandas.set_option."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from advisor.measure.shared_state.noting import Notes, Watched, noting, other_threads
from advisor.models import Touch
from advisor.models.resources.types import FUNCTIONS, RESTORING

_MAX_SETTINGS = 100
_NAME_OF_SETTING = {  # index of the argument that names the setting
    "csv.register_dialect": 0,
    "matplotlib.rc": 0,
    "mimetypes.add_type": 1,
    "pandas.set_option": 0,
    "resource.setrlimit": 0,
}


class SettingsWatch:
    """Records the arguments of such functions while it is entered; only one watch can be active at a time."""

    _in_use = threading.Lock()

    def __init__(self) -> None:
        self._others = other_threads()
        self._arguments: dict[tuple[str, str], Notes] = {}  # by the function and the setting
        self._entered = contextlib.ExitStack()

    def __enter__(self) -> SettingsWatch:
        if not self._in_use.acquire(blocking=False):
            return self
        self._entered.callback(self._in_use.release)
        self._entered.enter_context(noting(self._watched()))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._entered.close()

    def _watched(self) -> Iterator[Watched]:
        for full_name, key in FUNCTIONS.items():
            module, _, name = full_name.rpartition(".")
            if key == "module setting" and full_name not in RESTORING:
                yield Watched(module, name, functools.partial(self._note, full_name))

    def _note(self, full_name: str, *args: Any, **kwargs: Any) -> None:
        place = _NAME_OF_SETTING.get(full_name, len(args))
        setting = full_name, repr(args[place : place + 1])
        if setting in self._arguments or len(self._arguments) < _MAX_SETTINGS:
            noted = self._arguments.setdefault(setting, Notes(self._others))
            if len(noted) < 2:
                noted.add(repr((args, kwargs)))

    def matters(self, touch: Touch) -> bool:
        """Return False if every call sets the same value: concurrent calls do not disturb each other then."""
        noted = [notes for (function, _), notes in self._arguments.items() if function == touch.type and notes]
        return touch.resource != "module setting" or not noted or any(len(notes) > 1 for notes in noted)
