"""Undo history as a linked list."""

from __future__ import annotations


class Step:
    def __init__(self, action: str, previous: Step | None) -> None:
        self.action = action
        self.previous = previous


head: Step | None = None


def work(action: str) -> None:
    global head
    head = Step(action, head)
