"""Train and measure the matcher of obstacles.

    python -m benchmarks.obstacles            measure
    python -m benchmarks.obstacles --train    train it on the table's examples and store it

Every figure is for wordings that the model was not trained on: a fifth of each obstacle's examples is left out in turn,
and `profiles/obstacles_unseen.jsonl` has wordings after other people's reports; those of the kind "described" quote no
error. False alarms are counted on the training descriptions, of which one in two is used as an example of texts that
report nothing; those that a reader found to report an obstacle (`profiles/obstacles_reported.jsonl`) are left out.
"""

from __future__ import annotations

import argparse
import json
import math
import struct
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from advisor.describe.classifier.predict import hash_feature
from advisor.describe.obstacles import match
from advisor.describe.obstacles.features import passages
from advisor.describe.obstacles.table import obstacles

PROFILES = Path(__file__).parents[1] / "profiles"
UNSEEN = PROFILES / "obstacles_unseen.jsonl"
NONE = PROFILES / "obstacles_none.jsonl"  # texts that resemble a report and are none
REPORTED = PROFILES / "obstacles_reported.jsonl"  # descriptions that report an obstacle
KIND_WEIGHTS = {"w": 1.0, "s": 0.7, "b": 0.8, "k": 1.2, "p": 0.8}
RIDGE = 0.8
FOLDS = 5
SMALLEST = 0.02  # share of a feature's largest weight that is still stored
EVERY_OTHER = 2
PASSAGES = 3  # of a description, that are examples of texts that report nothing
REPORTING = 0.2  # score from which such a passage may report something after all
SAMPLE = 3000  # passages of them to train with

Features = frozenset[str]


def main() -> None:
    """Train or measure, as the arguments ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", action="store_true", help="train the model and store it")
    parser.add_argument("--folds", action="store_true", help="also leave examples out, which takes minutes")
    parser.add_argument("--show", type=int, default=0, help="show so many false alarms and misses")
    arguments = parser.parse_args()
    descriptions = read_descriptions()
    left_out = {*texts(REPORTED), *texts(NONE)}
    trained = descriptions[::EVERY_OTHER]
    tested = [row for row in descriptions[1::EVERY_OTHER] if row["text"] not in left_out]
    if arguments.train:
        match.MODEL_FILE.write_bytes(train(examples(), backgrounds(trained)))
        match.stored_model.cache_clear()
    if arguments.folds:
        measure_folds(backgrounds(trained))
    measure_unseen(arguments.show)
    measure_false_alarms(tested, arguments.show)


def read_descriptions() -> list[dict[str, object]]:
    """Return the training descriptions."""
    files = sorted((PROFILES / "descriptions").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def texts(file: Path) -> list[str]:
    """Return the texts of a file of JSON lines."""
    return [json.loads(line)["text"] for line in file.read_text("utf-8").splitlines()]


def examples() -> list[tuple[str, int]]:
    """Return every example of the table with the number of its obstacle."""
    return [(text, number) for number, row in enumerate(obstacles()) for text in row.examples]


def backgrounds(descriptions: Sequence[dict[str, object]]) -> list[Features]:
    """Return passages of texts that report nothing: those that a first model finds an obstacle in are left out."""
    found = [features for row in descriptions for features in list(passages(str(row["text"])))[:PASSAGES]]
    model = match.parse_model(train(examples(), found))
    clear = [features for features in found if max(match.scores(model, features).values(), default=0.0) < REPORTING]
    step = max(len(clear) // SAMPLE, 1)
    return clear[::step] + [features for text in texts(NONE) for features in passages(text)]


def whole(text: str) -> Features:
    """Return the features of an example: all its passages together."""
    return frozenset().union(*passages(text))


def train(labelled: Sequence[tuple[str, int]], nothing: Sequence[Features]) -> bytes:
    """Return the model's file: ridge regression to one for an example's obstacle and zero for everything else."""
    known = [whole(text) for text, _ in labelled]
    counts = Counter(feature for features in (*known, *nothing) for feature in features)
    total = len(known) + len(nothing)
    vocabulary = sorted({feature for features in known for feature in features})
    lengths = np.array(
        [KIND_WEIGHTS[name[0]] * (math.log((total + 1) / (counts[name] + 1)) + 0.2) for name in vocabulary]
    )
    at = {feature: number for number, feature in enumerate(vocabulary)}
    rows = np.zeros((len(known) + len(nothing), len(vocabulary)), dtype=np.float32)
    for row, features in enumerate((*known, *nothing)):
        inside = [at[feature] for feature in features if feature in at]
        rows[row, inside] = lengths[inside]
        unknown = sum(feature.startswith("w:") and feature not in at for feature in features)
        rows[row] /= math.sqrt(float(np.sum(lengths[inside] ** 2)) + match.UNKNOWN_WORD * unknown or 1.0)
    wanted = np.zeros((len(rows), len(obstacles())), dtype=np.float32)
    wanted[np.arange(len(known)), [number for _, number in labelled]] = 1
    kernel = rows @ rows.T
    kernel[np.diag_indices_from(kernel)] += RIDGE
    weights = (rows.T @ np.linalg.solve(kernel, wanted)) * lengths[:, None]
    return packed(vocabulary, lengths, weights)


def packed(vocabulary: Sequence[str], lengths: np.ndarray, weights: np.ndarray) -> bytes:
    """Return the model as bytes, in the order of the features' keys; `match.parse_model` reads them."""
    order = sorted(range(len(vocabulary)), key=lambda number: hash_feature(vocabulary[number]))
    scale = float(np.abs(weights).max()) / match.FULL
    square_scale = float((lengths**2).max()) / 255
    integers = np.rint(weights / scale).astype(int)
    least = np.maximum(1, SMALLEST * np.abs(integers).max(axis=1))
    columns, values, counts = bytearray(), bytearray(), bytearray()
    for number in order:
        kept = np.flatnonzero(np.abs(integers[number]) >= least[number])
        counts.append(len(kept))
        columns += bytes(kept.tolist())
        values += struct.pack(f"<{len(kept)}b", *integers[number][kept].tolist())
    keys = b"".join(struct.pack("<I", hash_feature(vocabulary[number])) for number in order)
    squares = bytes(round(float(lengths[number] ** 2) / square_scale) for number in order)
    header = match.HEADER.pack(len(order), len(columns), scale, square_scale)
    return header + keys + squares + bytes(counts) + bytes(columns) + bytes(values)


