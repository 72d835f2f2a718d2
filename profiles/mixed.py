"""Downloading and parsing in one call, in two proportions: what to do depends on which of them takes longer."""

from __future__ import annotations

from collections.abc import Iterator

from profiles import loopback
from profiles.text import find_links
from profiles.web import get


def collect_links(url: str) -> tuple[int, int]:
    """Downloads a page and counts its links and cells."""
    return find_links(get(url).decode())


def collect_links_mostly_waiting_inputs() -> Iterator[str]:
    """80 small pages from a slow server: 30 ms of waiting to 2 ms of parsing."""
    for index in range(80):
        yield loopback.url(f"/page?count={30 + index % 4}&ms=30")


def collect_links_mostly_parsing_inputs() -> Iterator[str]:
    """80 large pages from a near server: 8 ms of waiting to twice as much parsing."""
    for index in range(80):
        yield loopback.url(f"/page?count={250 + index % 4}&ms=8")
