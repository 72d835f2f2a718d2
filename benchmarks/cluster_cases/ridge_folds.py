"""Regularised regressions are fitted for folds and strengths of a grid with scikit-learn."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROWS = 8_000
FEATURES = 40
FOLDS = 6
STRENGTHS = tuple(10.0**exponent for exponent in range(-4, 5))


def fit_fold(parameters: tuple[int, float]) -> float:
    """Return the accuracy on the fold that was left out."""
    fold, strength = parameters
    generator = np.random.default_rng(0)
    features = generator.normal(size=(ROWS, FEATURES)) * np.arange(1, FEATURES + 1)
    classes = (features[:, :5].sum(axis=1) + generator.normal(scale=3.0, size=ROWS) > 0).astype(int)
    left_out = np.arange(ROWS) % FOLDS == fold
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2_000, tol=1e-8))
    model.fit(features[~left_out], classes[~left_out])
    return float(model.score(features[left_out], classes[left_out]))


def inputs() -> list[tuple[int, float]]:
    return [(fold, strength) for fold in range(FOLDS) for strength in STRENGTHS]
