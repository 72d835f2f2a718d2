"""A text → a verdict with its probability, a kind of task, and the words and facts that weighed most.

Two linear models over one set of features, trained by `python -m benchmarks.descriptions --train` and stored as
figures: a header in JSON and a table of whole numbers beside it. Loading them runs no code, judging needs no library.

What is learned is not the verdict itself but which verdicts an expert would accept (`Header.kinds`): waiting for a
server is right for threads and for coroutines, so "threading" is sure there although its share is half.
"""

from __future__ import annotations

import json
import math
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul
from pathlib import Path
from typing import Final, NamedTuple

from advisor.describe.classifier.archetype_kinds import fitting
from advisor.describe.classifier.features import Features, features
from advisor.models import Recommendation

HEADER: Final = Path(__file__).with_name("model.json")
TABLE: Final = HEADER.with_suffix(".bin")
VERDICTS: Final[tuple[Recommendation, ...]] = ("threading", "multiprocessing", "asyncio", "sequential", "undecided")
NOTHING_KNOWN: Final = ("nothing in it is known", 0.0)
MOST_REASONS: Final = 6
LABEL_COUNTS: Final = 0.2  # how much the best answer counts beside what is accepted: it settles what is nearly a tie


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a text was judged to want. `confidence`: the probability that an expert accepts the verdict."""

    verdict: Recommendation
    confidence: float
    probabilities: Mapping[Recommendation, float]  # of being the best answer; they add up to 1
    archetype: str  # the likeliest that fits the verdict
    archetype_confidence: float
    reasons: tuple[tuple[str, float], ...]  # words or facts for the leading verdict, by their weight in its log-odds
    leading: Recommendation  # the likeliest verdict, also where it is not likely enough to be given


class Kind(NamedTuple):
    """One kind of answer: the best one, and all that an expert would accept."""

    best: Recommendation
    accepted: tuple[Recommendation, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What is stored beside the table of weights."""

    kinds: tuple[Kind, ...]
    archetypes: tuple[str, ...]
    rows: int
    intercepts: tuple[float, ...]  # of the kinds, then of the archetypes, as all that goes by column
    word_scales: tuple[float, ...]
    fact_scales: tuple[float, ...]
    rarity_scale: float
    few_words: float  # what is added to the squares of the words' rarity
    temperature: float
    archetype_temperature: float
    slope: float  # of the confidence's log-odds
    shift: float
    threshold: float  # a verdict less likely than this is not given

    @property
    def columns(self) -> int:
        """Of the table: the weights, and how rare the word is."""
        return len(self.intercepts) + 1


Row = tuple[str, memoryview]  # what to show of a feature, and its weights


@dataclass(frozen=True, slots=True)
class Model:
    """The weights: for each known feature a row of whole numbers."""

    header: Header
    keys: Sequence[int]  # of the features, ascending
    table: memoryview  # of signed bytes, the rows in the order of the keys

    def rows(self, found: Mapping[str, str]) -> list[Row]:
        """Of the features that are known: what to show of them, and their weights."""
        keys, table, columns = self.keys, self.table, self.header.columns
        rows = []
        for feature, shown in found.items():
            wanted = key(feature)
            place = bisect_left(keys, wanted)
            if place < len(keys) and keys[place] == wanted:
                rows.append((shown, table[place * columns : (place + 1) * columns]))
        return rows


def judge(text: str) -> Judgement:
    """The verdict that the text calls for; "undecided" where none is likely enough. Any text is safe."""
    return judged(model(), features(text))


def key(feature: str) -> int:
    """What a feature is known by in the table."""
    return zlib.crc32(feature.encode("utf-8", "surrogatepass"))


@cache
def model() -> Model:
    return load(HEADER, TABLE)


def load(header: Path, table: Path) -> Model:
    """The stored model. Raises ValueError when the two files do not belong together."""
    return unpacked(json.loads(header.read_text("utf-8")), table.read_bytes())


def unpacked(fields: Mapping[str, object], packed: bytes) -> Model:
    """The model from its two files' content: the ascending keys, four bytes each, then the rows of signed bytes."""
    known: dict[str, object] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    kinds = fields["kinds"]
    assert isinstance(kinds, list)
    known["kinds"] = tuple(Kind(best, tuple(accepted)) for best, accepted in kinds)
    head = Header(**known)  # type: ignore[arg-type]
    if len(packed) != head.rows * (4 + head.columns):
        raise ValueError("the model's table does not belong to its header")
    keys = array("I", packed[: 4 * head.rows])
    if array("I", b"\1\0\0\0")[0] != 1:
        keys.byteswap()
    return Model(head, keys, memoryview(packed)[4 * head.rows :].cast("b"))


