"""A gunicorn worker whose threads wait for no client: they get a request once it is there. Its end loses none.

Gunicorn hands a connection to a thread at once, which then waits for what the client has to say, so that a few clients
that stop in the middle of a request keep all threads from the others. Here it is the worker's event loop that waits, in
which a connection costs next to nothing. It looks into the socket without taking anything out, and has the kernel wake
it when there is more.
"""

from __future__ import annotations

import os
import re
import socket
import time
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from advisor.service.server import CLIENT_SECONDS

WINDOW = 32 << 10  # bytes of a request that are waited for; for what comes beyond, a thread waits
LEAVING_SECONDS = 2  # that a client has to take the end of an answer

_END = re.compile(rb"\r?\n\r?\n")  # of the head; gunicorn refuses bare line feeds in its own words
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*0*(\d+)[ \t]*\r?\n", re.IGNORECASE)
_CODED = re.compile(rb"\ntransfer-encoding:", re.IGNORECASE)
_CHUNKED = re.compile(rb"\ntransfer-encoding:[^\n]*chunked", re.IGNORECASE)
_EXPECT = re.compile(rb"\nexpect:[ \t]*([^\r\n]*?)[ \t]*\r?\n", re.IGNORECASE)
_HTTP_1_0 = re.compile(rb"(?:\r\n)?[^\n]* HTTP/1\.0\r?\n")
_CHUNK = re.compile(rb"([0-9a-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n", re.IGNORECASE)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Worker(ThreadWorker):  # type: ignore[misc]
    """Gunicorn's threads, kept for requests that have arrived."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._window = bytearray(WINDOW)
        self._arriving: dict[Any, float] = {}  # connections and since when, the oldest first
        self._leaving: dict[Any, float] = {}  # the same of those that are answered and not closed by the client

    def enqueue_req(self, conn: Any) -> None:
        """Now if the request is there, else once it is."""
        conn.awaited = 1  # bytes in the socket
        conn.told_to_go_on = False
        if self._has_arrived(conn):
            self._hand_on(conn)
            return
        self._arriving[conn] = time.monotonic()
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_more, conn))

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Without telling the client to go on: it was told, or did not wait for it."""
        req._expected_100_continue = False
        return super().handle_request(req, conn)

    def set_accept_enabled(self, enabled: bool) -> None:
        """At the end also closes the listener; gunicorn closes it when all is answered, and refuses nobody before."""
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        while self.sockets:
            listener = self.sockets.pop()
            self._take_in(listener)
            listener.close()

    def is_parent_alive(self) -> bool:
        """Without a master this ends as on SIGTERM."""
        if not super().is_parent_alive():
            self.alive = False
        return bool(self.alive)

    def handle_quit(self, *_: object) -> None:
        """At once; `sys.exit` would wait for the threads."""
        os._exit(0)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """A body that nobody read, and that cannot be read either, ends the connection: its answer was sent."""
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except (ParseException, OSError):
            return False

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answers in the words of the service, and without a word of the client's."""
        from advisor.service.unread import refusal  # with Flask, which the master has no need of

        with suppress(OSError):
            write_nonblock(client, refusal(exc, addr[0] if addr else None))

    def finish_request(self, conn: Any, future: Any) -> None:
        """Sees the client off, for whom gunicorn's loop stands still: two seconds for each that does not close."""
        if future.cancelled() or future.exception() or future.result():
            super().finish_request(conn, future)
            return
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # the client has gone, or the thread has closed it
            self.nr_conns -= 1
            conn.close()
            return
        self._leaving[conn] = time.monotonic()
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_leaving, conn))

    def murder_pending(self) -> None:
        """Also those whose request does not arrive, or who do not leave; the loop calls it after each turn."""
        super().murder_pending()
        now = time.monotonic()
        self._drop(self._arriving, now - (CLIENT_SECONDS if self.alive else STOP_KEEPALIVE_LINGER))
        self._drop(self._leaving, now - LEAVING_SECONDS)

    def _take_in(self, listener: Any) -> None:
        """All that wait to be accepted, as far as there is room for them."""
        before = None
        while before != self.nr_conns < self.worker_connections:
            before = self.nr_conns
            self.accept(listener)

    def _on_more(self, conn: Any, _: object) -> None:
        if self._has_arrived(conn):
            del self._arriving[conn]
            self.poller.unregister(conn.sock)
            self._hand_on(conn)

    def _on_leaving(self, conn: Any, _: object) -> None:
        """What a client still sends is thrown away: to close before would take back what it has not read."""
        try:
            more = conn.sock.recv_into(self._window)
        except BlockingIOError:
            return
        except OSError:
            more = 0
        if not more:
            self._end(self._leaving, conn)

    def _drop(self, waiting: dict[Any, float], latest: float) -> None:
        while waiting:
            conn, since = next(iter(waiting.items()))
            if since > latest:
                break
            self._end(waiting, conn)

    def _end(self, waiting: dict[Any, float], conn: Any) -> None:
        del waiting[conn]
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _hand_on(self, conn: Any) -> None:
        conn.data_ready = True  # else the thread would make sure of it
        super().enqueue_req(conn)

    def _has_arrived(self, conn: Any) -> bool:
        """Whether a thread has all that it needs; if not, the socket is not readable before there is more."""
        data, ended = _read_ahead(conn), False
        try:
            size = conn.sock.recv_into(self._window, 0, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            size = 0
        except OSError:
            return True  # a thread will come upon it, too, and knows what to do
        else:
            data += bytes(memoryview(self._window)[:size])
            ended = size < conn.awaited
        lacking = 0 if ended else missing(data)
        if lacking and not conn.told_to_go_on and waits_to_be_told(data):
            with suppress(OSError):
                conn.sock.send(_CONTINUE, socket.MSG_DONTWAIT)
            conn.told_to_go_on = True
        awaited = size + lacking if lacking else 1
        if awaited != conn.awaited:
            conn.awaited = awaited
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, awaited)
        return not lacking


