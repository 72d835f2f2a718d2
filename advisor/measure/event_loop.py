"""Measure how long an event loop waits for events, to distinguish awaiting from blocking.

While tasks await, the loop's thread waits in its selector, and other tasks could run. A task that calls `time.sleep` or
a synchronous client waits elsewhere, and nothing else can run.
"""

from __future__ import annotations

import asyncio
import linecache
import selectors
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

from advisor.measure.clocks import ThreadClocks
from advisor.measure.meter import BY_ASYNCIO

T = TypeVar("T")
_loops: WeakValueDictionary[int | None, asyncio.AbstractEventLoop] = WeakValueDictionary()  # by their threads
_INTERVAL = 1e-3  # seconds between two looks at where the thread is
_LATE = 2e-3  # a look later than this had to wait for the GIL: the thread was computing
_MIN_LOOKS = 3  # at the same line
_ASYNCIO = str(Path(asyncio.__file__).parent / "_")[:-1]  # with the separator
_ADVISOR = str(Path(__file__).parent.parent)


class TimedSelector(selectors.DefaultSelector):
    """A selector that adds up the seconds spent waiting for events, in the thread that creates it.

    Time in the run queue after an event is not counted, since it is not part of the wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0
        self.is_waiting = False
        self._clocks = ThreadClocks()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        self.is_waiting = True
        queued = self._clocks.run_queue() or 0.0
        began = time.perf_counter()
        try:
            return super().select(timeout)
        finally:
            waited = time.perf_counter() - began
            self.waited += waited - ((self._clocks.run_queue() or 0.0) - queued)
            self.is_waiting = False

    def close(self) -> None:
        super().close()
        self._clocks.close()


def open_runner() -> tuple[asyncio.Runner, TimedSelector | None]:
    """Return a runner for coroutines, and its loop's selector; None if the target sets its own loop."""
    loop = asyncio.new_event_loop()
    selector = None
    if type(loop) is asyncio.SelectorEventLoop:
        loop.close()
        selector = TimedSelector()
        loop = asyncio.SelectorEventLoop(selector)
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