def judged(known: Model, found: Features) -> Judgement:
    """What that model says of these features."""
    head = known.header
    words = known.rows(found.words)
    facts = known.rows(found.facts)
    norm = _norm(words, head)
    sums = _sums(words, facts, norm, head)
    count = len(head.kinds)
    shares = softmax(sums[:count], head.temperature)
    lead, raw = leading(head.kinds, shares)
    confidence = logistic(head.slope * log_odds(raw) + head.shift)
    probabilities = _of_best(head.kinds, shares)
    given: Recommendation = lead if confidence >= head.threshold else "undecided"
    if given != lead:
        confidence = min(confidence, probabilities["undecided"])
    archetypes = softmax(sums[count:], head.archetype_temperature)
    of_archetypes = dict(zip(head.archetypes, archetypes, strict=True))
    archetype = fitting(given, of_archetypes)
    return Judgement(
        given,
        confidence,
        probabilities,
        archetype,
        of_archetypes[archetype],
        _reasons(words, facts, norm, head, shares, lead),
        lead,
    )


def softmax(sums: Sequence[float], temperature: float) -> list[float]:
    highest = max(sums)
    powers = [math.exp((one - highest) / temperature) for one in sums]
    total = sum(powers)
    return [power / total for power in powers]


def leading(kinds: Sequence[Kind], shares: Sequence[float]) -> tuple[Recommendation, float]:
    """The verdict that is most likely to be accepted, and how likely that is."""
    accepted = {
        verdict: sum(share for kind, share in zip(kinds, shares, strict=True) if verdict in kind.accepted)
        for verdict in VERDICTS
    }
    best = _of_best(kinds, shares)
    lead = max(VERDICTS, key=lambda verdict: accepted[verdict] + LABEL_COUNTS * best[verdict])
    return lead, accepted[lead]


def logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))


def log_odds(probability: float) -> float:
    inside = max(1e-6, min(1 - 1e-6, probability))
    return math.log(inside / (1 - inside))


def _norm(words: Iterable[Row], head: Header) -> float:
    """Long texts have many words, and each of them says less; a few words do not say all the more."""
    squares = sum(row[-1] * row[-1] for _, row in words)
    return 1 / (head.rarity_scale * math.sqrt(squares + head.few_words)) if squares else 0.0


def _sums(words: Sequence[Row], facts: Sequence[Row], norm: float, head: Header) -> list[float]:
    of_words = _column_sums(words, head)
    of_facts = _column_sums(facts, head)
    return [
        intercept + norm * word_scale * word + fact_scale * fact
        for intercept, word_scale, word, fact_scale, fact in zip(
            head.intercepts, head.word_scales, of_words, head.fact_scales, of_facts, strict=False
        )
    ]


def _column_sums(rows: Sequence[Row], head: Header) -> list[int]:
    return list(map(sum, zip(*(row for _, row in rows), strict=True))) if rows else [0] * head.columns


def _of_best(kinds: Sequence[Kind], shares: Sequence[float]) -> dict[Recommendation, float]:
    found = dict.fromkeys(VERDICTS, 0.0)
    for kind, share in zip(kinds, shares, strict=True):
        found[kind.best] += share
    return found


def _reasons(
    words: Sequence[Row],
    facts: Sequence[Row],
    norm: float,
    head: Header,
    shares: Sequence[float],
    verdict: Recommendation,
) -> tuple[tuple[str, float], ...]:
    """What raised the odds of the verdict most: each kind counts by its share among those for it or against it.

    Of words that are part of a phrase, the phrase, unless it weighs far less than they do.
    """
    accepting = [verdict in kind.accepted for kind in head.kinds]
    sides = {
        side: sum(share for share, accepts in zip(shares, accepting, strict=True) if accepts == side) or 1.0
        for side in (True, False)
    }
    towards = [
        (1 if accepts else -1) * share / sides[accepts] / head.temperature
        for share, accepts in zip(shares, accepting, strict=True)
    ]
    weights: dict[str, float] = {}
    for rows, scales, factor in ((words, head.word_scales, norm), (facts, head.fact_scales, 1.0)):
        by_kind = [factor * scale * toward for scale, toward in zip(scales, towards, strict=False)]
        for shown, row in rows:
            if not shown:
                continue
            weight = sum(map(mul, by_kind, row))
            weights[shown] = weights.get(shown, 0.0) + weight
    chosen: dict[str, float] = {}
    for weight, shown in sorted(((weight, shown) for shown, weight in weights.items() if weight > 0), reverse=True):
        parts = [other for other in chosen if other in shown]
        if any(shown in other for other in chosen) or any(weight < chosen[other] / 10 for other in parts):
            continue
        chosen[shown] = max([weight, *(chosen.pop(other) for other in parts)])
    ordered = sorted(((weight, shown) for shown, weight in chosen.items()), reverse=True)
    return tuple((shown, round(weight, 3)) for weight, shown in ordered[:MOST_REASONS]) or (NOTHING_KNOWN,)
