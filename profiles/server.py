"""The server of every networked workload: one process that answers after a latency, outside the clients' GIL.

    GET /bytes?size=65536&ms=20          that many bytes
    GET /items?count=40&ms=20            a JSON document, as an API gives it
    GET /page?count=40&ms=20             an HTML page with a table
    GET /orders?customer=7&ms=20         rows of an SQLite database that is at home here
    GET /limited?size=1024&ms=20         as /bytes, but for no more than four clients at a time
    GET /rated?per_second=50&burst=10    as /bytes, but 429 for what comes faster
    JOIN room name ms                    a chat: each line that follows goes to everyone in the room after `ms`
    XADD, XRANGE, XACK                   a broker with streams of messages, for a Redis client

A mail server has a second port, since in SMTP the server speaks first.

Run it with `python -m profiles.server`: it prints both ports, and ends when its standard input does or its parent is
gone, so that it never outlives the process that started it.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

BACKLOG: Final = 1024
CLIENTS_AT_ONCE: Final = 4
CUSTOMERS: Final = 500
PARENT_CHECK_SECONDS: Final = 0.5
BROKER_SECONDS: Final = {"XRANGE": 0.003, "XACK": 0.002}  # a new message is kept in memory only, at once
MAIL_SECONDS: Final = 0.002  # for each answer
MESSAGES_KEPT: Final = 1_000
TOO_MANY_REQUESTS: Final = "429 Too Many Requests"

Parameters = dict[str, int]
Rooms = dict[str, set[asyncio.StreamWriter]]
Streams = dict[str, dict[str, list[str]]]  # by name: the fields and values of each message by its id
Reply = str | int | list["Reply"]


@functools.lru_cache
def blob(size: int) -> bytes:
    return bytes(index * 31 % 251 for index in range(1024)) * (size // 1024) + b"." * (size % 1024)


@functools.lru_cache
def items(count: int) -> bytes:
    """What a shop's API answers."""
    return json.dumps(
        [
            {
                "id": index,
                "name": f"Article {index}",
                "price": round(index * 1.37 % 90, 2),
                "tags": ["new", "sale"][: index % 3],
                "stock": {"north": index % 7, "south": index % 5},
            }
            for index in range(count)
        ]
    ).encode()


@functools.lru_cache
def page(count: int) -> bytes:
    """What a shop's site shows."""
    rows = "\n".join(
        f'<tr class="row {"odd" if index % 2 else "even"}"><td><a href="/article/{index}">Article {index}</a></td>'
        f'<td class="price">{index * 1.37 % 90:.2f} &euro;</td><td>{index % 7} in stock</td></tr>'
        for index in range(count)
    )
    return f"<!doctype html><html><head><title>Shop</title></head><body><table>{rows}</table></body></html>".encode()


@functools.cache
def database() -> sqlite3.Connection:
    """20,000 orders of 500 customers, in memory."""
    connection = sqlite3.connect(":memory:")
    connection.execute("create table orders (customer integer, article integer, amount real)")
    connection.executemany(
        "insert into orders values (?, ?, ?)",
        ((index % CUSTOMERS, index * 7 % 900, index * 1.37 % 90) for index in range(20_000)),
    )
    connection.execute("create index by_customer on orders (customer)")
    return connection


def orders(customer: int) -> bytes:
    rows = database().execute(
        "select article, count(*), sum(amount) from orders where customer = ? group by article order by 3 desc",
        (customer % CUSTOMERS,),
    )
    return json.dumps(rows.fetchall()).encode()


class RateLimit:
    """A token bucket: `burst` requests at once, and `per_second` in the long run."""

    def __init__(self, per_second: int, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst)
        self._counted = time.monotonic()

    def accepts(self) -> bool:
        """Count a request, and return True if it is within the limit."""
        now = time.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._counted) * self._per_second)
        self._counted = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@functools.cache
def rate_limit(per_second: int, burst: int) -> RateLimit:
    """The one limit that all clients share."""
    return RateLimit(per_second, burst)


ANSWERS: Final[dict[str, tuple[str, Callable[[Parameters], bytes]]]] = {
    "/bytes": ("application/octet-stream", lambda asked: blob(asked.get("size", 1024))),
    "/items": ("application/json", lambda asked: items(asked.get("count", 40))),
    "/page": ("text/html; charset=utf-8", lambda asked: page(asked.get("count", 40))),
    "/orders": ("application/json", lambda asked: orders(asked.get("customer", 0))),
    "/limited": ("application/octet-stream", lambda asked: blob(asked.get("size", 1024))),
    "/rated": ("application/octet-stream", lambda asked: blob(asked.get("size", 1024))),
}


async def answer(target: str, limit: asyncio.Semaphore) -> tuple[str, str, bytes]:
    """Status line, content type and body for a request's target, after its latency."""
    parts = urlsplit(target)
    if parts.path not in ANSWERS:
        return "404 Not Found", "text/plain", b"no such page\n"
    asked = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
    content_type, body = ANSWERS[parts.path]
    if parts.path == "/rated" and not rate_limit(asked.get("per_second", 50), asked.get("burst", 10)).accepts():
        return TOO_MANY_REQUESTS, "text/plain", b"too many requests\n"
    if parts.path == "/limited":
        async with limit:
            await asyncio.sleep(asked.get("ms", 0) / 1000)
    else:
        await asyncio.sleep(asked.get("ms", 0) / 1000)
    return "200 OK", content_type, body(asked)


