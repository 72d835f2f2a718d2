"""Train the classifier of descriptions: texts, features, two linear models, calibration, a table of small integers.

Words learn the habits of an author, so the confidence is calibrated on texts after real questions, each scored by a
model that has seen no text of the same author.
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

from advisor.describe.classifier.archetype_kinds import best_archetype
from advisor.describe.classifier.features import Features, extract_features
from advisor.describe.classifier.predict import (
    MIN_CONFIDENCE,
    AnswerClass,
    Header,
    hash_feature,
    leading_verdict,
    log_odds,
    logistic,
    softmax,
)
from advisor.models import Recommendation
from advisor.report.atomic_write import atomic_write

DIRECTORY: Final = Path(__file__).resolve().parent.parent / "profiles" / "descriptions"
INVENTED: Final = (
    *("waiting", "computing", "symptoms", "edges", "terse", "plain", "sequential", "vague", "trackers"),
    *("beliefs", "elsewhere", "languages", "remote", "serial", "responsive", "disguised", "mixed"),
)
# After real people's questions, each file by another author.
REAL: Final = ("issues", "pages", "locks", "trades", "forums", "misleading", "projects", "subjects", "questions")
REAL_WEIGHT: Final = 2.0  # of a text after a real question in training
MIN_FAMILIES: Final = 6  # a feature that fewer families have says little about texts of other authors
FACT_VALUE: Final = 0.12  # of a fact in a row of the feature matrix, where the squares of a text's words add up to 1
STRONG_FACT_VALUE: Final = 0.36  # of what the writer states about the lock, which counts more than any noun
STRONG_FACTS: Final = ("lock ", "loop ")  # how they begin
NORM_OFFSET: Final = 100_000.0  # added to the squared norm, so that a single word does not speak for a whole text
# Frequency of the verdicts among real questions, as far as is known: mostly threads or processes. The training texts
# have more of the others, which are hard to tell apart, so each text is weighted by the frequency of its verdict.
VERDICT_FREQUENCY: Final[dict[Recommendation, float]] = {
    "threading": 0.35,
    "multiprocessing": 0.33,
    "asyncio": 0.08,
    "sequential": 0.12,
    "undecided": 0.12,
}
INVERSE_REGULARIZATION: Final = 10.0  # C of the logistic regression
MAX_BYTE: Final = 127


@dataclass(frozen=True)
class LabelledText:
    """A description with the best answer and all that an expert would accept."""

    text: str
    label: Recommendation
    acceptable: tuple[Recommendation, ...]
    archetype: str | None
    misleading: bool
    family: str
    file: str

    @property
    def answer_class(self) -> AnswerClass:
        """The label with the accepted alternatives, reduced to the common cases."""
        others: tuple[Recommendation, ...] = ()
        if self.label in ("threading", "multiprocessing"):
            other: Recommendation = "multiprocessing" if self.label == "threading" else "threading"
            others = (other,) if other in self.acceptable else ()
        if self.label == "asyncio" or (self.label == "threading" and not others and "asyncio" in self.acceptable):
            others = ("threading",) if self.label == "asyncio" else ("asyncio",)
        return AnswerClass(self.label, (self.label, *others))

    @property
    def is_real(self) -> bool:
        """True if the text is written after a real person's question."""
        return self.file in REAL

    @cached_property
    def features(self) -> Features:
        return extract_features(self.text)


def load_texts(file: Path) -> list[LabelledText]:
    """Load a file of JSON Lines; a label of null is "undecided"."""
    return [_parse(json.loads(line), file.stem) for line in file.read_text("utf-8").splitlines() if line.strip()]


def _parse(fields: Mapping[str, Any], file: str) -> LabelledText:
    label: Recommendation = fields.get("label") or "undecided"
    return LabelledText(
        text=fields["text"],
        label=label,
        acceptable=tuple(verdict or "undecided" for verdict in fields.get("acceptable") or [label]),
        archetype=fields.get("archetype"),
        misleading=bool(fields.get("hard")),
        family=fields.get("family") or fields["text"],
        file=file,
    )


def load_training_texts() -> list[LabelledText]:
    """Load all texts that the stored model is trained on."""
    return [text for name in (*INVENTED, *REAL) for text in load_texts(DIRECTORY / f"{name}.jsonl")]


# Features as numbers


@dataclass(frozen=True)
class Vocabulary:
    """The known features: the words with their rarity in steps of `step`, and the facts."""

    rarity: Mapping[str, int]
    facts: Sequence[str]
    step: float

    @cached_property
    def names(self) -> list[str]:
        return [*self.rarity, *self.facts]

    @cached_property
    def columns(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self.names)}


