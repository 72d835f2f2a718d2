"""Word frequencies over a stream of sentences."""

import re

WORD = re.compile(r"[a-z]+")
counts: dict[str, int] = {}


def work(sentence: str) -> int:
    words = WORD.findall(sentence.lower())
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return len(words)
