"""What of the time is waiting, where a text gives a time to each part: "0.5 s download and 2 s parsing per page"."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from advisor.describe.lexicon.lookup import found_in
from advisor.describe.text.units import Measure

_WAITS: Final = frozenset({"network", "disk", "database", "device"})
_COMPUTES: Final = frozenset({"holds", "releases"})
_WAITING: Final = re.compile(r"wait|\bwart|attend|esper|aguard|\bжд[её]|ожида|等|待")
_COMPUTING: Final = re.compile(r"comput|calculat|crunch|pars|\bcpu\b|python|rechn|calcul|вычисл|счита|计算|計算")
_BETWEEN: Final = re.compile(r"[,;.](?!\d)|\n|\b(?:and|then|but|und|dann|aber|et|puis|y|e|i|luego|и|потом)\b")


def waiting_share(low: str, durations: Sequence[Measure]) -> float | None:
    """The waiting parts of all that a text in lower case tells; None unless both kinds have a time of their own."""
    if len(durations) < 2:
        return None
    edges = [0, *(found.end() for found in _BETWEEN.finditer(low)), len(low)]
    timed: dict[int, list[float]] = {}
    for measure in durations:
        timed.setdefault(bisect_right(edges, measure.start) - 1, []).append(measure.value)
    seconds = {True: 0.0, False: 0.0}
    for part, times in timed.items():
        waits = _does_wait(low[edges[part] : edges[part + 1]])
        if waits is not None and len(times) == 1:
            seconds[waits] += times[0]
    whole = seconds[True] + seconds[False]
    return seconds[True] / whole if seconds[True] and seconds[False] else None


def _does_wait(part: str) -> bool | None:
    """Whether a part of a sentence speaks of waiting or of computing; None where of both, or neither."""
    works = {found.entry.works for found in found_in(part.replace("\n", " "))}
    waits = bool(works & _WAITS) or _WAITING.search(part) is not None
    computes = bool(works & _COMPUTES) or _COMPUTING.search(part) is not None
    return None if waits == computes else waits
