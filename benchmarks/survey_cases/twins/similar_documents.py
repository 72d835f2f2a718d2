"""Find the most similar document for each document of a collection."""

import json
import math
import re
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

WORD = re.compile(r"\w+")


def shingles(text):
    words = [word.lower() for word in WORD.findall(text)]
    grams = Counter()
    for word in words:
        padded = f"^{word}$"
        for start in range(len(padded) - 2):
            grams[padded[start : start + 3]] += 1
    norm = math.sqrt(sum(count * count for count in grams.values()))
    return {gram: count / norm for gram, count in sorted(grams.items())}


def cosine(left, right):
    if len(left) > len(right):
        left, right = right, left
    return sum(weight * right.get(gram, 0.0) for gram, weight in left.items())


def prepare(document):
    return document["id"], shingles(document["text"])


def share(all_vectors):
    global vectors
    vectors = all_vectors


def nearest(name):
    vector = vectors[name]
    best, best_score = None, -1.0
    for other, candidate in vectors.items():
        if other == name:
            continue
        score = cosine(vector, candidate)
        if score > best_score:
            best, best_score = other, score
    return name, (best, best_score)


def main():
    with open(sys.argv[1]) as stream:
        documents = [json.loads(line) for line in stream]

    with ProcessPoolExecutor() as pool:
        vectors = dict(pool.map(prepare, documents, chunksize=8))
    with ProcessPoolExecutor(initializer=share, initargs=(vectors,)) as pool:
        neighbours = dict(pool.map(nearest, vectors, chunksize=8))

    for name in sorted(neighbours, key=lambda name: (-neighbours[name][1], name))[:25]:
        best, score = neighbours[name]
        print(f"{name} ~ {best}: {score:.6f}")


if __name__ == "__main__":
    main()
