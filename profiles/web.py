"""Work that waits for other machines: downloads, API calls, requests to be answered."""

from __future__ import annotations

import asyncio
import http.client
import string
import threading
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from profiles import loopback

PAGE = string.Template("<html><title>$user</title><p>Visit $visits</p><ul>$articles</ul></html>")
VISITS: Counter[str] = Counter()
VISITS_LOCK = threading.Lock()


def get(url: str) -> bytes:
    """The body of a page, over a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return connection.getresponse().read()
    finally:
        connection.close()


def download(url: str) -> int:
    """Downloads a file and returns its size."""
    return len(get(url))


def download_inputs() -> Iterator[str]:
    """100 files of 64 KiB that take 15 to 34 ms to arrive."""
    for index in range(100):
        yield loopback.url(f"/bytes?size=65536&ms={15 + index * 7 % 20}")


def call_api(url: str) -> float:
    """Asks an API for articles, with `requests` as most people do, and adds up their prices."""
    import requests

    with requests.Session() as session:
        session.trust_env = False  # no proxy stands between us and the loopback
        return float(sum(article["price"] for article in session.get(url, timeout=60).json()))


def call_api_inputs() -> Iterator[str]:
    """50 questions that take 40 to 59 ms to answer."""
    for index in range(50):
        yield loopback.url(f"/items?count=20&ms={40 + index * 7 % 20}")


def handle_request(request: dict[str, str]) -> str:
    """Answers a visitor as a web server does: counts the visit in shared state, asks a service behind, renders."""
    with VISITS_LOCK:
        VISITS[request["user"]] += 1
        visits = VISITS[request["user"]]
    orders = get(request["service"]).decode()
    articles = "".join(f"<li>{row}</li>" for row in orders.strip("[]").split("], ["))
    return PAGE.substitute(user=request["user"], visits=visits, articles=articles)


def handle_request_inputs() -> Iterator[dict[str, str]]:
    """120 visits of 12 users; the service behind takes 12 ms."""
    for index in range(120):
        yield {"user": f"user-{index % 12}", "service": loopback.url(f"/orders?customer={index}&ms=12")}


def call_limited_api(url: str) -> int:
    """Asks a server that serves four clients at a time and lets the others queue: more workers than that gain nothing.

    Nothing in one call alone shows it; only running calls at the same time does.
    """
    return len(get(url))


def call_limited_api_inputs() -> Iterator[str]:
    """50 questions of 20 ms."""
    for _ in range(50):
        yield loopback.url("/limited?size=2048&ms=20")


async def stream(url: str) -> int:
    """Downloads a file as a coroutine does, piece by piece, and returns its size."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(
            f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        size = 0
        while piece := await reader.read(16_384):
            size += len(piece)
        return size
    finally:
        writer.close()
        await writer.wait_closed()


def stream_inputs() -> Iterator[str]:
    """100 files of 64 KiB that take 15 to 34 ms to arrive."""
    yield from download_inputs()
