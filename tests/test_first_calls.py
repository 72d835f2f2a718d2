"""Targets whose first call is unlike the others: real child processes; no timing is asserted."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.measure.sandboxed_profiler import profile_target

MODULE = """\
import asyncio, functools, time

MODEL = None

def predict(number):
    global MODEL
    if MODEL is None:
        time.sleep(0.7)
        MODEL = list(range(1000))
    return MODEL[number]

@functools.lru_cache
def connection():
    time.sleep(0.7)
    return object()

class Client:
    def get(self, number):
        connection()
        return number

client = Client()

async def fetch(number):
    if not connection.cache_info().currsize:
        await asyncio.sleep(0.7)
        connection()
    return number

def long(number):
    with open("calls.log", "a") as log:
        print(number, file=log)
    time.sleep(0.6)

def numbers():
    return range(500)
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current directory, which holds a user's module."""
    (tmp_path / "work.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("target", ["work:predict", "work:client.get", "work:fetch"])
@pytest.mark.parametrize("budget", [0.5, 1.5])
def test_what_is_done_once_is_no_part_of_a_call(directory: Path, target: str, budget: float) -> None:
    """A model, a connection, in a function, a method or a coroutine: with a budget that the first call takes or not."""
    profile = profile_target(target, inputs="work:numbers", budget=budget).profile
    assert profile.calls > 10
    assert profile.first_call is not None
    assert profile.first_call > 10 * profile.wall


@pytest.mark.slow
def test_long_calls_are_made_twice(directory: Path) -> None:
    """No more often, if the first took the budget; and once only if a second might exceed the time-out."""
    profile_target("work:long", inputs="work:numbers", budget=0.5)
    assert len((directory / "calls.log").read_text().splitlines()) == 2
    profile = profile_target("work:long", inputs="work:numbers", budget=0.5, timeout=1.0).profile
    assert len((directory / "calls.log").read_text().splitlines()) == 3
    assert profile.is_only_first_call
