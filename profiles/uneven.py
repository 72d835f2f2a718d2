"""Calls of very unlike length: a mean hides the few that last, and the last one begun decides when the job is done."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterator

from profiles import loopback
from profiles.web import get


def factorise(number: int) -> list[int]:
    """A number's prime factors, by trial division: the larger the second largest of them, the longer it takes."""
    factors = []
    divisor = 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1 if divisor == 2 else 2
    return [*factors, number] if number > 1 else factors


def factorise_inputs() -> Iterator[int]:
    """200 products of two primes; 10 of them, at irregular places, take 20 times as long as the rest."""
    long = set(random.Random(7).sample(range(200), 10))
    for index in range(200):
        size = 2_000_000 if index in long else 100_000
        first = next_prime(size + 50 * index)
        yield first * next_prime(first + size // 100)


def next_prime(number: int) -> int:
    """The first prime that is no smaller."""
    while factorise(number) != [number]:
        number += 1
    return number


def compare(versions: tuple[str, str]) -> float:
    """How alike two versions of a text are, word by word, by difflib."""
    old, new = versions
    return difflib.SequenceMatcher(None, old.split(), new.split(), autojunk=False).ratio()


def compare_inputs() -> Iterator[tuple[str, str]]:
    """200 texts of 20 to 2,010 words, the shortest first, as a folder sorted by size gives them."""
    draw = random.Random(11)
    for index in range(200):
        words = [f"word{draw.getrandbits(7)}" for _ in range(20 + 10 * index)]
        changed = [f"word{draw.getrandbits(7)}" if draw.random() < 0.2 else word for word in words]
        yield " ".join(words), " ".join(changed)


def fetch_report(url: str) -> int:
    """Ask a server for a report: most are ready, some have to be made first."""
    return len(get(url))


def fetch_report_inputs() -> Iterator[str]:
    """200 reports of 8 KiB that take 4 ms to arrive; 10 of them, at irregular places, take 80 ms."""
    slow = set(random.Random(7).sample(range(200), 10))
    for index in range(200):
        yield loopback.url(f"/bytes?size=8192&ms={80 if index in slow else 4}")
