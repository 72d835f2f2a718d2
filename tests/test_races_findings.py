"""What a search for races finds, and how the finding reads."""

from __future__ import annotations

import functools
import itertools
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from race_targets import COUNTER, LATE_RACE, Till, add, made_till, search

from advisor.interleaving.races import races

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork"),
]
HAS_GIL = not sysconfig.get_config_var("Py_GIL_DISABLED")


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_lost_update_is_told_line_by_line(tmp_path: Path) -> None:
    """The steps are those of both calls in the order of time, with the values that they read and wrote."""
    report = search(tmp_path, COUNTER)
    finding = report.finding
    assert finding is not None
    assert (report.verdict, finding.kind, finding.with_gil) == ("race", "lost update", True)
    told = [(step.thread, step.source, step.effect) for step in finding.steps]
    first, second = told[0][0], 3 - told[0][0]
    assert told == [
        (first, "seen = total", "reads total = 0"),
        (second, "seen = total", "reads total = 0"),
        (second, "total = seen", f"writes total = {second}"),
        (first, "total = seen", f"writes total = {first}"),
    ]
    assert finding.observed == f"total = {first}"
    assert finding.possible == ("total = 3",)
    assert {step.file for step in finding.steps} == {str(tmp_path / "target.py")}
    assert {step.function for step in finding.steps} == {"work"}


def test_a_finding_is_replayed_by_its_seed(tmp_path: Path) -> None:
    """The seed of a finding shows the same steps again."""
    found = search(tmp_path, COUNTER).finding
    assert found is not None
    again = search(tmp_path, COUNTER, replay=found.seed)
    assert again.finding == found


@pytest.mark.skipif(not HAS_GIL, reason="about the GIL")
def test_an_update_in_one_expression_is_lost_only_without_the_gil(tmp_path: Path) -> None:
    """`total += n` has no place where the interpreter would switch threads."""
    report = search(tmp_path, "total = 0\n\ndef work(n):\n    global total\n    total += n\n")
    assert report.finding is not None
    assert (report.finding.kind, report.finding.with_gil) == ("lost update", False)


def test_a_deadlock_names_who_holds_and_who_wants_which_lock(tmp_path: Path) -> None:
    """Two locks taken in opposite orders: the last two steps wait for ever."""
    code = """
import threading

first, second = threading.Lock(), threading.Lock()

def work(n):
    one, other = (first, second) if n == 1 else (second, first)
    with one:
        with other:
            return n
"""
    report = search(tmp_path, code)
    finding = report.finding
    assert finding is not None
    assert (report.verdict, finding.kind) == ("deadlock", "deadlock")
    assert sorted(step.effect for step in finding.steps[-2:]) == [
        "waits for ever for first, holding second (acquired at line 8)",
        "waits for ever for second, holding first (acquired at line 8)",
    ]
    assert "call 1 waits for second at line 9 and holds first" in finding.observed


def test_a_check_before_an_act_is_outdated(tmp_path: Path) -> None:
    """Both calls find the seat free."""
    code = """
taken = {}
sold = []

def price(seat):
    return len(seat)

def work(name):
    if "A1" in taken:
        return "sold out"
    sold.append(price("A1"))
    taken["A1"] = name
    return "ok"
"""
    report = search(tmp_path, code, ["Ada", "Bob"])
    assert report.finding is not None
    assert report.finding.observed == "sold = [2, 2] (call 1 → 'ok', call 2 → 'ok')"
    assert report.inputs == ("'Ada'", "'Bob'")


def test_files_are_compared_and_put_back(tmp_path: Path) -> None:
    """A counter in a file loses an update, and is after the search what it was before."""
    (tmp_path / "count.txt").write_text("5")
    code = """
from pathlib import Path

def work(n):
    count = int(Path("count.txt").read_text())
    Path("count.txt").write_text(str(count + n))
"""
    report = search(tmp_path, code)
    assert report.finding is not None
    assert report.finding.observed.startswith("file count.txt = '")
    assert report.finding.possible == ("file count.txt = '8'",)
    assert (tmp_path / "count.txt").read_text() == "5"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "count.txt",
        "inputs.jsonl",
        "target.py",
    ]


def test_a_sqlite_database_is_compared_by_its_content(tmp_path: Path) -> None:
    """Two transactions read the same value before either writes."""
    code = """
import sqlite3

with sqlite3.connect("n.db") as made:
    made.execute("CREATE TABLE IF NOT EXISTS n (value)")
    made.execute("DELETE FROM n")
    made.execute("INSERT INTO n VALUES (0)")
made.close()

def work(n):
    database = sqlite3.connect("n.db", isolation_level=None)
    (value,) = database.execute("SELECT value FROM n").fetchone()
    database.execute("UPDATE n SET value = ?", (value + n,))
    database.close()
"""
    report = search(tmp_path, code)
    assert report.finding is not None
    assert "INSERT INTO" in report.finding.possible[0]
    assert report.finding.with_gil


