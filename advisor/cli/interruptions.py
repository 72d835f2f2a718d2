"""Signals that end a run: Ctrl-C, SIGTERM and SIGHUP, each as a KeyboardInterrupt."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP


class Interrupted(KeyboardInterrupt):
    """A signal asked this process to end.

    Not a SystemExit: a call of the job may raise that by itself.

    Attributes:
        number: Of the signal.
    """

    def __init__(self, number: int, message: str = "") -> None:
        super().__init__(message)
        self.number = number


class Interruptions:
    """Raises `Interrupted` in the main thread when a signal arrives, at once or after a step that must be complete."""

    def __init__(self) -> None:
        self._is_held = False
        self._waiting: int | None = None

    @contextlib.contextmanager
    def handled(self) -> Iterator[None]:
        """Handle the signals, except those that are ignored, such as SIGHUP under nohup."""
        numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
        before: dict[int, Any] = {number: signal.getsignal(number) for number in numbers}
        handled = [number for number in numbers if before[number] != signal.SIG_IGN]
        for number in handled:
            signal.signal(number, self._handle)
        try:
            yield
        finally:
            for number in handled:
                signal.signal(number, before[number])

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Complete the block before a signal takes effect."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
            if self._waiting is not None:
                number, self._waiting = self._waiting, None
                raise Interrupted(number)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self._is_held:
            self._waiting = number
        else:
            raise Interrupted(number)
