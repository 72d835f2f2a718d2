"""Functions that tests call on clusters, whose workers cannot import them."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import uuid
from pathlib import Path
from typing import Any

_STARTED: list[int] = []


class Shape:
    """Not known to the workers."""

    def __init__(self, sides: int) -> None:
        self.sides = sides

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shape) and other.sides == self.sides

    def __hash__(self) -> int:
        return hash(self.sides)


def double(number: int) -> int:
    time.sleep(0.001)
    return 2 * number


async def double_soon(number: int) -> int:
    await asyncio.sleep(0.001)
    return 2 * number


def with_sides(number: int) -> Shape:
    return Shape(number)


def random_name(_: object) -> str:
    return uuid.uuid4().hex


def die_at(number: int, bad: int) -> int:
    time.sleep(0.01)
    if number == bad:
        os._exit(7)
    return number


def pid_or_hang(number: int, bad: int) -> int:
    if number == bad:
        time.sleep(600)
    return os.getpid()


def lock_at(number: int, bad: int) -> Any:
    return threading.Lock() if number == bad else number


def length(number: int, data: Any) -> int:
    time.sleep(0.005)
    return number + len(data)


def start() -> None:
    _STARTED.append(os.getpid())


def times_started(_: object) -> int:
    return len(_STARTED)


def note_process(number: int, folder: str) -> int:
    """Leave the id of this process in a folder, and take some time."""
    (Path(folder) / str(number)).write_text(str(os.getpid()))
    time.sleep(0.05)
    return number


def compute(number: int) -> int:
    end = time.perf_counter() + 0.01
    while time.perf_counter() < end:
        pass
    return number


def refuse_three(number: int) -> int:
    if number == 3:
        raise LookupError("no 3 here")
    return number
