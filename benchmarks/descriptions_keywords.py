"""Classify descriptions by the keywords of the decision matrix and a few cues: a baseline for the classifier."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from advisor.describe.decision_matrix import ROWS
from advisor.models import Recommendation, Strategy

MAX_CHARACTERS: Final = 20_000
MIN_LEAD: Final = 1.25  # ratio of the best score to the second best; less is a tie


@dataclass(frozen=True)
class Cue:
    """Keywords that show where the time goes, whatever the task is about."""

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


def classify_by_keywords(text: str) -> Recommendation:
    """Return the verdict with a clear lead in keywords; "undecided" if there is none."""
    lower = " ".join(text[:MAX_CHARACTERS].lower().replace("’", "'").split())
    keywords: dict[Strategy, set[str]] = {}
    for row in ROWS:
        keywords.setdefault(row.recommendation, set()).update(_find(row.keywords, lower))
    scores = {verdict: sum(1.0 + keyword.count(" ") for keyword in found) for verdict, found in keywords.items()}
    for cue in CUES:
        scores[cue.verdict] = scores.get(cue.verdict, 0.0) + cue.weight * len(_find(cue.keywords, lower))
    ranking = sorted(((score, verdict) for verdict, score in scores.items() if score), reverse=True)
    if not ranking or (len(ranking) > 1 and ranking[0][0] < MIN_LEAD * ranking[1][0]):
        return "undecided"
    verdict = ranking[0][1]
    return "asyncio" if verdict == "threading" and _find(ASYNC_WORDS, lower) else verdict


def _find(keywords: tuple[str, ...], lower: str) -> set[str]:
    return set(_pattern(keywords).findall(lower))


@cache
def _pattern(keywords: tuple[str, ...]) -> re.Pattern[str]:
    """Compile the keywords, the longest first; a trailing `*` stands for any ending."""
    ordered = sorted(keywords, key=len, reverse=True)
    parts = (re.escape(word.removesuffix("*")) + (r"[\w-]{0,30}" if word.endswith("*") else "") for word in ordered)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")
