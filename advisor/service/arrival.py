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
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from advisor.service.server import CLIENT_SECONDS

WINDOW = 32 << 10  # bytes of a request that are waited for; for what comes beyond, a thread waits

_END = re.compile(rb"\r?\n\r?\n")  # of the head; gunicorn refuses bare line feeds in its own words
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r?\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\ntransfer-encoding:", re.IGNORECASE)
_EXPECT = re.compile(rb"\nexpect:", re.IGNORECASE)
_LAST_CHUNK = re.compile(rb"(?:^|\n)0+\r\n")


class Worker(ThreadWorker):  # type: ignore[misc]
    """Gunicorn's threads, kept for requests that have arrived."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._window = bytearray(WINDOW)
        self._arriving: dict[Any, float] = {}  # connections and since when, the oldest first

    def enqueue_req(self, conn: Any) -> None:
        """Now if the request is there, else once it is."""
        if _is_read_ahead(conn) or self._has_arrived(conn):
            self._hand_on(conn)
            return
        self._arriving[conn] = time.monotonic()
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_more, conn))

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

    def murder_pending(self) -> None:
        """Also those whose request does not arrive; the loop calls it after each turn."""
        super().murder_pending()
        latest = time.monotonic() - (CLIENT_SECONDS if self.alive else STOP_KEEPALIVE_LINGER)
        while self._arriving:
            conn, since = next(iter(self._arriving.items()))
            if since > latest:
                break
            self._no_longer_arriving(conn)
            self.nr_conns -= 1
            conn.close()

    def _take_in(self, listener: Any) -> None:
        """All that wait to be accepted, as far as there is room for them."""
        before = None
        while before != self.nr_conns < self.worker_connections:
            before = self.nr_conns
            self.accept(listener)

    def _on_more(self, conn: Any, _: object) -> None:
        if self._has_arrived(conn):
            self._no_longer_arriving(conn)
            self._hand_on(conn)

    def _hand_on(self, conn: Any) -> None:
        conn.data_ready = True  # else the thread would make sure of it
        super().enqueue_req(conn)

    def _no_longer_arriving(self, conn: Any) -> None:
        del self._arriving[conn]
        self.poller.unregister(conn.sock)

    def _has_arrived(self, conn: Any) -> bool:
        """Whether a thread has all that it needs; if not, the socket is not readable before there is more."""
        try:
            size = conn.sock.recv_into(self._window, 0, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a thread will come upon it, too, and knows what to do
        known = getattr(conn, "arrived", 0)
        whole = size <= known or is_whole(bytes(memoryview(self._window)[:size]))  # no more: it is the end
        conn.arrived = 0 if whole else size
        if known or not whole:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, conn.arrived + 1)
        return whole


def is_whole(data: bytes) -> bool:
    """Whether these first bytes of a request are all of it, or as much as is waited for."""
    if len(data) >= WINDOW:
        return True
    end = _END.search(data)
    if end is None:
        return False
    if _EXPECT.search(data, 0, end.end()):
        return True  # the client waits for us
    body = data[end.end() :]
    if _CHUNKED.search(data, 0, end.end()):
        return _LAST_CHUNK.search(body) is not None
    length = _LENGTH.search(data, 0, end.end())
    return length is None or len(body) >= int(length[1])


def _is_read_ahead(conn: Any) -> bool:
    """Whether the parser took the next request out of the socket together with the last."""
    return conn.parser is not None and bool(conn.parser.unreader.buf.getvalue())
