"""Scores kept in ascending order."""

from bisect import bisect_left

scores = [10, 40, 70, 90]


def rank(position: int) -> int:
    return len(scores) - position


def work(score: int) -> str:
    position = bisect_left(scores, score)
    scores.insert(position, score)
    return f"{score} entered"
