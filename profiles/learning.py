"""Machine learning with scikit-learn: trees grow without the GIL, and Python is most of a prediction on few rows."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

Rows = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def evaluate_fold(fold: int) -> float:
    """Fit a forest to the one part of the customers and tell how often it is right about the other."""
    rows, labels = customers()
    training, test = folds()[fold]
    forest = RandomForestClassifier(100, random_state=fold).fit(rows[training], labels[training])
    return float(forest.score(rows[test], labels[test]))


def evaluate_fold_inputs() -> Iterator[int]:
    """The 20 folds of a cross-validation of five parts, four times over."""
    yield from range(len(folds()))


def rate_batch(batch: tuple[RandomForestClassifier, Rows]) -> Labels:
    """What a forest makes of 500 customers; it comes along with them, as from a script that has just fitted it."""
    forest, rows = batch
    return np.asarray(forest.predict(rows))


def rate_batch_inputs() -> Iterator[tuple[RandomForestClassifier, Rows]]:
    """20 batches, all with the same forest of 40 trees."""
    rows, labels = customers()
    forest = RandomForestClassifier(40, max_depth=9, random_state=1).fit(rows, labels)
    for index in range(20):
        yield forest, rows[index * 100 : index * 100 + 500]


def score_customer(row: Rows) -> float:
    """How likely one customer leaves, as a service asks for it: scikit-learn's checks outweigh the arithmetic."""
    return float(model().predict_proba(row)[0, 1])


def score_customer_inputs() -> Iterator[Rows]:
    """500 customers, the model fitted before the first is asked for."""
    model()
    rows, _ = customers()
    for index in range(500):
        yield rows[index : index + 1]


def find_keywords(documents: list[str]) -> list[list[str]]:
    """The five words that tell each document from the others of its kind, by TF-IDF."""
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2)
    weights = vectorizer.fit_transform(documents).toarray()
    words = vectorizer.get_feature_names_out()
    return [list(words[row.argsort()[:-6:-1]]) for row in weights]


def find_keywords_inputs() -> Iterator[list[str]]:
    """20 lists of 60 documents with 150 words each, common words more often than rare ones."""
    random = np.random.default_rng(3)
    syllables = ["ka", "lo", "mi", "ne", "ru", "sa", "ti", "vo"]
    words = np.array([a + b + c for a in syllables for b in syllables for c in syllables])
    for _ in range(20):
        ranks = np.minimum(random.zipf(1.3, (60, 150)) - 1, len(words) - 1)
        yield [" ".join(words[row]) for row in ranks]


@functools.cache
def customers() -> tuple[Rows, Labels]:
    """2,500 customers with 20 features, and whether each left."""
    rows, labels = make_classification(2_500, 20, n_informative=8, flip_y=0.05, random_state=11)
    return rows, labels


@functools.cache
def folds() -> list[tuple[Any, Any]]:
    return list(RepeatedStratifiedKFold(n_splits=5, n_repeats=4, random_state=5).split(*customers()))


@functools.cache
def model() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(*customers())
