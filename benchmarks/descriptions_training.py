"""Trains the classifier of descriptions: texts → features → two linear models, calibrated, stored as whole numbers.

What is calibrated or chosen (temperature, the confidence's scale, the threshold) is so on predictions for texts whose
family the model had not seen.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from advisor.describe.classifier.archetype_kinds import fitting
from advisor.describe.classifier.features import Features, features
from advisor.describe.classifier.predict import Header, Kind, Model, key, leading, log_odds, logistic, softmax, unpacked
from advisor.models import Recommendation
from advisor.report.atomic_write import atomic_write

FOLDER: Final = Path(__file__).resolve().parent.parent / "profiles" / "descriptions"
TRAINED_ON: Final = (
    "waiting",
    "computing",
    "symptoms",
    "edges",
    "terse",
    "plain",
    "sequential",
    "vague",
    "trackers",
    "beliefs",
    "elsewhere",
    "languages",
    "remote",
    "serial",
    "responsive",
    "disguised",
)
UNSEEN: Final = "unseen"
FEWEST_FAMILIES: Final = 4  # that a feature must be seen in: what one author wrote once says nothing of others
FACT: Final = 0.12  # what a fact counts beside a text's words, whose squares add up to about 1
FEW_WORDS: Final = (
    100_000.0  # added to the squares of the words' rarity, so that one word alone does not speak for a text
)
# What people ask for, as far as is known: mostly threads or processes. The texts here have more of the other verdicts,
# for these are hard to tell, so each counts by how often it is asked for, or the classifier would see them everywhere.
ASKED_FOR: Final[dict[Recommendation, float]] = {
    "threading": 0.37,
    "multiprocessing": 0.35,
    "asyncio": 0.08,
    "sequential": 0.08,
    "undecided": 0.12,
}
STRENGTH: Final = 15.0  # the inverse of the regularisation
FOLDS: Final = 5
BYTE: Final = 127


@dataclass(frozen=True)
class Text:
    """A labelled description. `label` is the best answer, `acceptable` all that experts would give."""

    text: str
    label: Recommendation
    acceptable: tuple[Recommendation, ...]
    archetype: str | None
    hard: bool
    family: str
    file: str

    @property
    def kind(self) -> Kind:
        """Its answer, with what is accepted reduced to the common cases."""
        others: tuple[Recommendation, ...] = ()
        if self.label in ("threading", "multiprocessing"):
            spared: Recommendation = "multiprocessing" if self.label == "threading" else "threading"
            others = (spared,) if spared in self.acceptable else ()
        if self.label == "asyncio" or (self.label == "threading" and not others and "asyncio" in self.acceptable):
            others = ("threading",) if self.label == "asyncio" else ("asyncio",)
        return Kind(self.label, (self.label, *others))

    @cached_property
    def features(self) -> Features:
        return features(self.text)


def texts_of(file: Path) -> list[Text]:
    """The descriptions in a file of JSON Lines; a label of null is "undecided"."""
    return [_text(json.loads(line), file.stem) for line in file.read_text("utf-8").splitlines() if line.strip()]


def _text(fields: Mapping[str, Any], file: str) -> Text:
    label: Recommendation = fields.get("label") or "undecided"
    acceptable: tuple[Recommendation, ...] = tuple(one or "undecided" for one in fields.get("acceptable") or [label])
    return Text(
        fields["text"],
        label,
        acceptable,
        fields.get("archetype"),
        bool(fields.get("hard")),
        fields.get("family") or fields["text"],
        file,
    )


def training_texts() -> list[Text]:
    return [text for name in TRAINED_ON for text in texts_of(FOLDER / f"{name}.jsonl")]


# From features to figures


@dataclass(frozen=True)
class Vocabulary:
    """The features that are known, and for a word how rare it is, in steps of `step`."""

    rarity: Mapping[str, int]
    facts: Sequence[str]
    step: float

    @cached_property
    def names(self) -> list[str]:
        return [*self.rarity, *self.facts]

    @cached_property
    def places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}


def vocabulary_of(texts: Sequence[Text]) -> Vocabulary:
    words = _families([(text.family, text.features.words) for text in texts])
    facts = _families([(text.family, text.features.facts) for text in texts])
    families = len({text.family for text in texts})
    step = math.log(families / FEWEST_FAMILIES) / BYTE
    rarity = {name: max(1, round(math.log(families / count) / step)) for name, count in words.items()}
    keys: dict[int, str] = {}
    for name in (*rarity, *facts):  # of two features with one key, the first in the alphabet is kept
        keys.setdefault(key(name), name)
    kept = set(keys.values())
    return Vocabulary(
        {name: one for name, one in rarity.items() if name in kept}, [one for one in facts if one in kept], step
    )


def _families(found: Iterable[tuple[str, Iterable[str]]]) -> dict[str, int]:
    """In how many families each feature is seen, of those that are seen in enough."""
    seen: dict[str, set[str]] = {}
    for family, names in found:
        for name in names:
            seen.setdefault(name, set()).add(family)
    return {name: len(seen[name]) for name in sorted(seen) if len(seen[name]) >= FEWEST_FAMILIES}


def matrix_of(texts: Sequence[Text], known: Vocabulary) -> Any:
    """A row for each text: its words by rarity, scaled to a length of about 1, and its facts."""
    from scipy.sparse import csr_matrix

    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for row, text in enumerate(texts):
        words = [name for name in text.features.words if name in known.rarity]
        length = math.sqrt(sum(known.rarity[name] ** 2 for name in words) + FEW_WORDS)
        facts = [name for name in text.features.facts if name in known.places]
        rows += [row] * (len(words) + len(facts))
        columns += [known.places[name] for name in (*words, *facts)]
        values += [*(known.rarity[name] / length for name in words), *(FACT for _ in facts)]
    return csr_matrix((values, (rows, columns)), shape=(len(texts), len(known.names)))


# Training


@dataclass(frozen=True)
class Calibration:
    """What turns sums into probabilities, and the probability that a verdict needs to be given."""

    temperature: float = 1.0
    slope: float = 1.0
    shift: float = 0.0
    threshold: float = 0.0
    archetype_temperature: float = 1.0


@dataclass(frozen=True)
class Linear:
    """One linear model: for each class its weights and its intercept."""

    classes: tuple[Any, ...]
    weights: Any
    intercepts: Any


@dataclass(frozen=True)
class Sums:
    """What the linear models say of a text, before any calibration."""

    kinds: tuple[Kind, ...]
    of_kinds: tuple[float, ...]
    archetypes: tuple[str, ...]
    of_archetypes: tuple[float, ...]


def weights_of(texts: Sequence[Text]) -> list[float]:
    """What each text counts; all of them together as many as they are."""
    seen = Counter(text.label for text in texts)
    asked = sum(ASKED_FOR[label] for label in seen)
    by_label = {label: ASKED_FOR[label] / asked * len(texts) / count for label, count in seen.items()}
    return [by_label[text.label] for text in texts]


def _linear(rows: Any, answers: Sequence[Any], weights: Sequence[float]) -> Linear:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    classes = tuple(sorted(set(answers)))
    numbers = np.array([classes.index(answer) for answer in answers])
    fitted = LogisticRegression(C=STRENGTH, max_iter=200, tol=1e-3).fit(rows, numbers, sample_weight=weights)
    return Linear(classes, fitted.coef_, fitted.intercept_)


def fit(texts: Sequence[Text], known: Vocabulary) -> tuple[Linear, Linear]:
    """The model of the kinds of answers, and that of the archetypes."""
    rows = matrix_of(texts, known)
    named = [place for place, text in enumerate(texts) if text.archetype]
    return (
        _linear(rows, [text.kind for text in texts], weights_of(texts)),
        _linear(rows[named], [texts[place].archetype for place in named], [1.0] * len(named)),
    )


def sums_of(texts: Sequence[Text], known: Vocabulary, models: tuple[Linear, Linear]) -> list[Sums]:
    rows = matrix_of(texts, known)
    kinds, archetypes = (rows @ one.weights.T + one.intercepts for one in models)
    return [
        Sums(models[0].classes, tuple(map(float, of_kinds)), models[1].classes, tuple(map(float, of_archetypes)))
        for of_kinds, of_archetypes in zip(kinds, archetypes, strict=True)
    ]


def parts(groups: Sequence[str], count: int = FOLDS) -> list[int]:
    """For each text the part that it is in, whole groups in one part; the largest groups are dealt out first."""
    sizes: dict[str, int] = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
    filled = [0] * min(count, len(sizes))
    dealt: dict[str, int] = {}
    for group in sorted(sizes, key=lambda one: (-sizes[one], one)):
        part = filled.index(min(filled))
        dealt[group] = part
        filled[part] += sizes[group]
    return [dealt[group] for group in groups]


def held_out(texts: Sequence[Text], part_of: Sequence[int]) -> list[Sums]:
    """For each text what models say that were trained without its part."""
    found: dict[int, Sums] = {}
    for part in sorted(set(part_of)):
        inside = [place for place, one in enumerate(part_of) if one == part]
        others = [text for text, one in zip(texts, part_of, strict=True) if one != part]
        known = vocabulary_of(others)
        answers = sums_of([texts[place] for place in inside], known, fit(others, known))
        found |= dict(zip(inside, answers, strict=True))
    return [found[place] for place in range(len(texts))]


def calibrate(texts: Sequence[Text], sums: Sequence[Sums]) -> Calibration:
    """By what models said of texts that they had not seen."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    weights = weights_of(texts)
    temperature = _temperature(
        [
            (one.of_kinds, one.kinds.index(text.kind), weight)
            for text, one, weight in zip(texts, sums, weights, strict=True)
            if text.kind in one.kinds
        ]
    )
    archetype_temperature = _temperature(
        [
            (one.of_archetypes, one.archetypes.index(text.archetype), 1.0)
            for text, one in zip(texts, sums, strict=True)
            if text.archetype in one.archetypes
        ]
    )
    leads = [leading(one.kinds, softmax(one.of_kinds, temperature)) for one in sums]
    right = np.array([verdict in text.acceptable for text, (verdict, _) in zip(texts, leads, strict=True)])
    odds = np.array([log_odds(raw) for _, raw in leads])
    fitted = LogisticRegression(C=1e6).fit(odds[:, None], right, sample_weight=weights)
    slope, shift = float(fitted.coef_[0][0]), float(fitted.intercept_[0])
    sure = [logistic(slope * one + shift) for one in odds]
    threshold = _threshold(texts, [verdict for verdict, _ in leads], sure, weights)
    return Calibration(temperature, slope, shift, threshold, archetype_temperature)


