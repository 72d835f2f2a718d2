"""A random walk per seed, each with a generator of its own."""
import random


def walk(seed):
    random_source = random.Random(seed)
    position = best = 0
    for _ in range(2500):
        position += random_source.choice((-1, 1))
        best = max(best, position)
    return best, position


def make_inputs():
    return range(700)
