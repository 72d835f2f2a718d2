"""Cross-validate a hand-made classifier on the measurements in a CSV file."""

import csv
import math
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from statistics import mean, stdev

FOLDS = 10
EPOCHS = 25
RATE = 0.02


def load(path):
    with open(path, newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    return [([1.0, *map(float, row[:-1])], int(row[-1])) for row in rows]


def probability(weights, features):
    score = sum(weight * feature for weight, feature in zip(weights, features))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def train(samples):
    weights = [0.0] * len(samples[0][0])
    for epoch in range(EPOCHS):
        rate = RATE / (1 + epoch)
        for features, label in samples:
            error = label - probability(weights, features)
            for index, feature in enumerate(features):
                weights[index] += rate * error * feature
    return weights


def evaluate(samples, fold):
    training = [sample for index, sample in enumerate(samples) if index % FOLDS != fold]
    held_out = samples[fold::FOLDS]
    weights = train(training)
    right = sum((probability(weights, features) > 0.5) == bool(label) for features, label in held_out)
    return right / len(held_out), weights


def main():
    samples = load(sys.argv[1])
    accuracies = []
    with ProcessPoolExecutor() as pool:
        for fold, (accuracy, weights) in enumerate(pool.map(partial(evaluate, samples), range(FOLDS))):
            accuracies.append(accuracy)
            print(f"fold {fold}: {accuracy:.4f}  weights {' '.join(f'{weight:+.3f}' for weight in weights)}")
    print(f"accuracy {mean(accuracies):.4f} ± {stdev(accuracies):.4f}")


if __name__ == "__main__":
    main()
