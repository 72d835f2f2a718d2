"""What the tests of the reference workloads have in common."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any

import pytest

from profiles import Workload, find
from profiles.job import load_workload

NOTING = """
import os

def inputs():
    return range(3)

def note(number):
    notes = os.open("notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(notes, b"%d " % number)
    os.close(notes)

async def note_later(number):
    note(number)
"""  # the source of a module whose function writes down each call


def load_or_skip(workload: Workload) -> tuple[Callable[[Any], Any], list[Any]]:
    """Load a workload's function and inputs; skip the test if a package or program is missing."""
    if workload.missing:
        pytest.skip(f"{workload.name} needs {', '.join(workload.missing)}")
    return load_workload(workload)


def call(function: Callable[[Any], Any], argument: Any) -> Any:
    """Call a function, or await a coroutine function."""
    result = function(argument)
    return asyncio.run(result) if inspect.iscoroutine(result) else result


def first_result(name: str) -> Any:
    """Return the result of a workload's first call."""
    function, arguments = load_or_skip(find(name))
    return call(function, arguments[0])


def wait_until(condition: Callable[[], bool]) -> bool:
    """Return True if the condition becomes true within ten seconds."""
    return any(condition() or time.sleep(0.05) for _ in range(200))
