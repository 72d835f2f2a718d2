"""Word frequencies over a stream of sentences."""

import re
import threading
from collections import Counter

WORD = re.compile(r"[a-z]+")
counts: Counter[str] = Counter()
merging = threading.Lock()


def work(sentence: str) -> int:
    words = WORD.findall(sentence.lower())
    local = Counter(words)
    with merging:
        counts.update(local)
    return len(words)