def missing(data: bytes) -> int:
    """How many bytes to wait for at least, after these first ones of a request: 0 if it is whole, or refused as it is.

    Nor is anything waited for beyond the window.
    """
    end = _END.search(data)
    expected = end and _EXPECT.search(data, 0, end.end())
    if end is None:
        lacking = 1
    elif expected and expected[1].lower() != b"100-continue":
        lacking = 0
    elif _CHUNKED.search(data, 0, end.end()):
        lacking = _missing_of_chunks(data, end.end())
    elif _CODED.search(data, 0, end.end()):
        lacking = 0
    else:
        length = _LENGTH.search(data, 0, end.end())
        body = 0 if length is None else WINDOW if len(length[1]) > len(str(WINDOW)) else int(length[1])
        lacking = end.end() + body - len(data)
    return max(0, min(lacking, WINDOW - len(data)))


def _missing_of_chunks(data: bytes, place: int) -> int:
    """The same of a body in chunks that begins at this place: each after a line with its size, trailers after 0."""
    while chunk := _CHUNK.match(data, place):
        size = int(chunk[1], 16)
        if not size:
            return 0 if _END.search(data, chunk.end() - 2) else 1
        place = chunk.end() + size + 2
    if b"\n" in data[place:]:
        return 0  # no size
    return max(1, place + len(b"0\r\n\r\n") - len(data))


def waits_to_be_told(data: bytes) -> bool:
    """Whether whoever sent this head, if it is one, sends the body when told to."""
    end = _END.search(data)
    return end is not None and _EXPECT.search(data, 0, end.end()) is not None and not _HTTP_1_0.match(data)


def _read_ahead(conn: Any) -> bytes:
    """What the parser took of this request out of the socket together with the last."""
    return b"" if conn.parser is None else bytes(conn.parser.unreader.buf.getvalue())
