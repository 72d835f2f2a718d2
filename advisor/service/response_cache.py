"""Bounded cache of responses: the same body on the same host gets the same bytes.

With a journal, a cached response is sent only while the journal has its entry, so that its link works.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from cachetools import LRUCache
from cachetools.func import ttl_cache
from pydantic import BaseModel, Field

from advisor.host.machine import unmeasured_machine
from advisor.input_limits import MAX_CACHE_BYTES, MAX_CACHED_BODY_BYTES
from advisor.models import Advice, Machine
from advisor.service.curves import make_curves
from advisor.service.errors import without_null
from advisor.service.planner import plan
from advisor.service.schemas import parse_question

if TYPE_CHECKING:
    from advisor.journal.journal import Journal

HOST_SECONDS = 30.0  # for which the limits of this host are taken to hold: reading them opens a dozen files
_MEMORY_BITS = 4  # significant bits of the available memory: eight steps to each doubling
_ENTRY_BYTES = 600  # of an entry besides its body and its document


class AdviceResponse(Advice):
    """Advice, with its id in the journal."""

    id: str | None = Field(
        None,
        description="where the server keeps it: GET /v1/advice/{id}",
        exclude_if=lambda id: id is None,
        json_schema_extra=without_null,
    )


class CachedResponse(NamedTuple):
    """A document ready to be sent, and the labels to count it under."""

    document: bytes
    recommendation: str
    evidence: str
    size: int  # bytes of its entry in the cache
    host: Machine  # that the advice was planned for
    id: str | None = None  # in the journal


class ResponseCache:
    """Answer the bodies of requests, from memory where possible. Threads may share it."""

    def __init__(self, *, journal: Journal | None = None, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._journal = journal
        self._responses: LRUCache[object, CachedResponse] = LRUCache(max_bytes, getsizeof=lambda entry: entry.size)
        self._lock = Lock()

    def advice(self, body: bytes) -> CachedResponse:
        """Return the Advice document for the body of `POST /v1/advice`, or raise ProblemError."""
        return self._respond(body, _without_curves, self._journal)

    def curves(self, body: bytes) -> CachedResponse:
        """Return the Curves document. The journal gets no entry: the page asks again for every move of a slider."""
        return self._respond(body, make_curves, None)

    def _respond(
        self, body: bytes, make_document: Callable[[Advice], BaseModel], journal: Journal | None
    ) -> CachedResponse:
        host = current_host()
        key = (make_document, body)
        with self._lock:
            cached = self._responses.get(key)
        if cached is not None and cached.host == host and (journal is None or _is_stored(journal, cached.id)):
            return cached
        question = parse_question(body)
        advice = plan(question, host)
        document = make_document(advice).model_dump_json().encode()
        id = None
        if journal is not None:
            id = journal.record(question.model_dump(mode="json", exclude_defaults=True), advice)
            document = with_id(document, id)
        size = len(document) + len(body) + _ENTRY_BYTES
        response = CachedResponse(document, advice.recommendation, advice.evidence, size, host, id)
        # While the journal is lost, nothing new is cached, so that later responses can get an id.
        lost = journal is not None and id is None and journal.lost is not None
        if len(body) <= MAX_CACHED_BODY_BYTES and size <= self._responses.maxsize and not lost:
            with self._lock:
                self._responses[key] = response
        return response


def with_id(document: bytes, id: str | None) -> bytes:
    """Return an Advice document as an AdviceResponse document."""
    return document if id is None else document[:-1] + f',"id":"{id}"}}'.encode()


def _is_stored(journal: Journal, id: str | None) -> bool:
    return id is None or journal.renew(id) is not False


def _without_curves(advice: Advice) -> Advice:
    return advice


@ttl_cache(maxsize=1, ttl=HOST_SECONDS)
def current_host() -> Machine:
    """Return this host, its available memory rounded down by an eighth at most.

    The available memory never stays the same. Without the steps, the same question would get other advice each time.
    """
    host = unmeasured_machine()
    if host.memory is None:
        return host
    rest = max(0, host.memory.bit_length() - _MEMORY_BITS)
    return host.model_copy(update={"memory": host.memory >> rest << rest})
