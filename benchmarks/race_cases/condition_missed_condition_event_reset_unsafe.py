"""A single-lane bridge guarded by a gate and an event."""

import threading

gate = threading.Lock()
gate_open = threading.Event()
crossings: list[str] = []


def enter() -> None:
    while not gate.acquire(blocking=False):
        gate_open.clear()
        gate_open.wait()


def leave() -> None:
    gate.release()
    gate_open.set()


def work(direction: str) -> str:
    enter()
    crossings.append(direction)
    leave()
    return direction[0]
