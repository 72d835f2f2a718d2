"""Reviews are split into tokens and pairs of tokens, and the frequent ones counted."""

import random
import re
from collections import Counter
from itertools import pairwise

BATCHES = 200
REVIEWS = 180
TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?")
STOP_WORDS = frozenset(("the", "a", "and", "of", "to", "was", "it", "i", "in", "is"))
WORDS = ("great", "terrible", "food", "room", "staff", "didn't", "clean", "noisy", "breakfast", "again")
VOCABULARY = (*sorted(STOP_WORDS), *WORDS)


def count_tokens(reviews: list[str]) -> list[tuple[str, int]]:
    """Return the twenty most frequent tokens and pairs."""
    counts: Counter[str] = Counter()
    for review in reviews:
        tokens = [token for token in TOKEN.findall(review.lower()) if token not in STOP_WORDS]
        counts.update(tokens)
        counts.update(f"{left} {right}" for left, right in pairwise(tokens))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:20]


def inputs() -> list[list[str]]:
    chooser = random.Random(29)
    return [[" ".join(chooser.choices(VOCABULARY, k=150)) + "!" for _ in range(REVIEWS)] for _ in range(BATCHES)]
