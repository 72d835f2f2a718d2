"""What was answered lately, kept: the same body, on the same host, by the same version gets the same bytes.

The host's own limits are read from a dozen files, so they are asked for only now and then, and an answer is kept until
then at most. The memory that is left never stays the same: it is taken in steps, or the same question would have other
advice, and another link, each time. With a journal, an answer from memory is still one that it has: its link works.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from cachetools import LRUCache
from pydantic import BaseModel, Field

from advisor.host.machine import limits
from advisor.limits import MAX_CACHE_BYTES, MAX_CACHED_BODY_BYTES
from advisor.models import Advice, Machine
from advisor.service.curves import curves_of
from advisor.service.errors import without_null
from advisor.service.planner import answer
from advisor.service.schemas import parse_question

if TYPE_CHECKING:
    from advisor.journal.journal import Journal

LIMITS_HOLD_SECONDS = 30.0
_MEMORY_BITS = 4  # that are told of the memory left: eight steps to each doubling
_OVERHEAD = 600  # bytes that an entry takes besides its body and its document


class Given(Advice):
    """Advice as it is sent."""

    id: str | None = Field(
        None,
        description="where the server has it in its journal: GET /v1/advice/{id}",
        exclude_if=lambda id: id is None,
        json_schema_extra=without_null,
    )


class Answered(NamedTuple):
    """A document, ready to be sent, and what to count it as."""

    document: bytes
    recommendation: str
    evidence: str
    size: int
    id: str | None = None  # in the journal
    missed: bool = False  # the journal would have it, had it not been lost

    @property
    def link(self) -> str | None:
        """The header of that name."""
        return None if self.id is None else f'</v1/advice/{self.id}>; rel="bookmark"'


class Answers:
    """Answers bodies, from memory where it can; for all threads of this process."""

    def __init__(
        self,
        *,
        journal: Journal | None = None,
        most_bytes: int = MAX_CACHE_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._kept: LRUCache[tuple[object, ...], Answered] = LRUCache(most_bytes, getsizeof=lambda one: one.size)
        self._lock = threading.Lock()
        self._host = _Host(clock)

    def advice(self, body: bytes) -> Answered:
        """The Advice document for the body of `POST /v1/advice`, or a ProblemError."""
        return self._answer(body, _alone, self._journal)

    def kept(self, body: bytes) -> Answered | None:
        """The same if it is in memory and still the one to give."""
        _, since = self._host.now()
        return self._found((_alone, since, body), self._journal)

    def curves(self, body: bytes) -> Answered:
        """The same with its curves; whoever moves cores and calls to and fro means no entry for each."""
        return self._answer(body, curves_of, None)

    def _answer(self, body: bytes, document: Callable[[Advice], BaseModel], journal: Journal | None) -> Answered:
        machine, since = self._host.now()
        key = (document, since, body)
        kept = self._found(key, journal)
        if kept is not None:
            return kept
        question = parse_question(body)
        advice = answer(question, machine)
        written = document(advice).model_dump_json().encode()
        size = len(written) + len(body) + _OVERHEAD
        made = Answered(written, advice.recommendation, advice.evidence, size)
        if journal is not None:
            id = journal.record(question.model_dump(mode="json", exclude_defaults=True), advice)
            missed = id is None and journal.lost is not None
            made = made._replace(document=with_id(written, id), id=id, missed=missed)
        if len(body) <= MAX_CACHED_BODY_BYTES and made.size <= self._kept.maxsize:
            with self._lock:
                self._kept[key] = made
        return made

    def _found(self, key: tuple[object, ...], journal: Journal | None) -> Answered | None:
        with self._lock:
            kept = self._kept.get(key)
        return kept if kept is not None and (journal is None or _agrees(journal, kept)) else None


def with_id(document: bytes, id: str | None) -> bytes:
    """The Advice document as a Given one."""
    return document if id is None else document[:-1] + f',"id":"{id}"}}'.encode()


def _agrees(journal: Journal, kept: Answered) -> bool:
    """Whether the answer is still the one to give: it has an id if it can have one, and the id is of an entry."""
    if kept.id is None:
        return not kept.missed or journal.lost is not None
    return journal.renew(kept.id) is not False


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
            self._known = known = _in_steps(limits()), now
        return known


def _in_steps(host: Machine) -> Machine:
    """With its memory rounded down, by an eighth at most."""
    if host.memory is None:
        return host
    rest = max(0, host.memory.bit_length() - _MEMORY_BITS)
    return host.model_copy(update={"memory": host.memory >> rest << rest})
