"""Collect the articles of the news feeds in a folder and list the words of their headlines."""

import html
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from email.utils import parsedate_to_datetime
from pathlib import Path

TAG = re.compile(r"<[^>]+>")
WORD = re.compile(r"[a-z]{4,}")


def read_feed(path):
    articles = []
    for item in ElementTree.parse(path).iter("item"):
        summary = TAG.sub(" ", html.unescape(item.findtext("description", "")))
        articles.append(
            {
                "title": item.findtext("title", "").strip(),
                "published": parsedate_to_datetime(item.findtext("pubDate")).isoformat(),
                "link": item.findtext("link"),
                "words": len(summary.split()),
            }
        )
    return articles


def main():
    feeds = sorted(Path(sys.argv[1]).glob("*.xml"))
    words = Counter()
    articles = []
    longest = ("", 0)
    position = 0
    while position < len(feeds):
        found = read_feed(feeds[position])
        for article in found:
            words.update(WORD.findall(article["title"].lower()))
            if article["words"] > longest[1]:
                longest = (article["title"], article["words"])
        articles.extend(found)
        position += 1

    articles.sort(key=lambda article: (article["published"], article["link"]))
    print(f"{len(articles)} articles, first {articles[0]['published']}, last {articles[-1]['published']}")
    print(f"longest: {longest[0]} ({longest[1]} words)")
    for word, count in sorted(words.items(), key=lambda item: (-item[1], item[0]))[:20]:
        print(f"{count:6} {word}")


if __name__ == "__main__":
    main()
