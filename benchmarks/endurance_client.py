"""A client that sends questions, reports and look-ups, and records the outcome of every request."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

RequestKind = Literal["advice", "outcome", "link"]
Fate = Literal["answered", "refused", "cut", "closed", "broken", "hung", "unclean"]

MEANING: Final[Mapping[Fate, str]] = {
    "answered": "with the requested document",
    "refused": "with a problem document that says to try again",
    "cut": "its worker was killed; sent again",
    "closed": "an idle connection was closed before it was sent; sent again",
    "broken": "the connection broke although no worker was killed",
    "hung": "no response in time",
    "unclean": "a response that no client should get",
}
FAILURES: Final[tuple[Fate, ...]] = ("broken", "hung", "unclean")

TIMEOUT: Final = 20.0  # seconds for a response
KILL_MARGIN: Final = 0.2  # seconds after a kill in which connections may still break
SUCCESS: Final = (200, 201)


@dataclass
class Ledger:
    """The fates of a client's requests, and what the service promised to keep."""

    counts: Counter[tuple[RequestKind, Fate]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)  # descriptions of requests that failed
    ids: dict[str, str] = field(default_factory=dict)  # of the advice received, with the strategy advised
    acknowledged: dict[str, str] = field(default_factory=dict)  # note → id of the advice, of acknowledged outcomes
    slowest: float = 0.0  # seconds


class Client:
    """A client with one persistent connection, or a new one for each request."""

    def __init__(self, url: str, ledger: Ledger, killed: Sequence[float], *, persistent: bool) -> None:
        self._address = urlsplit(url).netloc
        self._connection: http.client.HTTPConnection | None = None
        self._ledger = ledger
        self._killed = killed  # times of kills, by time.monotonic
        self._persistent = persistent

    def ask(self, body: bytes) -> None:
        answer = self._request("advice", "POST", "/v1/advice", body)
        if answer is not None and (id := answer.get("id")):
            self._ledger.ids[id] = answer["recommendation"]

    def report(self, id: str, seconds: float, note: str) -> None:
        """Report an outcome of the advised strategy, or of a loop where the advice was undecided."""
        outcome: dict[str, Any] = {"seconds": seconds, "note": note}
        if self._ledger.ids[id] == "undecided":
            outcome["strategy"] = "sequential"
        body = json.dumps(outcome).encode()
        if self._request("outcome", "POST", f"/v1/advice/{id}/outcome", body) is not None:
            self._ledger.acknowledged[note] = id

    def follow(self, id: str) -> bool:
        """Return True if the link leads to the advice."""
        answer = self._request("link", "GET", f"/v1/advice/{id}", None)
        return answer is not None and answer.get("id") == id

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _request(self, kind: RequestKind, method: str, path: str, body: bytes | None) -> dict[str, Any] | None:
        """Return the document, or None where it was refused. A request to a killed worker is sent again."""
        while True:
            began = time.monotonic()
            fate, document, details = self._attempt(kind, method, path, body)
            self._ledger.slowest = max(self._ledger.slowest, time.monotonic() - began)
            self._ledger.counts[kind, fate] += 1
            if fate in FAILURES:
                self._ledger.failures.append(f"{method} {path}: {fate}: {details}")
            if fate not in ("cut", "closed"):
                return document if fate == "answered" else None

    def _attempt(
        self, kind: RequestKind, method: str, path: str, body: bytes | None
    ) -> tuple[Fate, dict[str, Any] | None, str]:
        began, reused = time.monotonic(), self._connection is not None
        try:
            connection = self._connection or http.client.HTTPConnection(self._address, timeout=TIMEOUT)
            self._connection = connection
            headers = {"Content-Type": "application/json"} if body else {}
            connection.request(method, path, body, headers if self._persistent else {**headers, "Connection": "close"})
            response = connection.getresponse()
            content = response.read()
        except TimeoutError:
            self.close()
            return "hung", None, f"nothing in {TIMEOUT:g} s"
        except (http.client.HTTPException, OSError) as error:
            self.close()
            return fate_of_closed(error, reused, began, time.monotonic(), self._killed), None, repr(error)
        if response.will_close or not self._persistent:
            self.close()
        return fate_of_response(kind, response.status, response.headers.get_content_type(), content)


def fate_of_closed(error: Exception, reused: bool, began: float, ended: float, killed: Sequence[float]) -> Fate:
    """Return why a connection was closed: a worker was killed, it was idle, or neither."""
    if any(began - KILL_MARGIN <= when <= ended for when in killed):
        return "cut"
    idle = http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError
    return "closed" if reused and isinstance(error, idle) else "broken"


def fate_of_response(
    kind: RequestKind, status: int, content_type: str, content: bytes
) -> tuple[Fate, dict[str, Any] | None, str]:
    """Judge a response: advice must always be given; what needs the journal may be refused while that is lost."""
    try:
        document = json.loads(content)
    except ValueError:
        return "unclean", None, f"{status} with {content[:200]!r}"
    if status in SUCCESS:
        return "answered", document, ""
    clean = status == 503 and kind != "advice" and content_type == "application/problem+json"
    if clean and document.get("status") == status and document.get("title"):
        return "refused", None, ""
    return "unclean", None, f"{status} with {content[:200]!r}"


def merge(ledgers: Sequence[Ledger]) -> Ledger:
    """Merge the ledgers of all clients."""
    merged = Ledger()
    for ledger in ledgers:
        merged.counts += ledger.counts
        merged.failures += ledger.failures
        merged.ids |= ledger.ids
        merged.acknowledged |= ledger.acknowledged
        merged.slowest = max(merged.slowest, ledger.slowest)
    return merged