def test_two_objects_where_there_should_be_one(tmp_path: Path) -> None:
    """Objects without equality are told apart: a singleton that two calls make is found."""
    code = """
class Settings:
    pass

current = None

def work(n):
    global current
    if current is None:
        made = Settings()
        current = made
    return current
"""
    report = search(tmp_path, code)
    assert report.verdict == "race"


def test_a_generator_that_two_calls_continue(tmp_path: Path) -> None:
    """A call that continues a running generator gets an exception which it never gets alone."""
    code = """
def count():
    n = 0
    while True:
        n = abs(n) + 1
        yield n

numbers = count()

def work(n):
    return next(numbers)
"""
    finding = search(tmp_path, code).finding
    assert finding is not None
    assert finding.kind == "exception"
    assert "generator already executing" in finding.observed


def test_threads_that_calls_start_take_part(tmp_path: Path) -> None:
    """An update is lost between threads that one call starts and joins."""
    code = """
import threading

total = 0

def add(n):
    global total
    seen = total
    seen = int(seen) + n
    total = seen

def work(n):
    threads = [threading.Thread(target=add, args=(n,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""
    report = search(tmp_path, code)
    assert report.finding is not None
    assert report.finding.kind == "lost update"


def test_a_crash_in_one_interleaving_is_a_finding(tmp_path: Path) -> None:
    """A process that ends only where calls meet is an outcome that no order of them has."""
    code = """
import os

inside = []

def work(n):
    inside.append(n)
    if len(inside) > 1:
        os.abort()
    inside.remove(n)
"""
    finding = search(tmp_path, code).finding
    assert finding is not None
    assert (finding.kind, finding.observed) == ("exception", "the calls crashed the process with SIGABRT")
    assert {step.thread for step in finding.steps if step.source == "inside.append(n)"} == {1, 2}


def test_three_calls_at_once(tmp_path: Path) -> None:
    """A race that takes three calls is found with as many threads."""
    code = """
steps = []

def work(n):
    steps.append(n)
    seen = len(steps)
    steps.remove(n)
    return seen > 2
"""
    assert search(tmp_path, code, [1, 2, 3], seconds=3).verdict != "deadlock"
    report = search(tmp_path, code, [1, 2, 3], threads=3)
    assert report.verdict == "race"
    assert report.threads == 3


@pytest.mark.parametrize("threads", [2, 3])
def test_different_inputs_meet_in_more_threads_than_there_are_inputs(tmp_path: Path, threads: int) -> None:
    """Two inputs are made in rotation, so that a deadlock of the two is found with three threads as well."""
    code = """
import threading

locks = {"a": threading.Lock(), "b": threading.Lock()}

def work(names):
    with locks[names[0]]:
        with locks[names[1]]:
            return names
"""
    assert search(tmp_path, code, ["ab", "ba"], threads=threads).verdict == "deadlock"


@pytest.mark.parametrize(
    ("function", "target", "observed"),
    [
        (Till(), "race_targets:Till", "self.total = 1"),
        (Till().__call__, "race_targets:Till.__call__", "self.total = 1"),
        (functools.partial(add, [0]), "race_targets:add", "partial arguments = ([1],)"),
        (functools.partial(Till()), "race_targets:Till", "self.total = 1"),
        (made_till(), "race_targets:made_till.<locals>.add_to_total", "add_to_total.total = 1"),
    ],
    ids=["object", "method", "partial", "partial of an object", "closure"],
)
@pytest.mark.slow
def test_what_a_callable_carries_is_state(function: Callable[..., object], target: str, observed: str) -> None:
    """An object, bound arguments and closed-over variables are searched, and the callable has a readable name."""
    report = races(function, itertools.count(1), seconds=5)
    assert (report.target, report.verdict) == (target, "race")
    assert report.finding is not None
    assert observed in (report.finding.observed, report.finding.observed.replace("= 2", "= 1").replace("[2]", "[1]"))
    assert races(function, itertools.count(1), replay=report.finding.seed).finding == report.finding


def test_an_object_that_is_shared_late_is_found(tmp_path: Path) -> None:
    """The accesses of a loop's later rounds are learned, not only those of its first ones."""
    assert search(tmp_path, f"ROUNDS = 100\n{LATE_RACE}").verdict == "race"
