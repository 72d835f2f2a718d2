"""Distances between stops, kept in a dictionary of the module once they are known."""
KNOWN = {}


def distance(first, second):
    key = (first, second)
    if key not in KNOWN:
        value = first * 7 + second
        for _ in range(2500):
            value = (value * 31 + 17) % 10_009
        KNOWN[key] = value
    return KNOWN[key]


def tour(number):
    stops = [(number * k + 3) % 701 for k in range(5)]
    return sum(distance(a, b) for a, b in zip(stops, stops[1:]))


def make_inputs():
    return range(2, 600)