def best(model: match.Model, text: str) -> tuple[int, float]:
    """Return the obstacle with the highest score in a text, and that score."""
    found = [(score, column) for part in passages(text) for column, score in match.scores(model, part).items()]
    score, column = max(found, default=(0.0, -1))
    return column, score


def measure_folds(nothing: Sequence[Features]) -> None:
    """Print how many left-out examples find their obstacle."""
    labelled = examples()
    first = reported = wrong = 0
    for fold in range(FOLDS):
        left_out = labelled[fold::FOLDS]
        model = match.parse_model(train([pair for pair in labelled if pair not in left_out], nothing))
        for text, number in left_out:
            column, score = best(model, text)
            first += column == number
            reported += column == number and score >= match.THRESHOLD
            wrong += column != number and score >= match.THRESHOLD
    print(f"left-out examples ({len(labelled)}): nearest {first / len(labelled):.1%}, reported ", end="")
    print(f"{reported / len(labelled):.1%}, another one reported {wrong / len(labelled):.1%}")


def measure_unseen(show: int) -> None:
    """Print how many wordings of other people find their obstacle: those that quote an error, and those that do not."""
    rows = [json.loads(line) for line in UNSEEN.read_text("utf-8").splitlines()]
    model = match.stored_model()
    for kind in ("quoted", "described"):
        outcomes = [(row, *best(model, row["text"])) for row in rows if row.get("kind", "quoted") == kind]
        print_outcomes(kind, outcomes, show)


def print_outcomes(kind: str, outcomes: Sequence[tuple[dict[str, str], int, float]], show: int) -> None:
    """Print how many texts are nearest to their own obstacle, and how many of those score high enough."""
    names = [row.name for row in obstacles()]
    nearest = sum(names[column] == row["obstacle"] for row, column, _ in outcomes)
    right = sum(names[column] == row["obstacle"] and score >= match.THRESHOLD for row, column, score in outcomes)
    wrong = sum(names[column] != row["obstacle"] and score >= match.THRESHOLD for row, column, score in outcomes)
    count = len(outcomes)
    print(f"unseen wordings, {kind} ({count}): nearest {nearest / count:.1%}, reported ", end="")
    print(f"{right / count:.1%}, another one reported {wrong / count:.1%}")
    misses = [item for item in outcomes if names[item[1]] != item[0]["obstacle"] or item[2] < match.THRESHOLD]
    for row, column, score in misses[:show]:
        print(f"  {score:.2f} [{names[column]}] for [{row['obstacle']}]: {row['text']}")


def measure_false_alarms(descriptions: Sequence[dict[str, object]], show: int) -> None:
    """Print how many descriptions are answered with an obstacle, and how long that takes."""
    began = time.perf_counter()
    found = [(best(match.stored_model(), str(row["text"])), row["text"]) for row in descriptions]
    seconds = (time.perf_counter() - began) / len(found)
    alarms = sorted(
        ((score, column, text) for (column, score), text in found if score >= match.THRESHOLD), reverse=True
    )
    print(
        f"descriptions ({len(found)}): {len(alarms) / len(found):.1%} with an obstacle; {seconds * 1000:.2f} ms a text"
    )
    for score, column, text in alarms[:show]:
        print(f"  {score:.2f} [{obstacles()[column].name}] {str(text)[:150]!r}")


if __name__ == "__main__":
    main()
