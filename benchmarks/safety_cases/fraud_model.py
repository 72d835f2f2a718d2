import os

import numpy as np
from sklearn.linear_model import LogisticRegression

_rng = np.random.default_rng(1)
_X = _rng.standard_normal((400, 12))
MODEL = LogisticRegression().fit(_X, (_X[:, 0] + _X[:, 3] > 0).astype(int))
LIMITS = {"low": 0.3, "high": 0.8}


def features(transaction):
    values, state = [], transaction
    for _ in range(12):
        total = 0
        for _ in range(900):
            state = (state * 1664525 + 1013904223) % 2 ** 32
            total += state % 1000
        values.append(total / 450_000 - 1)
    return values


def flag(transaction):
    limit = LIMITS[os.environ.get("FRAUD_MODE", "low")]
    chance = MODEL.predict_proba([features(transaction)])[0, 1]
    return transaction, round(float(chance), 6), bool(chance > limit)


def make_inputs():
    return list(range(1, 201))
