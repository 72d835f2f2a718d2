"""The far end of every networked workload: one process that answers after a latency and costs its clients no GIL.

    GET /bytes?size=65536&ms=20          that many bytes
    GET /items?count=40&ms=20            a JSON document, as an API gives it
    GET /page?count=40&ms=20             an HTML page with a table
    GET /orders?customer=7&ms=20         rows of an SQLite database that is at home here
    GET /limited?size=1024&ms=20         as /bytes, but for no more than four clients at a time
    JOIN room name ms                    a chat: each line that follows goes to everyone in the room after `ms`

Run it with `python -m profiles.server`: it prints its port, and ends when its standard input does or its parent is
gone, so that it never outlives the process that started it.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

BACKLOG: Final = 1024
CLIENTS_AT_ONCE: Final = 4
CUSTOMERS: Final = 500
PARENT_CHECK_SECONDS: Final = 0.5

Parameters = dict[str, int]
Rooms = dict[str, set[asyncio.StreamWriter]]


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


ANSWERS: Final[dict[str, tuple[str, Callable[[Parameters], bytes]]]] = {
    "/bytes": ("application/octet-stream", lambda asked: blob(asked.get("size", 1024))),
    "/items": ("application/json", lambda asked: items(asked.get("count", 40))),
    "/page": ("text/html; charset=utf-8", lambda asked: page(asked.get("count", 40))),
    "/orders": ("application/json", lambda asked: orders(asked.get("customer", 0))),
    "/limited": ("application/octet-stream", lambda asked: blob(asked.get("size", 1024))),
}


async def answer(target: str, limit: asyncio.Semaphore) -> tuple[str, str, bytes]:
    """Status line, content type and body for a request's target, after its latency."""
    parts = urlsplit(target)
    if parts.path not in ANSWERS:
        return "404 Not Found", "text/plain", b"no such page\n"
    asked = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
    content_type, body = ANSWERS[parts.path]
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
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: {connection}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        line = (await reader.readline()).decode("latin-1") if keep_alive else ""


async def serve_chat(first_line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rooms: Rooms) -> None:
    """Passes each line on to everyone in the room, its author included, until the author leaves."""
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


async def serve_client(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, rooms: Rooms, limit: asyncio.Semaphore
) -> None:
    try:
        first_line = (await reader.readline()).decode("latin-1")
        if first_line.startswith("JOIN "):
            await serve_chat(first_line, reader, writer, rooms)
        else:
            await serve_http(first_line, reader, writer, limit)
    except (ConnectionError, ValueError):
        pass  # the client left, or sent what is neither HTTP nor chat: it alone is worse off
    finally:
        writer.close()


async def parent_is_gone() -> None:
    """Returns when standard input ends, or when the parent was killed while forks of it keep that pipe open."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    parent = os.getppid()

    def wait_for_end() -> None:
        # os.read, not sys.stdin: a daemon thread stuck in a buffered reader would abort the interpreter's shutdown.
        while os.read(0, 1024):
            pass
        loop.call_soon_threadsafe(stopped.set)

    # A plain thread, not to_thread: the loop would wait for that one on its way out.
    threading.Thread(target=wait_for_end, daemon=True).start()
    while not stopped.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(stopped.wait(), PARENT_CHECK_SECONDS)
        except TimeoutError:
            continue


async def main() -> None:
    rooms: Rooms = defaultdict(set)
    limit = asyncio.Semaphore(CLIENTS_AT_ONCE)
    database()  # before the first client waits for it
    server = await asyncio.start_server(
        functools.partial(serve_client, rooms=rooms, limit=limit), "127.0.0.1", 0, backlog=BACKLOG
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await parent_is_gone()
    # Clients in mid-conversation are gone or about to be: there is nothing to wait for.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