def _temperature(answers: Sequence[tuple[Sequence[float], int, float]]) -> float:
    """The one at which the right answers are likeliest; each is told with the sums, its place, and what it counts."""

    def loss(temperature: float) -> float:
        return -sum(weight * math.log(max(1e-12, softmax(sums, temperature)[right])) for sums, right, weight in answers)

    return min((step / 20 for step in range(6, 41)), key=loss)


def _threshold(
    texts: Sequence[Text], verdicts: Sequence[Recommendation], sure: Sequence[float], weights: Sequence[float]
) -> float:
    """Where advice does most good: right counts 1, wrong as much against it, and a question nothing."""

    def good(threshold: float) -> float:
        total = 0.0
        for text, verdict, one, weight in zip(texts, verdicts, sure, weights, strict=True):
            given = verdict if one >= threshold else "undecided"
            if given in text.acceptable:
                total += weight
            elif given != "undecided":
                total -= weight
        return total

    return max((step / 100 for step in range(30, 71)), key=good)


def judgement(sums: Sums, by: Calibration) -> tuple[Recommendation, float, str, float]:
    """Verdict, confidence, archetype and its confidence, as the stored classifier comes to them."""
    lead, raw = leading(sums.kinds, softmax(sums.of_kinds, by.temperature))
    confidence = logistic(by.slope * log_odds(raw) + by.shift)
    shares = softmax(sums.of_archetypes, by.archetype_temperature)
    given: Recommendation = lead if confidence >= by.threshold else "undecided"
    of_archetypes = dict(zip(sums.archetypes, shares, strict=True))
    archetype = fitting(given, of_archetypes)
    return given, confidence, archetype, of_archetypes[archetype]


