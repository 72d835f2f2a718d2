"""The lock that mends a finding: where it goes, that it holds, what it costs and what is better."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from advisor.interleaving.lock_cost import predicted
from advisor.interleaving.mend import find_mend
from advisor.interleaving.question import RaceQuestion
from advisor.interleaving.races import races
from advisor.interleaving.search import find_races
from advisor.models import HeldResource, Machine, Mend, Profile, RaceReport

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

COUNTER = """\
import time

total = 0
seen = []


def add(n):
    global total
    seen.append(n)
    before = total
    time.sleep(0.001)
    total = before + n
    time.sleep(0.004)
    return n
"""
READER = """\
low, high = 0, 10


def shift(n):
    global low, high
    low = low + int(n)
    high = high + int(n)


def width():
    return high - low


def work(n):
    if n:
        shift(n)
        return None
    return width()
"""
HALF_LOCKED = """\
import threading

gate = threading.Lock()
stock = {"nut": 5}


def work(job):
    if job == "take":
        with gate:
            count = stock["nut"]
            stock["nut"] = int(count) - 1
        return None
    count = stock["nut"]
    stock["nut"] = int(count) + 3
    return None
"""
LOCK_ORDER = """\
import threading

books = threading.Lock()
members = threading.Lock()
log = []


def work(job):
    if job == "lend":
        with books:
            with members:
                log.append(job)
    else:
        with members:
            with books:
                log.append(job)
"""
ACCOUNTS = """\
import threading


class Account:
    def __init__(self, amount):
        self.lock = threading.Lock()
        self.amount = amount


accounts = {"a": Account(5), "b": Account(5)}


def work(names):
    giver, taker = (accounts[name] for name in names)
    with giver.lock:
        with taker.lock:
            giver.amount -= 1
            taker.amount += 1
"""
NESTED = """\
stock = {"nut": 1}
sold = []


def take(name):
    count = stock[name]
    stock[name] = int(count) - 1


def work(name):
    if stock[name] > 0:
        take(name)
        return True
    return False
"""
GENERATOR = """\
import time


def numbers():
    number = 0
    while True:
        time.sleep(0)
        yield number
        number += 1


source = numbers()


def work():
    return next(source)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def searched(text: str, inputs: list[object] | None, name: str = "work") -> tuple[RaceQuestion, RaceReport]:
    """Search a module in the current folder."""
    Path("shop.py").write_text(text)
    if inputs is not None:
        Path("in.jsonl").write_text("\n".join(map(json.dumps, inputs)))
    question = RaceQuestion(f"shop.py:{name}", "in.jsonl" if inputs is not None else None, seconds=20)
    report = find_races(question)
    assert report.finding is not None
    return question, report


def mended(text: str, inputs: list[object] | None, name: str = "work") -> Mend:
    """Return the mend of a module, after the same search of the patched module has found nothing."""
    question, report = searched(text, inputs, name)
    mend = find_mend(question, report, seconds=40)
    assert mend is not None
    assert mend.verdict == "none"
    if shutil.which("patch"):
        subprocess.run(["patch", "-p0"], input=mend.patch.encode(), check=True, capture_output=True)
        assert find_races(question).verdict == "none"
    return mend


def lines_of(mend: Mend, text: str) -> list[list[str]]:
    lines = [line.strip() for line in text.splitlines()]
    return [lines[each.first_line - 1 : each.last_line] for each in mend.stretches]


def test_the_lock_covers_the_read_and_the_write_and_nothing_else(folder: Path) -> None:
    """The wait after them stays outside, so that threads still gain."""
    mend = mended(COUNTER, [1, 2], "add")
    assert lines_of(mend, COUNTER) == [["before = total", "time.sleep(0.001)", "total = before + n"]]
    assert (mend.first_line, mend.last_line) == (10, 12)
    assert mend.lock == "_lock"
    assert "+_lock = threading.Lock()\n" in mend.patch
    assert mend.speedup is not None
    assert mend.speedup > 1


def test_a_reader_gets_the_lock_of_the_writer(folder: Path) -> None:
    """Both functions are locked, each around what it reads or writes together."""
    mend = mended(READER, [3, 0])
    assert sorted(lines_of(mend, READER)) == [
        ["low = low + int(n)", "high = high + int(n)"],
        ["return high - low"],
    ]


def test_a_lock_that_the_code_has_is_used(folder: Path) -> None:
    """Where one side holds a lock, the other gets the same."""
    mend = mended(HALF_LOCKED, ["take", "bring"])
    assert mend.lock == "gate"
    assert lines_of(mend, HALF_LOCKED) == [['count = stock["nut"]', 'stock["nut"] = int(count) + 3']]
    assert "threading.Lock()" not in mend.patch


def test_locks_are_acquired_in_one_order(folder: Path) -> None:
    """Two nested `with` statements change places, without a further lock."""
    mend = mended(LOCK_ORDER, ["lend", "return"])
    assert mend.lock == ""
    assert mend.stretches == ()
    changed = [line for line in mend.patch.splitlines() if line[:1] in "+-" and line[1:2] == " "]
    assert len(changed) == 4


def test_one_lock_around_the_locks_of_two_objects(folder: Path) -> None:
    """Where arguments decide the order, a lock goes around, and acquiring them in one order is named as better."""
    mend = mended(ACCOUNTS, [["a", "b"], ["b", "a"]])
    assert mend.lock == "_lock"
    assert "sorted((giver.lock, taker.lock), key=id)" in mend.instead


def test_a_lock_goes_into_the_caller_where_both_accesses_meet(folder: Path) -> None:
    """The check and the act are in two functions."""
    mend = mended(NESTED, ["nut", "nut"])
    assert [each.function for each in mend.stretches] == ["work"]
    assert lines_of(mend, NESTED)[0][:2] == ["if stock[name] > 0:", "take(name)"]


def test_no_lock_is_held_while_a_generator_is_suspended(folder: Path) -> None:
    """The call of next() gets the lock, not the generator."""
    mend = mended(GENERATOR, None)
    assert lines_of(mend, GENERATOR) == [["return next(source)"]]
    assert "queue.Queue" in mend.instead


def test_without_time_there_is_no_mend(folder: Path) -> None:
    """None says that no mend was found."""
    question, report = searched(COUNTER, [1, 2], "add")
    assert find_mend(question, report, seconds=0) is None


def test_a_function_that_only_this_process_has_is_mended() -> None:
    """A function of a cell is searched and mended by its text."""
    import linecache

    text = dedent(COUNTER)
    linecache.cache["<cell>"] = (len(text), None, text.splitlines(keepends=True), "<cell>")
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(text, "<cell>", "exec"), names)
    report = races(names["add"], [1, 2], seconds=30)  # type: ignore[arg-type]
    assert report.verdict == "race"
    assert report.mended is not None
    assert (report.mended.first_line, report.mended.last_line) == (10, 12)


def test_the_predicted_speedup_is_limited_by_the_time_under_the_lock() -> None:
    """A call of 10 ms that holds the lock for half of it gains no more than twofold."""
    waiting = Profile(calls=10, wall=0.01, gil_held=0.0, gil_free=0.0, child_cpu=0.0, wait=0.01)
    waiting = waiting.model_copy(update={"held": (HeldResource(name="_lock", kind="lock", seconds=0.01),)})
    half, little = (predicted(waiting, Machine(cores=4), "_lock", held) for held in (0.005, 0.0001))
    assert half is not None
    assert little is not None
    assert 1.5 < half <= 2.0 < 5 < little
