from .registry import get_reference

get_reference()


def skew(sequence):
    total, low, where = 0, 0, 0
    for place, base in enumerate(sequence):
        if base == "G":
            total += 1
        elif base == "C":
            total -= 1
        if total < low:
            low, where = total, place
    return where, low, total


def gc_skew(region):
    contig, start, end = region
    reference = get_reference()
    found = []
    for left in range(start, end, 3000):
        sequence = reference.fetch(contig, left, left + 3000)
        found.append((left, skew(sequence), skew(sequence[::-1])))
    return region, found


def regions():
    return [(f"chr{i % 4 + 1}", (i * 913) % 9000, (i * 913) % 9000 + 18000) for i in range(220)]
