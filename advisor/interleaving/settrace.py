"""Follow threads with `sys.settrace`.

A frame that has run many instructions with nothing to do is followed line by line only, until it comes to a line that
it has seldom run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from advisor.interleaving.scheduler import Scheduled
from advisor.interleaving.tracing import Followed, ThreadTracer, Tracer
from advisor.interleaving.user_code import is_advisor

_IDLE = 100  # instructions with nothing to do, after which a frame is followed by lines
_RETURNS = 10  # to a line, with each of which the frame is followed by instructions again
Trace = Callable[[FrameType, str, Any], Any]


class SetTrace:
    """Follows the threads of a `Tracer`."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def follow(self, thread: Scheduled) -> None:
        """Follow the calling thread from now on."""
        sys.settrace(_ThreadTracer(self._tracer, thread).trace)


class _ThreadTracer(ThreadTracer):
    def trace(self, frame: FrameType, event: str, argument: Any) -> Trace | None:
        """Trace what the thread calls."""
        if self.calling is None and id(frame.f_code) in self.uninteresting:
            self.thread.checked = True
            return None
        if is_advisor(frame.f_code.co_filename):
            return None
        followed = self.enter(frame)
        if followed is None:
            return None
        self._follow_instructions(frame, followed.visits.entries <= self.limit)
        return self._local(followed)

    def stop(self, frame: FrameType) -> None:
        sys.settrace(None)
        frame.f_trace = None

    @staticmethod
    def _follow_instructions(frame: FrameType, does: bool) -> None:
        frame.f_trace_opcodes = does
        frame.f_trace_lines = not does

    def _local(self, followed: Followed) -> Trace:
        """Return the trace function of a frame."""
        seen_lines, run = followed.visits.seen_lines, self.run_instruction
        idle = 0

        def trace(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal idle
            if event == "opcode":
                idle = 0 if run(frame, followed, frame.f_lasti) else idle + 1
                if idle > _IDLE:
                    self._follow_instructions(frame, False)
            elif event == "line" and frame.f_lineno not in seen_lines and self._is_worth_following(frame, followed):
                idle = 0
                self.thread.checked = True
                self._follow_instructions(frame, True)
            return trace

        return trace

    def _is_worth_following(self, frame: FrameType, followed: Followed) -> bool:
        """Return True if there is something to do on the line that a frame comes to."""
        line, visits = frame.f_lineno, followed.visits
        visits.returns[line] = returns = visits.returns.get(line, 0) + 1
        offsets = followed.wanted.intersection(followed.sites.by_line.get(line, ()))
        if returns <= _RETURNS and any(visits.counts.get(offset, 0) < self.limit for offset in offsets):
            return True
        visits.seen_lines.add(line)
        if offsets:
            self.leave_out()
        return False
