"""Measure how long an event loop waits for events, to distinguish awaiting from blocking.

While tasks await, the loop's thread waits in its selector, and other tasks could run. A task that calls `time.sleep` or
a synchronous client waits elsewhere, and nothing else can run.
"""

from __future__ import annotations

import asyncio
import selectors
import time

from advisor.measure.clocks import ThreadClocks


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


def open_loop() -> tuple[asyncio.AbstractEventLoop, TimedSelector | None]:
    """Return a new event loop for this thread, and its selector; None if the program sets its own kind of loop."""
    loop = asyncio.new_event_loop()
    if type(loop) is not asyncio.SelectorEventLoop:
        return loop, None
    loop.close()
    selector = TimedSelector()
    return asyncio.SelectorEventLoop(selector), selector
