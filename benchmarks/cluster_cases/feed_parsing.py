"""RSS feeds are parsed with lxml, and the headlines cleaned of markup with Beautiful Soup."""

import random

from bs4 import BeautifulSoup
from lxml import etree

FEEDS = 250
ITEMS = 60
TOPICS = ("markets", "weather", "football", "science", "travel")


def headlines(feed: bytes) -> list[tuple[str, str]]:
    """Return the title and the text of each item, the newest first."""
    root = etree.fromstring(feed)
    found = []
    for item in root.iterfind("channel/item"):
        text = BeautifulSoup(item.findtext("description") or "", "lxml").get_text(" ", strip=True)
        found.append((item.findtext("pubDate") or "", item.findtext("title") or "", text))
    return [(title, text) for _, title, text in sorted(found, reverse=True)]


def feed(seed: int) -> bytes:
    chooser = random.Random(seed)
    items = "".join(
        f"<item><title>{chooser.choice(TOPICS)} {number}</title><pubDate>2026-03-{chooser.randint(10, 28)}</pubDate>"
        f"<description>&lt;p&gt;Today &lt;b&gt;{chooser.choice(TOPICS)}&lt;/b&gt; news {chooser.random():.5f}&lt;/p&gt;"
        "</description></item>"
        for number in range(ITEMS)
    )
    return f"<rss><channel><title>News</title>{items}</channel></rss>".encode()


def inputs() -> list[bytes]:
    return [feed(seed) for seed in range(FEEDS)]
