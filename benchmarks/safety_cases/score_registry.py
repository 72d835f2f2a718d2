"""Scores are collected in a dictionary of the module."""
SCORES = {}


def rate(text):
    value = 5381
    for character in text * 160:
        value = (value * 33 + ord(character)) % 4_294_967_291
    SCORES[text] = value % 100


def make_inputs():
    return [f"review number {n} was quite good" for n in range(900)]


def top():
    return sorted(SCORES.items())
