"""Estimate the share of waiting where each part of a call has its own time: "0.5 s download and 2 s parsing"."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from advisor.describe.lexicon.lookup import find_entries
from advisor.describe.text.tokenizer import TokenizedText
from advisor.describe.text.units import Amount

_WAITING_WORK: Final = frozenset({"network", "disk", "database", "device"})
_COMPUTING_WORK: Final = frozenset({"holds", "releases"})
_WAITING: Final = re.compile(r"wait|\bwart|attend|esper|aguard|\bжд[её]|ожида|等|待")
_COMPUTING: Final = re.compile(r"comput|calculat|crunch|pars|\bcpu\b|python|rechn|calcul|вычисл|счита|计算|計算")
_SEPARATOR: Final = re.compile(r"[,;.](?!\d)|\n|\b(?:and|then|but|und|dann|aber|et|puis|y|e|i|luego|и|потом)\b")


def estimate_wait_share(text: TokenizedText, durations: Sequence[Amount]) -> float | None:
    """Return the waiting parts' share of the total; None unless a waiting and a computing part have their own times."""
    if len(durations) < 2:
        return None
    edges = [0, *(match.end() for match in _SEPARATOR.finditer(text.lower)), len(text.lower)]
    timed: dict[int, list[float]] = {}
    for duration in durations:
        part = bisect_right(edges, text.tokens[duration.start].start) - 1
        timed.setdefault(part, []).append(duration.value)
    seconds = {True: 0.0, False: 0.0}
    for part, times in timed.items():
        waits = _is_waiting(text.lower[edges[part] : edges[part + 1]])
        if waits is not None and len(times) == 1:
            seconds[waits] += times[0]
    if not (seconds[True] and seconds[False]):
        return None
    return round(seconds[True] / (seconds[True] + seconds[False]), 4)


def _is_waiting(part: str) -> bool | None:
    """Return True if a part of a sentence is about waiting, False if about computing, None if about both or neither."""
    works = {match.entry.works for match in find_entries(part.replace("\n", " "))}
    waits = bool(works & _WAITING_WORK) or _WAITING.search(part) is not None
    computes = bool(works & _COMPUTING_WORK) or _COMPUTING.search(part) is not None
    return None if waits == computes else waits
