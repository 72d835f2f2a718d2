"""Batches of customers are scored with a random forest that every call gets as an argument."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

BATCHES = 300
BATCH_ROWS = 400
FEATURES = 20

Rows: TypeAlias = NDArray[np.float64]


def score(model: RandomForestClassifier, rows: Rows) -> Rows:
    """Return each row's probability of leaving."""
    return np.asarray(model.predict_proba(rows)[:, 1])


def inputs() -> list[tuple[RandomForestClassifier, Rows]]:
    generator = np.random.default_rng(4)
    features = generator.normal(size=(6_000, FEATURES))
    left = features[:, 0] + 0.5 * features[:, 1] + generator.normal(size=len(features)) > 0
    model = RandomForestClassifier(n_estimators=60, random_state=4).fit(features, left)
    return [(model, generator.normal(size=(BATCH_ROWS, FEATURES))) for _ in range(BATCHES)]
