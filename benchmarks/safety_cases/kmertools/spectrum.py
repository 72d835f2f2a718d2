import collections


def spectrum(sequence, forms):
    counts = collections.Counter()
    for start in range(len(sequence) - forms.k + 1):
        counts[forms.canonical(sequence[start:start + forms.k])] += 1
    return counts


def entropy_rank(counts):
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ranked[:3]
