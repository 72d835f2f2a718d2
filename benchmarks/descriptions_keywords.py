"""How descriptions were read before a classifier did: the keywords of the matrix rows and a few cues. A baseline.

Kept as it was, without what it had to say of archetypes and jobs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from advisor.describe.decision_matrix import ROWS
from advisor.models import Recommendation, Strategy

LONGEST: Final = 20_000
CLEAR_LEAD: Final = 1.25  # the verdict's score against the other's; less is a tie


@dataclass(frozen=True)
class Cue:
    """Words that tell where the work happens, whatever the task is about."""

    keywords: tuple[str, ...]
    verdict: Strategy
    weight: float


CUES: tuple[Cue, ...] = (
    Cue(
        (
            "wait*",
            "idle",
            "latency",
            "timeout*",
            "on the server",
            "server side",
            "blocking call*",
            "io-bound",
            "i/o-bound",
            "slow to respond",
            "responds slowly",
            "round trip*",
        ),
        "threading",
        1.5,
    ),
    Cue(
        (
            "one core",
            "single core",
            "100% cpu",
            "100 % cpu",
            "cpu-bound",
            "cpu bound",
            "pegged",
            "pegs",
            "number crunching",
            "threads no faster",
            "already tried threads",
            "threads don't help",
            "threads did not help",
            "threads didn't help",
            "threads hardly",
            "multithreading is slower",
            "multi-threading on it",
            "pure python",
        ),
        "multiprocessing",
        2.0,
    ),
)
ASYNC_WORDS = ("asyncio", "async", "await*", "coroutine*", "aiohttp", "httpx", "event loop", "uvloop", "trio", "anyio")


def by_keywords(text: str) -> Recommendation:
    """The verdict with a clear lead in keywords; "undecided" without one."""
    words = " ".join(text[:LONGEST].lower().replace("’", "'").split())
    weights: dict[Strategy, float] = {}
    spoken: dict[Strategy, set[str]] = {}
    for row in ROWS:
        spoken.setdefault(row.recommendation, set()).update(_matches(row.keywords, words))
    for verdict, matched in spoken.items():
        weights[verdict] = _weight(matched)
    for cue in CUES:
        weights[cue.verdict] = weights.get(cue.verdict, 0.0) + cue.weight * len(_matches(cue.keywords, words))
    ordered = sorted(((weight, verdict) for verdict, weight in weights.items() if weight), reverse=True)
    if not ordered or (len(ordered) > 1 and ordered[0][0] < CLEAR_LEAD * ordered[1][0]):
        return "undecided"
    found = ordered[0][1]
    return "asyncio" if found == "threading" and _matches(ASYNC_WORDS, words) else found


@cache
def _pattern(keywords: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all keywords, the longest first; `*` at the end stands for any ending."""
    ordered = sorted(keywords, key=len, reverse=True)
    parts = (re.escape(word.removesuffix("*")) + (r"[\w-]{0,30}" if word.endswith("*") else "") for word in ordered)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")


def _matches(keywords: tuple[str, ...], words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_pattern(keywords).findall(words)))


def _weight(matched: Iterable[str]) -> float:
    """A phrase says more than a word: its number of words."""
    return sum(1.0 + matching.count(" ") for matching in matched)