async def serve_http(
    first_line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: asyncio.Semaphore
) -> None:
    """HTTP/1.1 as far as a GET needs it: requests one after another on one connection, until a side closes it."""
    line = first_line
    while line:
        keep_alive = True
        async for header in reader:
            if header in {b"\r\n", b"\n"}:
                break
            keep_alive = keep_alive and header.strip().lower() != b"connection: close"
        status, content_type, body = await answer(line.split(" ")[1], limit)
        connection = "keep-alive" if keep_alive else "close"
        later = "Retry-After: 1\r\n" if status == TOO_MANY_REQUESTS else ""
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n"
            f"{later}Content-Length: {len(body)}\r\nConnection: {connection}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        line = (await reader.readline()).decode("latin-1") if keep_alive else ""


async def serve_chat(first_line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rooms: Rooms) -> None:
    """Forward each line to everyone in the room, its author included, until the author leaves."""
    _, room, name, milliseconds = first_line.split()
    rooms[room].add(writer)
    try:
        writer.write(f"* welcome {name}\n".encode())
        async for line in reader:
            await asyncio.sleep(int(milliseconds) / 1000)
            for member in rooms[room]:
                member.write(f"{name}: ".encode() + line)
    finally:
        rooms[room].discard(writer)


async def serve_broker(
    first_line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, streams: Streams
) -> None:
    """Answer commands in the protocol of Redis: arrays of strings with their lengths."""
    line = first_line
    while line.startswith("*"):
        command = [await read_string(reader) for _ in range(int(line[1:]))]
        await asyncio.sleep(BROKER_SECONDS.get(command[0], 0))
        writer.write(answer_command(command, streams))
        await writer.drain()
        line = (await reader.readline()).decode()


async def read_string(reader: asyncio.StreamReader) -> str:
    size = int((await reader.readline())[1:])
    return (await reader.readexactly(size + 2))[:-2].decode()


def answer_command(command: list[str], streams: Streams) -> bytes:
    match command:
        case ["XADD", stream, "*", *fields]:
            return encoded(add_message(streams[stream], fields))
        case ["XRANGE", stream, first, last] if first == last:  # only single messages are requested here
            return encoded([[first, [*streams[stream][first]]]] if first in streams[stream] else [])
        case ["XACK", stream, _, *messages]:
            return encoded(sum(message in streams[stream] for message in messages))
        case _:
            return b"-ERR unknown command\r\n"


def add_message(stream: dict[str, list[str]], fields: list[str]) -> str:
    """Store a message, drop the oldest if there are too many, and return its id."""
    last = int(next(reversed(stream), "0-0").split("-")[0])
    name = f"{last + 1}-0"
    stream[name] = fields
    if len(stream) > MESSAGES_KEPT:
        del stream[next(iter(stream))]
    return name


def encoded(reply: Reply) -> bytes:
    """Encode a reply as Redis does."""
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    if isinstance(reply, str):
        return b"$%d\r\n%s\r\n" % (len(reply.encode()), reply.encode())
    return b"*%d\r\n" % len(reply) + b"".join(map(encoded, reply))


async def serve_mail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept mails by SMTP and discard them."""
    try:
        writer.write(b"220 loopback\r\n")
        async for line in reader:
            await asyncio.sleep(MAIL_SECONDS)
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                writer.write(b"354 end with a dot\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(MAIL_SECONDS)
            writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                break
        await writer.drain()
    except (ConnectionError, ValueError, asyncio.IncompleteReadError):
        pass  # as below
    finally:
        writer.close()


async def serve_client(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    rooms: Rooms,
    streams: Streams,
    limit: asyncio.Semaphore,
) -> None:
    try:
        first_line = (await reader.readline()).decode("latin-1")
        if first_line.startswith("JOIN "):
            await serve_chat(first_line, reader, writer, rooms)
        elif first_line.startswith("*"):
            await serve_broker(first_line, reader, writer, streams)
        else:
            await serve_http(first_line, reader, writer, limit)
    except (ConnectionError, ValueError, asyncio.IncompleteReadError):
        pass  # the client left, or sent an invalid request, which affects it alone
    finally:
        writer.close()


async def parent_is_gone() -> None:
    """Return when standard input ends, or when the parent was killed while its forks keep that pipe open."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    parent = os.getppid()

    def wait_for_end() -> None:
        # os.read, not sys.stdin: a daemon thread stuck in a buffered reader would abort the interpreter's shutdown.
        while os.read(0, 1024):
            pass
        loop.call_soon_threadsafe(stopped.set)

    # A plain thread, not to_thread, since the loop would wait for that thread at exit.
    threading.Thread(target=wait_for_end, daemon=True).start()
    while not stopped.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(stopped.wait(), PARENT_CHECK_SECONDS)
        except TimeoutError:
            continue


async def main() -> None:
    rooms: Rooms = defaultdict(set)
    streams: Streams = defaultdict(dict)
    limit = asyncio.Semaphore(CLIENTS_AT_ONCE)
    database()  # before the first client waits for it
    serve = functools.partial(serve_client, rooms=rooms, streams=streams, limit=limit)
    servers = [
        await asyncio.start_server(callback, "127.0.0.1", 0, backlog=BACKLOG) for callback in (serve, serve_mail)
    ]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await parent_is_gone()
    # Clients that are still connected have ended or are about to: there is nothing to wait for.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
