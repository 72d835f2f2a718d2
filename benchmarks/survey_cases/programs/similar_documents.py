"""Find the most similar document for each document of a collection."""

import json
import math
import re
import sys
from collections import Counter

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


def main():
    with open(sys.argv[1]) as stream:
        documents = [json.loads(line) for line in stream]

    vectors = {}
    for document in documents:
        vectors[document["id"]] = shingles(document["text"])

    neighbours = {}
    for name, vector in vectors.items():
        best, best_score = None, -1.0
        for other, candidate in vectors.items():
            if other == name:
                continue
            score = cosine(vector, candidate)
            if score > best_score:
                best, best_score = other, score
        neighbours[name] = (best, best_score)

    for name in sorted(neighbours, key=lambda name: (-neighbours[name][1], name))[:25]:
        best, score = neighbours[name]
        print(f"{name} ~ {best}: {score:.6f}")


if __name__ == "__main__":
    main()
