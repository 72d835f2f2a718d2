"""Waiting and computing in one call, in several proportions: what to do depends on which of them takes longer."""

from __future__ import annotations

import difflib
import hashlib
import itertools
import json
import os
import subprocess
import zlib
from collections import Counter
from collections.abc import Iterator

from profiles import loopback
from profiles.programs import sort_lines_inputs
from profiles.text import find_links
from profiles.web import get


def collect_links(url: str) -> tuple[int, int]:
    """Download a page and count its links and cells."""
    return find_links(get(url).decode())


def collect_links_mostly_waiting_inputs() -> Iterator[str]:
    """80 small pages from a slow server: 30 ms of waiting to 2 ms of parsing."""
    for index in range(80):
        yield loopback.url(f"/page?count={30 + index % 4}&ms=30")


def collect_links_mostly_parsing_inputs() -> Iterator[str]:
    """80 large pages from a near server: 8 ms of waiting to twice as much parsing."""
    for index in range(80):
        yield loopback.url(f"/page?count={250 + index % 4}&ms=8")


def fill_basket(url: str) -> int:
    """Ask for prices and find the most that can be spent on them within a budget: as much computing as waiting."""
    best = [0] * 1_501
    for article in json.loads(get(url)):
        price = round(article["price"] * 10)
        for budget in range(len(best) - 1, price - 1, -1):
            best[budget] = max(best[budget], best[budget - price] + price)
    return best[-1]


def fill_basket_inputs() -> Iterator[str]:
    """80 baskets of 50 articles; the prices take 10 ms to arrive."""
    for index in range(80):
        yield loopback.url(f"/items?count={50 + index % 5}&ms=10")


def find_duplicates(url: str) -> int:
    """Ask for a catalogue and compare each of its names with all others: a tenth of it is waiting."""
    names = [f"{article['name']} {' '.join(article['tags'])}" for article in json.loads(get(url))]
    pairs = itertools.combinations(names, 2)
    return sum(difflib.SequenceMatcher(None, one, other).ratio() > 0.9 for one, other in pairs)


def find_duplicates_inputs() -> Iterator[str]:
    """40 catalogues of 120 articles that take 12 ms to arrive."""
    for index in range(40):
        yield loopback.url(f"/items?count={120 + index % 3}&ms=12")


def archive_download(url: str) -> tuple[str, int]:
    """Download a file, fingerprint and pack it: waiting, then native code that needs no GIL."""
    content = get(url)
    return hashlib.sha256(content).hexdigest(), len(zlib.compress(content, 9))


def archive_download_inputs() -> Iterator[str]:
    """60 files of 2 MiB that take 10 ms to arrive."""
    for index in range(60):
        yield loopback.url(f"/bytes?size={2_097_152 + index}&ms=10")


def count_digits(path: str) -> list[tuple[str, int]]:
    """Let the system's `sort` leave each line once, and count in Python how they begin."""
    command = ["sort", "-u", "--parallel=1", path]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"})
    return Counter(line[2:5] for line in done.stdout.splitlines()).most_common(20)


def count_digits_inputs() -> Iterator[str]:
    """5 files of 50,000 lines, four times over."""
    yield from sort_lines_inputs()
