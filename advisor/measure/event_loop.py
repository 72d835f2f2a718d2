"""Run coroutines on an event loop whose waits are measured, and find the lines that block it."""

from __future__ import annotations

import asyncio
import linecache
import sys
import sysconfig
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import FrameType
from typing import TypeVar
from weakref import WeakValueDictionary

from advisor.measure.meter import BY_ASYNCIO
from advisor.measure.timed_selector import TimedSelector, open_loop

T = TypeVar("T")
_loops: WeakValueDictionary[int | None, asyncio.AbstractEventLoop] = WeakValueDictionary()  # by their threads
_INTERVAL = 1e-3  # seconds between two looks at where the thread is
_LATE = 2e-3  # a look later than this had to wait for the GIL: the thread was computing
_MIN_LOOKS = 3  # at the same line
_ASYNCIO = str(Path(asyncio.__file__).parent / "_")[:-1]  # with the separator
_ADVISOR = str(Path(__file__).parent.parent)


def open_runner() -> tuple[asyncio.Runner, TimedSelector | None]:
    """Return a runner for coroutines, and its loop's selector; None if the target sets its own loop."""
    loop, selector = open_loop()
    runner = asyncio.Runner(loop_factory=lambda: loop)
    _loops[threading.get_ident()] = runner.get_loop()  # from now on the runner closes it
    return runner, selector


def call_without_loop(function: Callable[[], T]) -> T:
    """Call a function that runs an event loop: in a thread of its own if a loop is running in this one.

    Ctrl-C cancels what the function awaits; a task that blocks its thread goes on until its call returns.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return function()
    result: Future[T] = Future()
    thread = threading.Thread(target=_fulfil, args=(result, function), name="advisor-event-loop", daemon=True)
    thread.start()
    try:
        return result.result()
    except KeyboardInterrupt:
        if (loop := _loops.get(thread.ident)) is not None and not loop.is_closed():
            loop.call_soon_threadsafe(_cancel_all, loop)
        raise


def _fulfil(result: Future[T], function: Callable[[], T]) -> None:
    try:
        result.set_result(function())
    except BaseException as error:  # noqa: BLE001  (raised again in the thread that waits)
        result.set_exception(error)


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


class BlockingLines:
    """Samples, from another thread, the lines of the user's code in which the event loop's thread blocks.

    A context manager for calls in the thread that creates it.
    """

    def __init__(self, selector: TimedSelector) -> None:
        self._selector = selector
        self._watched = threading.get_ident()
        self._ended = threading.Event()
        self._lines: Counter[tuple[str, int]] = Counter()
        self._thread = threading.Thread(target=self._look, name="advisor-blocking-lines", daemon=True)

    def __enter__(self) -> BlockingLines:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def most_frequent(self) -> str | None:
        """Return the line in which the thread was seen most often, such as 'crawl.py:12: time.sleep(1)', or None.

        BY_ASYNCIO stands for work that asyncio does for a task that awaits, such as starting a child program.
        """
        for (file, number), looks in self._lines.most_common(1):
            if file == _ASYNCIO:
                return BY_ASYNCIO
            if looks >= _MIN_LOOKS:
                source = linecache.getline(file, number).strip()
                return f"{Path(file).name}:{number}" + (f": {source[:100]}" if source else "")
        return None

    def _look(self) -> None:
        while True:
            due = time.perf_counter() + _INTERVAL
            if self._ended.wait(_INTERVAL):
                return
            if self._selector.is_waiting or time.perf_counter() - due > _LATE:
                continue
            if (line := _users_line(sys._current_frames().get(self._watched))) is not None:
                self._lines[line] += 1


def _users_line(frame: FrameType | None) -> tuple[str, int] | None:
    """Return the innermost line of the user's code, or a marker if asyncio itself blocks."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_ASYNCIO):
            return _ASYNCIO, 0
        if not file.startswith(_LIBRARIES) and "site-packages" not in file:
            return file, frame.f_lineno
        frame = frame.f_back
    return None


_LIBRARIES = ("<", _ADVISOR, *{sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