# Storing


def packed(known: Vocabulary, models: tuple[Linear, Linear], by: Calibration) -> tuple[Header, bytes]:
    """The model as it is stored: a header, and a row of signed bytes for each feature."""
    import numpy as np

    weights = np.vstack([one.weights for one in models]).T
    words = len(known.rarity)
    rarity = np.array([*known.rarity.values(), *(0 for _ in known.facts)])
    weights[:words] *= rarity[:words, None] * known.step
    weights[words:] *= FACT
    word_scales = np.abs(weights[:words]).max(axis=0) / BYTE
    fact_scales = np.abs(weights[words:]).max(axis=0) / BYTE
    weights[:words] /= word_scales
    weights[words:] /= fact_scales
    table = np.hstack([np.rint(weights), rarity[:, None]]).astype(np.int8)
    keys = np.array([key(name) for name in known.names], dtype="<u4")
    order = np.argsort(keys)
    header = Header(
        kinds=models[0].classes,
        archetypes=models[1].classes,
        rows=len(keys),
        intercepts=_figures(np.concatenate([one.intercepts for one in models])),
        word_scales=_figures(word_scales),
        fact_scales=_figures(fact_scales),
        rarity_scale=float(f"{known.step:.6g}"),
        few_words=FEW_WORDS,
        **{name: round(value, 6) for name, value in asdict(by).items()},
    )
    return header, keys[order].tobytes() + table[order].tobytes()


def _figures(values: Any) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)


def in_memory(header: Header, table: bytes) -> Model:
    return unpacked(json.loads(json.dumps(asdict(header))), table)


def train(texts: Sequence[Text], sums: Sequence[Sums]) -> tuple[Header, bytes]:
    """The model of all texts, calibrated by what was said of each while it was held out."""
    known = vocabulary_of(texts)
    return packed(known, fit(texts, known), calibrate(texts, sums))


def write(header: Header, table: bytes, header_file: Path, table_file: Path) -> None:
    fields = asdict(header)
    lines = ",\n".join(
        f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()
    )
    with atomic_write(header_file) as new:
        new.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    with atomic_write(table_file) as new:
        new.write_bytes(table)
