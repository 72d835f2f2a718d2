"""What was answered lately, kept: the same body, on the same host, by the same version gets the same bytes.

The host's own limits are read from a dozen files, so they are asked for only now and then. As the memory that is left
never stays the same, an answer is kept until then at most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from cachetools import LRUCache
from pydantic import BaseModel

from advisor.machine import limits
from advisor.records import Advice, Machine
from advisor.service.answer import answer
from advisor.service.curves import curves_of
from advisor.service.requests import parse_question

MOST_BYTES = 32 << 20
LARGEST_BODY = 64 << 10  # larger ones are rare, and not worth what they would push out
LIMITS_HOLD_SECONDS = 30.0
_OVERHEAD = 600  # bytes that an entry takes besides its body and its document


class Answered(NamedTuple):
    """A document, ready to be sent, and what to count it as."""

    document: bytes
    recommendation: str
    evidence: str
    size: int


class Answers:
    """Answers bodies, from memory where it can; for all threads of this process."""

    def __init__(self, *, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: LRUCache[tuple[object, ...], Answered] = LRUCache(most_bytes, getsizeof=lambda one: one.size)
        self._lock = threading.Lock()
        self._host = _Host(clock)

    def advice(self, body: bytes) -> Answered:
        """The Advice document for the body of `POST /v1/advice`, or a ProblemError."""
        return self._answer(body, _alone)

    def curves(self, body: bytes) -> Answered:
        """The same with its curves."""
        return self._answer(body, curves_of)

    def _answer(self, body: bytes, document: Callable[[Advice], BaseModel]) -> Answered:
        machine, since = self._host.now()
        key = (document, since, body)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None:
            return kept
        advice = answer(parse_question(body), machine)
        written = document(advice).model_dump_json().encode()
        made = Answered(written, advice.recommendation, advice.evidence, len(written) + len(body) + _OVERHEAD)
        if len(body) <= LARGEST_BODY and made.size <= self._kept.maxsize:
            with self._lock:
                self._kept[key] = made
        return made


def _alone(advice: Advice) -> Advice:
    return advice


class _Host:
    """This host's limits, and since when they are taken to hold."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: tuple[Machine, float] | None = None

    def now(self) -> tuple[Machine, float]:
        now, known = self._clock(), self._known
        if known is None or now - known[1] >= LIMITS_HOLD_SECONDS:
            self._known = known = limits(), now
        return known