def build_vocabulary(texts: Sequence[LabelledText], with_words: bool = True) -> Vocabulary:
    """Collect the features that enough families have."""
    words = _count_families([(text.family, text.features.words) for text in texts if with_words])
    facts = _count_families([(text.family, text.features.facts) for text in texts])
    families = len({text.family for text in texts})
    step = math.log(families / MIN_FAMILIES) / MAX_BYTE
    rarity = {name: max(1, round(math.log(families / count) / step)) for name, count in words.items()}
    by_key: dict[int, str] = {}
    for name in (*rarity, *facts):  # of features with the same hash, the first in the alphabet is kept
        by_key.setdefault(hash_feature(name), name)
    unique = set(by_key.values())
    return Vocabulary(
        {name: steps for name, steps in rarity.items() if name in unique},
        [name for name in facts if name in unique],
        step,
    )


def _count_families(features: Iterable[tuple[str, Iterable[str]]]) -> dict[str, int]:
    """Count the families that have each feature, without the features that too few have."""
    families: dict[str, set[str]] = {}
    for family, names in features:
        for name in names:
            families.setdefault(name, set()).add(family)
    return {name: len(families[name]) for name in sorted(families) if len(families[name]) >= MIN_FAMILIES}


def fact_value(name: str) -> float:
    """Return the value of a fact in the feature matrix."""
    return STRONG_FACT_VALUE if name.startswith(STRONG_FACTS) else FACT_VALUE


def feature_matrix(texts: Sequence[LabelledText], vocabulary: Vocabulary) -> Any:
    """Return a sparse row for each text: its words by rarity, scaled to a norm of about 1, and its facts."""
    from scipy.sparse import csr_matrix

    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for row, text in enumerate(texts):
        words = [name for name in text.features.words if name in vocabulary.rarity]
        norm = math.sqrt(sum(vocabulary.rarity[name] ** 2 for name in words) + NORM_OFFSET)
        facts = [name for name in text.features.facts if name in vocabulary.columns]
        rows += [row] * (len(words) + len(facts))
        columns += [vocabulary.columns[name] for name in (*words, *facts)]
        values += [*(vocabulary.rarity[name] / norm for name in words), *map(fact_value, facts)]
    return csr_matrix((values, (rows, columns)), shape=(len(texts), len(vocabulary.names)))


# Training


@dataclass(frozen=True)
class Calibration:
    """Slope and shift of the confidence's log-odds."""

    slope: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True)
class LinearModel:
    """The weights and the intercept of each class."""

    classes: tuple[Any, ...]
    weights: Any
    intercepts: Any


@dataclass(frozen=True)
class Scores:
    """The linear models' scores of a text, before calibration."""

    classes: tuple[AnswerClass, ...]
    of_classes: tuple[float, ...]
    archetypes: tuple[str, ...]
    of_archetypes: tuple[float, ...]


def sample_weights(texts: Sequence[LabelledText]) -> list[float]:
    """Return the weight of each text, by the frequency of its verdict and by where it comes from."""
    counts: Counter[Recommendation] = Counter()
    for text in texts:
        counts[text.label] += REAL_WEIGHT if text.is_real else 1.0
    total = sum(VERDICT_FREQUENCY[label] for label in counts)
    by_label = {label: VERDICT_FREQUENCY[label] / total * len(texts) / count for label, count in counts.items()}
    return [by_label[text.label] * (REAL_WEIGHT if text.is_real else 1.0) for text in texts]


def _fit_linear(rows: Any, answers: Sequence[Any], weights: Sequence[float]) -> LinearModel:
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    classes = tuple(sorted(set(answers)))
    numbers = np.array([classes.index(answer) for answer in answers])
    regression = LogisticRegression(C=INVERSE_REGULARIZATION, max_iter=200, tol=1e-3)
    with threadpool_limits(1):  # with several threads, BLAS takes six times the CPU time for the same figures
        fitted = regression.fit(rows, numbers, sample_weight=weights)
    return LinearModel(classes, fitted.coef_, fitted.intercept_)


def fit(texts: Sequence[LabelledText], vocabulary: Vocabulary) -> tuple[LinearModel, LinearModel]:
    """Fit the model of the answer classes and that of the archetypes."""
    rows = feature_matrix(texts, vocabulary)
    named = [row for row, text in enumerate(texts) if text.archetype]
    return (
        _fit_linear(rows, [text.answer_class for text in texts], sample_weights(texts)),
        _fit_linear(rows[named], [texts[row].archetype for row in named], [1.0] * len(named)),
    )


