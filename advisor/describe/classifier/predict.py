"""Classify a text: a verdict with its probability, an archetype, and the words and facts that weighed most.

Two linear models share one set of features. `python -m benchmarks.descriptions --train` trains them and stores a header
in JSON and a table of integer weights; loading runs no code, and classifying needs no library.

The classes of the first model are sets of verdicts that an expert would accept (`Header.classes`): threads and
coroutines are both right for waiting for a server, so "threading" is certain there although its share is half.
"""

from __future__ import annotations

import json
import math
import sys
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul
from pathlib import Path
from typing import Final, NamedTuple

from advisor.describe.classifier.archetype_kinds import best_archetype
from advisor.describe.classifier.features import Features, extract_features
from advisor.models import Recommendation

HEADER_FILE: Final = Path(__file__).with_name("model.json")
TABLE_FILE: Final = HEADER_FILE.with_suffix(".bin")
VERDICTS: Final[tuple[Recommendation, ...]] = ("threading", "multiprocessing", "asyncio", "sequential", "undecided")
NO_REASONS: Final = (("no known words", 0.0),)
MAX_REASONS: Final = 6
MIN_CONFIDENCE: Final = 0.5  # a verdict that is more probably wrong than right is not given
BEST_ANSWER_WEIGHT: Final = 0.2  # of being the best answer, besides being accepted; it settles near ties


class Classification(NamedTuple):
    """The classifier's answer to a text."""

    verdict: Recommendation
    confidence: float  # the probability that an expert accepts the verdict
    probabilities: Mapping[Recommendation, float]  # of being the best answer; they add up to 1
    archetype: str  # the most probable that fits the verdict
    reasons: tuple[tuple[str, float], ...]  # words and facts for the leading verdict, by weight in its log-odds
    leading: Recommendation  # the most probable verdict, even if it is not probable enough to be given


class AnswerClass(NamedTuple):
    """A class of the verdict model: the best answer, and all that an expert would accept."""

    best: Recommendation
    accepted: tuple[Recommendation, ...]


@dataclass(frozen=True)
class Header:
    """Everything in the stored model but the table of weights."""

    classes: tuple[AnswerClass, ...]
    archetypes: tuple[str, ...]
    rows: int
    intercepts: tuple[float, ...]  # of the classes, then of the archetypes, like the scales and the table's columns
    word_scales: tuple[float, ...]
    fact_scales: tuple[float, ...]
    rarity_scale: float
    norm_offset: float  # added to the squared norm of the words
    slope: float  # of the confidence's log-odds
    shift: float

    @property
    def columns(self) -> int:
        """Number of columns of the table: the weights, and the rarity of the word."""
        return len(self.intercepts) + 1


Row = tuple[str, memoryview]  # the explanation of a feature, and its row of the table


class Model(NamedTuple):
    """The two linear models: a row of integers for each known feature."""

    header: Header
    keys: Sequence[int]  # hashes of the features, ascending
    table: memoryview  # signed bytes, rows in the order of the keys

    def rows(self, features: Mapping[str, str]) -> list[Row]:
        """Return the rows of the features that are known."""
        keys, table, columns = self.keys, self.table, self.header.columns
        rows = []
        for feature, explanation in features.items():
            key = hash_feature(feature)
            row = bisect_left(keys, key)
            if row < len(keys) and keys[row] == key:
                rows.append((explanation, table[row * columns : (row + 1) * columns]))
        return rows


def classify(text: str) -> Classification:
    """Classify a text, "undecided" if no verdict is probable enough. No text raises an exception."""
    return classify_features(stored_model(), extract_features(text))


def hash_feature(feature: str) -> int:
    """Return the key of a feature in the table."""
    return zlib.crc32(feature.encode("utf-8", "surrogatepass"))


@cache
def stored_model() -> Model:
    """Load the packaged model once."""
    return load_model(HEADER_FILE, TABLE_FILE)


def load_model(header: Path, table: Path) -> Model:
    """Load a model; raise ValueError if the two files do not belong together."""
    return parse_model(json.loads(header.read_text("utf-8")), table.read_bytes())


