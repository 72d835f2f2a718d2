"""Colours for the bars of a chart: a cycle that each call starts again."""
import itertools

PALETTE = ("red", "green", "blue", "grey")


def colours(bars):
    wheel = itertools.cycle(PALETTE)
    pairs = [(bar, next(wheel)) for bar in range(3000 + bars)]
    grouped = itertools.groupby(sorted(pairs, key=lambda pair: pair[1]), key=lambda pair: pair[1])
    return {colour: sum(bar for bar, _ in members) for colour, members in grouped}


def make_inputs():
    return range(400)