def score(
    texts: Sequence[LabelledText], vocabulary: Vocabulary, models: tuple[LinearModel, LinearModel]
) -> list[Scores]:
    """Compute the scores of texts."""
    rows = feature_matrix(texts, vocabulary)
    classes, archetypes = (rows @ model.weights.T + model.intercepts for model in models)
    return [
        Scores(models[0].classes, tuple(map(float, of_classes)), models[1].classes, tuple(map(float, of_archetypes)))
        for of_classes, of_archetypes in zip(classes, archetypes, strict=True)
    ]


def scores_without_source(texts: Sequence[LabelledText], with_words: bool = True) -> list[tuple[LabelledText, Scores]]:
    """Score the texts after real questions, each with models that were trained without its source."""
    scored: list[tuple[LabelledText, Scores]] = []
    for source in dict.fromkeys(text.file for text in texts if text.is_real):
        inside = [text for text in texts if text.file == source]
        others = [text for text in texts if text.file != source]
        vocabulary = build_vocabulary(others, with_words)
        scored += zip(inside, score(inside, vocabulary, fit(others, vocabulary)), strict=True)
    return scored


def calibrate(scored: Sequence[tuple[LabelledText, Scores]]) -> Calibration:
    """Calibrate on the scores of texts that the models had not seen."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    texts, scores = [text for text, _ in scored], [scores for _, scores in scored]
    weights = sample_weights(texts)
    leads = [leading_verdict(scored.classes, softmax(scored.of_classes)) for scored in scores]
    right = np.array([verdict in text.acceptable for text, (verdict, _) in zip(texts, leads, strict=True)])
    odds = np.array([log_odds(accepted) for _, accepted in leads])
    fitted = LogisticRegression(C=1e6).fit(odds[:, None], right, sample_weight=weights)
    slope, shift = float(fitted.coef_[0][0]), float(fitted.intercept_[0])
    return Calibration(slope, shift)


def predict(scores: Scores, calibration: Calibration) -> tuple[Recommendation, float, str]:
    """Return verdict, confidence and archetype, as the stored classifier computes them."""
    leading, accepted = leading_verdict(scores.classes, softmax(scores.of_classes))
    confidence = logistic(calibration.slope * log_odds(accepted) + calibration.shift)
    verdict: Recommendation = leading if confidence >= MIN_CONFIDENCE else "undecided"
    shares = softmax(scores.of_archetypes)
    return verdict, confidence, best_archetype(verdict, dict(zip(scores.archetypes, shares, strict=True)))


# Storing


def pack(
    vocabulary: Vocabulary, models: tuple[LinearModel, LinearModel], calibration: Calibration
) -> tuple[Header, bytes]:
    """Return the model as it is stored: a header, and a row of signed bytes for each feature."""
    import numpy as np

    weights = np.vstack([model.weights for model in models]).T
    words = len(vocabulary.rarity)
    rarity = np.array([*vocabulary.rarity.values(), *(0 for _ in vocabulary.facts)])
    weights[:words] *= rarity[:words, None] * vocabulary.step
    weights[words:] *= np.array([fact_value(name) for name in vocabulary.facts])[:, None]
    word_scales = np.abs(weights[:words]).max(axis=0) / MAX_BYTE
    fact_scales = np.abs(weights[words:]).max(axis=0) / MAX_BYTE
    weights[:words] /= word_scales
    weights[words:] /= fact_scales
    table = np.hstack([np.rint(weights), rarity[:, None]]).astype(np.int8)
    keys = np.array([hash_feature(name) for name in vocabulary.names], dtype="<u4")
    order = np.argsort(keys)
    header = Header(
        classes=models[0].classes,
        archetypes=models[1].classes,
        rows=len(keys),
        intercepts=_rounded(np.concatenate([model.intercepts for model in models])),
        word_scales=_rounded(word_scales),
        fact_scales=_rounded(fact_scales),
        rarity_scale=float(f"{vocabulary.step:.6g}"),
        norm_offset=NORM_OFFSET,
        **{name: round(value, 6) for name, value in asdict(calibration).items()},
    )
    return header, keys[order].tobytes() + table[order].tobytes()


def _rounded(values: Any) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)


def train(texts: Sequence[LabelledText], scored: Sequence[tuple[LabelledText, Scores]]) -> tuple[Header, bytes]:
    """Train on all texts, and calibrate on the scores of those whose source was held out."""
    vocabulary = build_vocabulary(texts)
    return pack(vocabulary, fit(texts, vocabulary), calibrate(scored))


def save(header: Header, table: bytes, header_file: Path, table_file: Path) -> None:
    """Write the two files of a model."""
    lines = ",\n".join(
        f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in asdict(header).items()
    )
    with atomic_write(header_file) as new:
        new.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    with atomic_write(table_file) as new:
        new.write_bytes(table)
