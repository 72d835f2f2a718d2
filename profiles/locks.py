"""One lock behind all calls, where it does not show: at a server, around an object, in a pool, on a file."""

from __future__ import annotations

import functools
import hashlib
import http.client
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from profiles import loopback, scratch
from profiles.web import get

if TYPE_CHECKING:
    import urllib3

SCALE_LOCK = threading.Lock()  # an HTTPConnection is not for two threads at a time


def call_limited_api(url: str) -> int:
    """Ask a server that serves four clients at a time and queues the others: more workers than that gain nothing.

    Nothing in one call alone shows it; only running calls at the same time does.
    """
    return len(get(url))


def call_limited_api_inputs() -> Iterator[str]:
    """50 questions of 20 ms."""
    for _ in range(50):
        yield loopback.url("/limited?size=2048&ms=20")


@functools.cache
def scale(port: int) -> http.client.HTTPConnection:
    """This process's one connection to a device that weighs articles."""
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


def weigh(port_and_article: tuple[int, int]) -> str:
    """Ask the device for a weight, with all threads behind one lock, and make a label outside of it.

    Each process has a connection and a lock of its own.
    """
    port, article = port_and_article
    with SCALE_LOCK:
        scale(port).request("GET", f"/orders?customer={article}&ms=3")
        answer = scale(port).getresponse().read()
    return make_label(f"{article}: {sum(amount for _, _, amount in json.loads(answer)):.2f} kg")


def weigh_inputs() -> Iterator[tuple[int, int]]:
    """100 articles; the device takes 3 ms for each."""
    for article in range(100):
        yield loopback.port(), article


def make_label(text: str) -> str:
    """A text with a code below it that a scanner reads: 60 lines of cells."""
    digest = hashlib.sha256(text.encode()).digest()
    bits = "".join(f"{byte:08b}" for byte in digest)
    rows = [
        "".join("█" if bit == "1" and (index * 7 + height) % 8 else " " for index, bit in enumerate(bits))
        for height in range(60)
    ]
    return "\n".join([text, *rows])


@functools.cache
def two_connections(port: int) -> urllib3.HTTPConnectionPool:
    """Return the pool of this process; a caller waits if both connections are in use."""
    import urllib3

    return urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=2, block=True, timeout=60)


def borrow_connection(port_and_path: tuple[int, str]) -> float:
    """Ask a service through a pool that has two connections, as a service's contract may say."""
    port, path = port_and_path
    answer = two_connections(port).request("GET", path)
    return float(sum(article["price"] for article in answer.json()))


def borrow_connection_inputs() -> Iterator[tuple[int, str]]:
    """80 questions that take 10 to 14 ms to answer."""
    for index in range(80):
        yield loopback.port(), f"/items?count={60 + index}&ms={10 + index % 5}"


def book_stock(path_and_article: tuple[str, int]) -> str:
    """Note an article's stock in a file that one program at a time may change, and make a label.

    The file's lock holds threads and processes alike.
    """
    path, article = path_and_article
    with locked(path) as file:
        stock = json.load(file)
        stock[str(article)] = article * 7 % 90
        file.seek(0)
        file.truncate()
        json.dump(stock, file)
        file.flush()
        os.fsync(file.fileno())
    return make_label(f"{article}: {stock[str(article)]} in stock")


@contextmanager
def locked(path: str) -> Iterator[IO[str]]:
    """Open the file for reading and writing, exclusively."""
    import fcntl

    with Path(path).open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
        yield file


def book_stock_inputs() -> Iterator[tuple[str, int]]:
    """100 articles of 1,000."""
    path = scratch.file("stock.json", lambda: json.dumps({str(article): 0 for article in range(1_000)}))
    for article in range(100):
        yield path, article


if hasattr(os, "register_at_fork"):
    # A connection that parent and child both write to answers neither.
    os.register_at_fork(after_in_child=scale.cache_clear)
    os.register_at_fork(after_in_child=two_connections.cache_clear)
