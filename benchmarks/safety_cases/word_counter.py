"""Count the words of a text; the caller adds the counts up."""
from collections import Counter


def count(text):
    counts = Counter()
    seen = set()
    results = []
    for word in text.split():
        counts[word] += 1
        if word not in seen:
            seen.add(word)
            results.append(word)
    counts.update(len=len(results))
    return counts.most_common(5)


def make_inputs():
    return [" ".join(f"w{(n + k * k) % 211}" for k in range(3500)) for n in range(400)]
