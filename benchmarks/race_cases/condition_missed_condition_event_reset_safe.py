"""A single-lane bridge guarded by a gate."""

import threading

gate = threading.Lock()
crossings: list[str] = []


def enter() -> None:
    gate.acquire()


def leave() -> None:
    gate.release()


def work(direction: str) -> str:
    enter()
    crossings.append(direction)
    leave()
    return direction[0]