def parse_model(fields: Mapping[str, object], table: bytes) -> Model:
    """Build the model from the content of its files: the table has the keys, four bytes each, then the rows."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    classes = fields["classes"]
    assert isinstance(classes, list)
    values["classes"] = tuple(AnswerClass(best, tuple(accepted)) for best, accepted in classes)
    header = Header(**values)  # type: ignore[arg-type]
    if len(table) != header.rows * (4 + header.columns):
        raise ValueError("model.bin does not match model.json")
    return Model(header, read_keys(table[: 4 * header.rows]), memoryview(table)[4 * header.rows :].cast("b"))


def read_keys(content: bytes) -> array[int]:
    """Return the hashes of features from their stored form, four bytes each."""
    keys = array("I", content)
    if sys.byteorder == "big":
        keys.byteswap()
    return keys


def classify_features(model: Model, features: Features) -> Classification:
    """Apply a model to the features of a text."""
    header = model.header
    words, facts = model.rows(features.words), model.rows(features.facts)
    norm = _norm(words, header)
    scores = _scores(words, facts, norm, header)
    count = len(header.classes)
    shares = softmax(scores[:count])
    leading, accepted = leading_verdict(header.classes, shares)
    confidence = logistic(header.slope * log_odds(accepted) + header.shift)
    probabilities = _best_answer_shares(header.classes, shares)
    verdict: Recommendation = leading if confidence >= MIN_CONFIDENCE else "undecided"
    if verdict != leading:
        confidence = min(confidence, probabilities["undecided"])
    archetype_shares = softmax(scores[count:])
    archetype = best_archetype(verdict, dict(zip(header.archetypes, archetype_shares, strict=True)))
    weights = _weights(words, facts, norm, header, _directions(header, shares, leading))
    return Classification(verdict, confidence, probabilities, archetype, _reasons(weights), leading)


def softmax(scores: Sequence[float]) -> list[float]:
    """Convert scores to probabilities."""
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def leading_verdict(classes: Sequence[AnswerClass], shares: Sequence[float]) -> tuple[Recommendation, float]:
    """Return the verdict that is most probably accepted, and the probability."""
    accepted = {
        verdict: sum(share for answer, share in zip(classes, shares, strict=True) if verdict in answer.accepted)
        for verdict in VERDICTS
    }
    best = _best_answer_shares(classes, shares)
    leading = max(VERDICTS, key=lambda verdict: accepted[verdict] + BEST_ANSWER_WEIGHT * best[verdict])
    return leading, accepted[leading]


def logistic(odds: float) -> float:
    """Convert log-odds to a probability."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))


def log_odds(probability: float) -> float:
    """Convert a probability to log-odds."""
    inside = max(1e-6, min(1 - 1e-6, probability))
    return math.log(inside / (1 - inside))


def _norm(words: Iterable[Row], header: Header) -> float:
    """Return the factor of the words: each counts less in a long text, and not all the more in a very short one."""
    squares = sum(row[-1] * row[-1] for _, row in words)
    return 1 / (header.rarity_scale * math.sqrt(squares + header.norm_offset)) if squares else 0.0


def _scores(words: Sequence[Row], facts: Sequence[Row], norm: float, header: Header) -> list[float]:
    return [
        intercept + norm * word_scale * word + fact_scale * fact
        for intercept, word_scale, word, fact_scale, fact in zip(
            header.intercepts,
            header.word_scales,
            _column_sums(words, header),
            header.fact_scales,
            _column_sums(facts, header),
            strict=False,
        )
    ]


def _column_sums(rows: Sequence[Row], header: Header) -> list[int]:
    return list(map(sum, zip(*(row for _, row in rows), strict=True))) if rows else [0] * header.columns


def _best_answer_shares(classes: Sequence[AnswerClass], shares: Sequence[float]) -> dict[Recommendation, float]:
    best = dict.fromkeys(VERDICTS, 0.0)
    for answer, share in zip(classes, shares, strict=True):
        best[answer.best] += share
    return best


def _directions(header: Header, shares: Sequence[float], verdict: Recommendation) -> list[float]:
    """Return how the verdict's log-odds change with each class's score: by its share among those for it or against."""
    accepting = [verdict in answer.accepted for answer in header.classes]
    sides = {
        side: sum(share for share, accepts in zip(shares, accepting, strict=True) if accepts == side) or 1.0
        for side in (True, False)
    }
    return [(1 if accepts else -1) * share / sides[accepts] for share, accepts in zip(shares, accepting, strict=True)]


def _weights(
    words: Sequence[Row], facts: Sequence[Row], norm: float, header: Header, directions: Sequence[float]
) -> dict[str, float]:
    """Return the weight of each explanation in the verdict's log-odds."""
    weights: dict[str, float] = {}
    for rows, scales, factor in ((words, header.word_scales, norm), (facts, header.fact_scales, 1.0)):
        by_class = [factor * scale * direction for scale, direction in zip(scales, directions, strict=False)]
        for explanation, row in rows:
            if explanation:
                weights[explanation] = weights.get(explanation, 0.0) + sum(map(mul, by_class, row))
    return weights


def _reasons(weights: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Choose the explanations with the largest weights.

    A phrase replaces words that are part of it, unless it weighs far less than they do.
    """
    chosen: dict[str, float] = {}
    for weight, shown in sorted(((weight, shown) for shown, weight in weights.items() if weight > 0), reverse=True):
        parts = [other for other in chosen if other in shown]
        if any(shown in other for other in chosen) or any(weight < chosen[other] / 10 for other in parts):
            continue
        chosen[shown] = max([weight, *(chosen.pop(other) for other in parts)])
    ordered = sorted(((weight, shown) for shown, weight in chosen.items()), reverse=True)
    return tuple((shown, round(weight, 3)) for weight, shown in ordered[:MAX_REASONS]) or NO_REASONS
