"""Follow threads with `sys.monitoring`, from Python 3.12.

Instructions with nothing to do cost nothing after they ran once: their events are disabled. An event is disabled for
all threads, so that all are enabled again whenever another thread runs.
"""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any

from advisor.interleaving import originals
from advisor.interleaving.scheduler import Scheduled
from advisor.interleaving.tracing import Followed, ThreadTracer, Tracer

_TOOL_IDS = (4, 3, 5, 2, 1, 0)
_monitoring: Any = getattr(sys, "monitoring", None)


class Monitoring:
    """Follows the threads of a `Tracer`."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._threads: dict[int, _ThreadTracer] = {}
        self._turns = 0
        self._followed_codes: set[int] = set()
        self._is_stopped = False
        self._tool = next(number for number in _TOOL_IDS if _monitoring.get_tool(number) is None)
        _monitoring.use_tool_id(self._tool, "advisor")
        events = _monitoring.events
        for event, callback in (
            (events.PY_START, self._enter),
            (events.PY_RESUME, self._enter),
            (events.INSTRUCTION, self._run_instruction),
        ):
            _monitoring.register_callback(self._tool, event, callback)
        _monitoring.set_events(self._tool, events.PY_START | events.PY_RESUME)

    def follow(self, thread: Scheduled) -> None:
        """Follow the calling thread from now on."""
        self._threads[thread.ident] = _ThreadTracer(self, self._tracer, thread)

    def stop(self) -> None:
        """Follow no thread any further."""
        self._is_stopped = True
        _monitoring.set_events(self._tool, 0)

    def _enter(self, code: CodeType, offset: int) -> Any:
        if self._is_stopped or not self._tracer.book.user_code.includes(code.co_filename):
            return _monitoring.DISABLE
        tracer = self._threads.get(originals.get_ident())
        if tracer is None:
            return None
        self._enable_again()
        followed = tracer.enter(sys._getframe(1))
        tracer.followed[id(code)] = followed
        if followed is not None and id(code) not in self._followed_codes:
            self._followed_codes.add(id(code))
            _monitoring.set_local_events(self._tool, code, _monitoring.events.INSTRUCTION)
        return None

    def _run_instruction(self, code: CodeType, offset: int) -> Any:
        if self._is_stopped:
            return _monitoring.DISABLE
        tracer = self._threads.get(originals.get_ident())
        if tracer is None:
            return None
        followed = tracer.followed.get(id(code))
        if followed is None:
            return None
        self._enable_again()
        if tracer.run_instruction(sys._getframe(1), followed, offset) or tracer.is_needed(followed, offset):
            return None
        return _monitoring.DISABLE

    def _enable_again(self) -> None:
        """Enable the events that were disabled while another thread ran."""
        turns = self._tracer.scheduler.turns
        if turns != self._turns:
            self._turns = turns
            _monitoring.restart_events()


class _ThreadTracer(ThreadTracer):
    def __init__(self, monitoring: Monitoring, tracer: Tracer, thread: Scheduled) -> None:
        super().__init__(tracer, thread)
        self._monitoring = monitoring
        self.followed: dict[int, Followed | None] = {}  # by code object

    def stop(self, frame: FrameType) -> None:
        self._monitoring.stop()

    def is_needed(self, followed: Followed, offset: int) -> bool:
        """Return True for a while if an instruction says where the interpreter checks, or ends what is recorded."""
        site = followed.sites.sites.get(offset)
        is_check = offset in followed.sites.checked or (site is not None and site.subject == "call")
        if not is_check and self.tracer.events is None:
            return False
        counts = followed.visits.counts
        counts[~offset] = count = counts.get(~offset, 0) + 1
        return count <= self.limit
