"""Functions to call in a job, in processes too."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

STRATEGIES = ["sequential", "threading", "multiprocessing", "asyncio"]

_READY = {}
TABLE = list(range(100))
COLLECTED: dict[int, int] = {}


def square(number: int) -> int:
    return number * number


async def square_soon(number: int) -> int:
    await asyncio.sleep(0)
    return number * number


def square_for(strategy: str) -> Callable[..., Any]:
    """Return the function that suits a strategy."""
    return square_soon if strategy == "asyncio" else square


def power(base: int, exponent: int = 2, *, times: int = 1) -> int:
    return base**exponent * times


async def power_soon(base: int, exponent: int = 2, *, times: int = 1) -> int:
    return base**exponent * times


def refuse_three(number: int) -> int:
    if number == 3:
        raise LookupError("no 3 here")
    return number


async def refuse_three_soon(number: int) -> int:
    return refuse_three(number)


def raise_it(error: BaseException | None) -> str:
    if error is not None:
        raise error
    return "fine"


async def raise_it_soon(error: BaseException | None) -> str:
    return raise_it(error)


def raise_for(strategy: str) -> Callable[..., Any]:
    return raise_it_soon if strategy == "asyncio" else raise_it


def fail_first(number: int, folder: str, times: int) -> int:
    """Fail so often before the first success."""
    for attempt in range(times):
        with contextlib.suppress(FileExistsError):
            (Path(folder) / f"{number}-{attempt}").touch(exist_ok=False)
            raise ConnectionError(f"attempt {attempt} of {number}")
    return number


async def fail_first_soon(number: int, folder: str, times: int) -> int:
    return fail_first(number, folder, times)


def be_ready(value: int) -> None:
    _READY["value"] = value


def ready_plus(number: int) -> int:
    return number + int(_READY["value"])


async def ready_plus_soon(number: int) -> int:
    return ready_plus(number)


def kill_worker_at(number: int, bad: int) -> int:
    if number == bad:
        os._exit(7)
    return number


def hang_at(number: int, bad: int) -> int:
    if number == bad:
        time.sleep(600)
    return number


async def hang_at_soon(number: int, bad: int) -> int:
    if number == bad:
        await asyncio.sleep(600)
    return number


def hang_from_five(number: int) -> int:
    time.sleep(0.03 if number < 5 else 600)
    return number


async def hang_from_five_soon(number: int) -> int:
    if number >= 5:
        await asyncio.sleep(600)
    return number


def fork_one(number: int) -> int:
    """Fork a process that ends at once."""
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    return number


def say(number: int) -> int:
    print(f"call {number}")
    return number


def up_to(number: int) -> Iterator[int]:
    yield from range(number)


def look_up(number: int) -> int:
    wait()
    return TABLE[number % 100]


def note(number: int) -> int:
    wait()
    COLLECTED[number] = os.getpid()
    return number


def wait() -> None:
    time.sleep(0.004)


def wait_and_square(number: int) -> int:
    wait()
    return number * number


async def wait_and_square_soon(number: int) -> int:
    await asyncio.sleep(0.004)
    return number * number


def compute(number: int) -> int:
    """Compute for some milliseconds with the GIL held."""
    return number + sum(i & 1 for i in itertools.repeat(number, 100_000)) * 0


def sum_of_squares(number: int) -> int:
    """Run a job within a call."""
    import advisor

    return sum(advisor.map(square, range(number)))


def pool_of_squares(number: int) -> int:
    """Run a job in threads within a call."""
    import advisor

    return sum(advisor.map(square, range(number), strategy="threading", workers=2))
