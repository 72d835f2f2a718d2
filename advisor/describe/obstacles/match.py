"""Find the obstacles that a text reports, by a linear model over its passages.

`python -m benchmarks.obstacles --train` trains the model on the table's examples, against texts that report none.
Loading it runs no code, and matching needs no library.
"""

from __future__ import annotations

import math
import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

from advisor.describe.classifier.predict import hash_feature, read_keys
from advisor.describe.obstacles.features import passages
from advisor.describe.obstacles.table import obstacles
from advisor.models import Obstacle

MODEL_FILE: Final = Path(__file__).with_name("model.bin")
THRESHOLD: Final = 0.24  # of a score; below, nothing is reported
MAX_REPORTED: Final = 2
UNKNOWN_WORD: Final = 20.0  # what a word that the model does not know adds to the square of a passage's length
HEADER: Final = struct.Struct("<IIff")  # features, weights, scale of the weights, scale of the squares
FULL: Final = 127


class Model(NamedTuple):
    """For each feature: the square of its length, and its weights for some of the obstacles."""

    keys: Sequence[int]  # hashes of the features, ascending
    squares: bytes
    starts: array[int]  # of the weights of each feature, and the end of the last
    columns: bytes  # numbers of obstacles
    weights: array[int]  # small integers
    scale: float
    square_scale: float


def find_obstacles(text: str) -> tuple[Obstacle, ...]:
    """Return the obstacles that a text reports, the most certain first; none if no score is high enough."""
    best: dict[int, float] = {}
    for features in passages(text):
        for column, score in scores(stored_model(), features).items():
            best[column] = max(score, best.get(column, 0.0))
    found = sorted((column for column, score in best.items() if score >= THRESHOLD), key=lambda at: -best[at])
    return tuple(obstacles()[column] for column in found[:MAX_REPORTED])


def scores(model: Model, features: Iterable[str]) -> dict[int, float]:
    """Return the scores of the obstacles for one passage, about 1 for an example of the table and 0 for most texts."""
    totals: dict[int, float] = {}
    square = 0.0
    for feature in features:
        key = hash_feature(feature)
        row = bisect_left(model.keys, key)
        if row == len(model.keys) or model.keys[row] != key:
            square += UNKNOWN_WORD * feature.startswith("w:")
            continue
        square += model.squares[row] * model.square_scale
        for at in range(model.starts[row], model.starts[row + 1]):
            column = model.columns[at]
            totals[column] = totals.get(column, 0.0) + model.weights[at]
    factor = model.scale / math.sqrt(square or 1.0)
    return {column: total * factor for column, total in totals.items()}


@cache
def stored_model() -> Model:
    """Load the packaged model once."""
    return parse_model(MODEL_FILE.read_bytes())


def parse_model(content: bytes) -> Model:
    """Build the model from the content of its file: the header, then keys, squares, counts, columns and weights."""
    features, weights, scale, square_scale = HEADER.unpack_from(content)
    if len(content) != HEADER.size + 6 * features + 2 * weights:
        raise ValueError(f"{MODEL_FILE.name} is damaged")
    file = BytesIO(content[HEADER.size :])
    keys, squares, counts, columns, values = map(file.read, (4 * features, features, features, weights, weights))
    starts = array("I", accumulate(counts, initial=0))
    return Model(read_keys(keys), squares, starts, columns, array("b", values), scale, square_scale)
