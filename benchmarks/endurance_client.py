"""A client that asks, reports and looks up, and says of every request what became of it."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

What = Literal["advice", "outcome", "link"]
Became = Literal["answered", "refused", "cut", "closed", "broken", "hung", "unclean"]

MEANING: Final[Mapping[Became, str]] = {
    "answered": "with what was asked for",
    "refused": "by a problem document that says to try again",
    "cut": "its worker was killed: sent again",
    "closed": "a kept connection was closed before it was sent: sent again",
    "broken": "the connection broke though no worker was killed",
    "hung": "no answer in time",
    "unclean": "an answer that nobody should get",
}
BAD: Final[tuple[Became, ...]] = ("broken", "hung", "unclean")

PATIENCE: Final = 20.0  # seconds for an answer
MARGIN: Final = 0.2  # seconds after a kill in which its connections may still break
SUCCESS: Final = (200, 201)


@dataclass
class Ledger:
    """What became of all requests, and what the service has promised to keep; each client has its own."""

    counts: Counter[tuple[What, Became]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)  # in words, what should never be
    ids: dict[str, str] = field(default_factory=dict)  # of advice that was handed out, with the strategy advised
    acknowledged: dict[str, str] = field(default_factory=dict)  # note → id of outcomes
    slowest: float = 0.0  # seconds


class Client:
    """Over one connection that it keeps, or over a new one for each request."""

    def __init__(self, url: str, ledger: Ledger, killed: Sequence[float], *, keep: bool) -> None:
        self._address = urlsplit(url).netloc
        self._connection: http.client.HTTPConnection | None = None
        self._ledger = ledger
        self._killed = killed  # when, by time.monotonic
        self._keep = keep

    def ask(self, body: bytes) -> None:
        answer = self._request("advice", "POST", "/v1/advice", body)
        if answer is not None and (id := answer.get("id")):
            self._ledger.ids[id] = answer["recommendation"]

    def report(self, id: str, seconds: float, note: str) -> None:
        """Done as advised; one after the other, where nothing was."""
        outcome: dict[str, Any] = {"seconds": seconds, "note": note}
        if self._ledger.ids[id] == "undecided":
            outcome["strategy"] = "sequential"
        body = json.dumps(outcome).encode()
        if self._request("outcome", "POST", f"/v1/advice/{id}/outcome", body) is not None:
            self._ledger.acknowledged[note] = id

    def follow(self, id: str) -> bool:
        """Whether the link was answered with the advice."""
        answer = self._request("link", "GET", f"/v1/advice/{id}", None)
        return answer is not None and answer.get("id") == id

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _request(self, what: What, method: str, path: str, body: bytes | None) -> dict[str, Any] | None:
        """The document, or None where it was refused; what a killed worker took with it is sent again."""
        while True:
            began = time.monotonic()
            became, document, words = self._attempt(what, method, path, body)
            self._ledger.slowest = max(self._ledger.slowest, time.monotonic() - began)
            self._ledger.counts[what, became] += 1
            if became in BAD:
                self._ledger.wrong.append(f"{method} {path}: {became}: {words}")
            if became not in ("cut", "closed"):
                return document if became == "answered" else None

    def _attempt(
        self, what: What, method: str, path: str, body: bytes | None
    ) -> tuple[Became, dict[str, Any] | None, str]:
        began, kept = time.monotonic(), self._connection is not None
        try:
            connection = self._connection or http.client.HTTPConnection(self._address, timeout=PATIENCE)
            self._connection = connection
            headers = {"Content-Type": "application/json"} if body else {}
            connection.request(method, path, body, headers if self._keep else {**headers, "Connection": "close"})
            response = connection.getresponse()
            sent = response.read()
        except TimeoutError:
            self.close()
            return "hung", None, f"nothing in {PATIENCE:g} s"
        except (http.client.HTTPException, OSError) as error:
            self.close()
            return why_closed(error, kept, began, time.monotonic(), self._killed), None, repr(error)
        if response.will_close or not self._keep:
            self.close()
        return judged(what, response.status, response.headers.get_content_type(), sent)


def why_closed(error: Exception, kept: bool, began: float, ended: float, killed: Sequence[float]) -> Became:
    """Of a connection: its worker was killed meanwhile, or nobody was there any more when it was used again."""
    if any(began - MARGIN <= when <= ended for when in killed):
        return "cut"
    idle = http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError
    return "closed" if kept and isinstance(error, idle) else "broken"


def judged(what: What, status: int, content_type: str, sent: bytes) -> tuple[Became, dict[str, Any] | None, str]:
    """Advice is always given; what needs the journal may be refused while that is lost, in a problem document."""
    try:
        document = json.loads(sent)
    except ValueError:
        return "unclean", None, f"{status} with {sent[:200]!r}"
    if status in SUCCESS:
        return "answered", document, ""
    clean = status == 503 and what != "advice" and content_type == "application/problem+json"
    if clean and document.get("status") == status and document.get("title"):
        return "refused", None, ""
    return "unclean", None, f"{status} with {sent[:200]!r}"


def together(ledgers: Sequence[Ledger]) -> Ledger:
    whole = Ledger()
    for ledger in ledgers:
        whole.counts += ledger.counts
        whole.wrong += ledger.wrong
        whole.ids |= ledger.ids
        whole.acknowledged |= ledger.acknowledged
        whole.slowest = max(whole.slowest, ledger.slowest)
    return whole
