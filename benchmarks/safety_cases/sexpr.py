"""Depth and weight of deeply nested expressions, by recursive descent."""
import sys


def _parse(text, at):
    at += 1
    depth, weight = 0, 1
    while text[at] != ")":
        if text[at] == "(":
            at, inner, heavy = _parse(text, at)
            depth, weight = max(depth, inner), weight + heavy
        else:
            weight += ord(text[at])
            at += 1
    return at + 1, depth + 1, weight


def measure(text):
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(usual + text.count("("))
    try:
        _, depth, weight = _parse(text, 0)
    finally:
        sys.setrecursionlimit(usual)
    return depth, weight


def expressions():
    return ["(a" * (4000 + n * 5) + "b" + ")" * (4000 + n * 5) for n in range(100)]
