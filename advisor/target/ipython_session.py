"""The IPython session that this interpreter runs, such as the kernel of a notebook: its names, output and progress."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any, TextIO

OnProgress = Callable[[float, int, float], None]
_PATIENCE = 1.0  # seconds without a sign of progress
_PAUSE = 0.5  # seconds between two updates: each one takes time from what is measured


def is_running() -> bool:
    """Return True if this interpreter runs an IPython session."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def name_of(value: object) -> str | None:
    """Return the name of a variable of the session that has this very value; of names with an underscore, none."""
    names = vars(sys.modules["__main__"])
    return next((name for name, found in list(names.items()) if found is value and not name.startswith("_")), None)


def place(file: str, line: int) -> str:
    """Return the place of a line of code as text; of a cell, without the generated name of its file."""
    is_cell = file.startswith("<ipython-input-") or Path(file).parent.name.startswith("ipykernel_")
    return f"line {line} of a cell" if is_cell else f"{Path(file).name}:{line}"


@contextlib.contextmanager
def measuring() -> Iterator[OnProgress | None]:
    """Discard what is printed in the block: a thousand calls would flood the cell.

    Yields a function that shows the progress, given as the fraction done, the number of calls and the seconds of one,
    once the block has taken a while; None if there is no session.
    """
    if not is_running():
        yield None
        return
    nowhere, line = _null_device(), _ProgressLine()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere), contextlib.closing(line):
        yield line.show


@functools.cache
def _null_device() -> TextIO:
    """Return the null device, which stays open: what the calls made may go on writing to it."""
    return Path(os.devnull).open("w", encoding="utf-8", errors="replace")


class _ProgressLine:
    """A line below the cell, which is empty at the end."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._due = monotonic() + _PATIENCE

    def show(self, fraction: float, calls: int, seconds: float) -> None:
        from IPython import get_ipython
        from IPython.display import display

        if monotonic() < self._due or not hasattr(get_ipython(), "kernel"):  # a terminal could not remove it
            return
        self._due = monotonic() + _PAUSE
        output = _output(f"{min(fraction, 1):.0%} measured: {calls:,} calls, {seconds:.2g} s each")
        if self._handle is None:
            self._handle = display(output, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(output, raw=True)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.update(_output(""), raw=True)


def _output(text: str) -> dict[str, str]:
    return {"text/plain": text, "text/html": text}  # empty HTML takes no space
