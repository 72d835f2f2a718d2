"""Parsing: JSON, regular expressions and parsers in Python hold the GIL throughout; lxml releases it."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from profiles import scratch, server
from profiles.files import log_text

REQUEST = re.compile(
    r"^(?P<day>[\d-]+) (?P<time>[\d:]+) (?P<level>\w+) (?P<host>[\d.]+) "
    r'"(?P<verb>\w+) (?P<path>\S+)[^"]*" (?P<status>\d+)',
    re.MULTILINE,
)


def revise_orders(document: str) -> str:
    """Read a JSON document, raise its prices, and write it again."""
    articles = json.loads(document)
    for article in articles:
        article["price"] = round(article["price"] * 1.03, 2)
    return json.dumps(articles)


def revise_orders_inputs() -> Iterator[str]:
    """20 documents of 1,500 articles, 160 kB each."""
    for index in range(20):
        yield server.items(1_500 + index).decode()


def scan_log(path: str) -> dict[str, int]:
    """Count the failed requests in a log by path, with a regular expression."""
    text = Path(path).read_text(encoding="utf-8")
    failed = Counter(match["path"] for match in REQUEST.finditer(text) if match["status"] == "404")
    return dict(failed.most_common(10))


def scan_log_inputs() -> Iterator[str]:
    """5 logs of 8,000 lines, four times over."""
    for index in range(20):
        yield scratch.file(f"scan-{index % 5}.log", functools.partial(log_text, 8_000, index % 5))


class LinkFinder(HTMLParser):
    """Collect a page's links, and the text of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.cells.append(data.strip())


def find_links(document: str) -> tuple[int, int]:
    """How many links and cells a page has, by the standard library's parser."""
    finder = LinkFinder()
    finder.feed(document)
    return len(finder.links), len(finder.cells)


def find_links_inputs() -> Iterator[str]:
    """20 pages with 300 rows."""
    for index in range(20):
        yield server.page(300 + index).decode()


def read_prices(document: str) -> float:
    """Add up the prices on a page, with BeautifulSoup over lxml."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(document, "lxml")
    return sum(float(cell.get_text().split()[0]) for cell in soup.select("td.price"))


def read_prices_inputs() -> Iterator[str]:
    """20 pages with 200 rows."""
    for index in range(20):
        yield server.page(200 + index).decode()


def find_bargains(document: bytes) -> list[str]:
    """What costs less than five euros on a page, by XPath: libxml2 parses and searches with the GIL released."""
    from lxml import etree

    tree = etree.HTML(document, etree.HTMLParser())  # a parser of our own: only one thread at a time can use lxml's
    return [str(link) for link in tree.xpath("//tr[number(substring-before(td[@class='price'], ' ')) < 5]/td/a/@href")]


def find_bargains_inputs() -> Iterator[bytes]:
    """20 pages with some 1,500 rows, 190 kB each."""
    for index in range(20):
        yield server.page(1_500 + index)


def read_manifest(document: str) -> dict[str, int]:
    """The memory that a cluster's manifest asks for, by service, from YAML: PyYAML's own parser is pure Python."""
    import yaml

    services = yaml.safe_load(document)["services"]
    return {name: service["replicas"] * int(service["memory"].removesuffix("Mi")) for name, service in services.items()}


def read_manifest_inputs() -> Iterator[str]:
    """10 manifests of some 1,200 services, 290 kB each."""
    for index in range(10):
        yield "services:\n" + "".join(manifest_entry(number) for number in range(1_200 + 5 * index))


def manifest_entry(number: int) -> str:
    return f"""\
  service-{number}:
    image: "registry.example/shop/service-{number}:1.{number % 9}.{number % 7}"
    replicas: {1 + number % 4}
    memory: {64 * (1 + number % 16)}Mi
    ports: [{8000 + number}, {9000 + number}]
    environment:
      LOG_LEVEL: {"debug" if number % 5 == 0 else "info"}
      DATABASE: postgres://db-{number % 3}/shop
    depends_on:
      - service-{number // 2}
"""
