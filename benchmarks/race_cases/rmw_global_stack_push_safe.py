"""Undo history as a linked list."""

from __future__ import annotations

import threading


class Step:
    def __init__(self, action: str, previous: Step | None) -> None:
        self.action = action
        self.previous = previous


head: Step | None = None
history_lock = threading.Lock()


def work(action: str) -> None:
    global head
    with history_lock:
        head = Step(action, head)
