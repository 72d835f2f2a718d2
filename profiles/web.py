"""Work that waits for other machines: downloads, API calls, requests to be answered."""

from __future__ import annotations

import asyncio
import http.client
import string
import threading
import urllib.request
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
    """Download a file and return its size."""
    return len(get(url))


def download_inputs() -> Iterator[str]:
    """100 files of 64 KiB that take 15 to 34 ms to arrive."""
    for index in range(100):
        yield loopback.url(f"/bytes?size=65536&ms={15 + index * 7 % 20}")


def call_api(url: str) -> float:
    """Ask an API for articles, with `requests` as most people do, and add up their prices."""
    import requests

    with requests.Session() as session:
        session.trust_env = False  # no proxy stands between us and the loopback
        return float(sum(article["price"] for article in session.get(url, timeout=60).json()))


def call_api_inputs() -> Iterator[str]:
    """50 questions that take 40 to 59 ms to answer."""
    for index in range(50):
        yield loopback.url(f"/items?count=20&ms={40 + index * 7 % 20}")


def handle_request(request: dict[str, str]) -> str:
    """Answer a visitor as a web server does: count the visit in shared state, ask a backend, render a page."""
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


async def stream(url: str) -> int:
    """Download a file as a coroutine does, piece by piece, and return its size."""
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


async def poll_feed(url: str) -> int:
    """Ask a service for its articles with aiohttp, and count those that have run out."""
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return sum(not any(article["stock"].values()) for article in await response.json())


def poll_feed_inputs() -> Iterator[str]:
    """100 questions that take 20 to 29 ms to answer."""
    for index in range(100):
        yield loopback.url(f"/items?count={40 + index % 7}&ms={20 + index * 7 % 10}")


def scrape(url: str) -> dict[str, float]:
    """Get a page with httpx, which makes a TLS context for each such call, and read its prices with BeautifulSoup."""
    import httpx
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(httpx.get(url, trust_env=False, timeout=60).text, "lxml")
    rows = zip(soup.select("td a"), soup.select("td.price"), strict=True)
    return {article.get_text(): float(price.get_text().split()[0]) for article, price in rows}


def scrape_inputs() -> Iterator[str]:
    """40 pages of 100 rows that take 10 ms to arrive."""
    for index in range(40):
        yield loopback.url(f"/page?count={100 + index}&ms=10")


def await_report(url: str) -> int:
    """Wait for a report that a slow service makes on demand."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=60) as response:
        return len(response.read().splitlines())


def await_report_inputs() -> Iterator[str]:
    """20 reports; the service takes 280 to 318 ms for one."""
    for index in range(20):
        yield loopback.url(f"/page?count={50 + index}&ms={280 + index * 14 % 40}")
