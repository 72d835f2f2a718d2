"""Scores kept in ascending order."""

import threading
from bisect import bisect_left

scores = [10, 40, 70, 90]
scores_lock = threading.Lock()


def rank(position: int) -> int:
    return len(scores) - position


def work(score: int) -> str:
    with scores_lock:
        position = bisect_left(scores, score)
        scores.insert(position, score)
    return f"{score} entered"
