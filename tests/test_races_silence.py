"""Where a search for races finds nothing, cannot tell, or refuses; and what it leaves behind: nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from race_targets import COUNTER, LATE_RACE, LOCKED_COUNTER, search

from advisor.errors import TargetError, UsageError
from advisor.interleaving.question import RaceQuestion
from advisor.interleaving.races import races
from advisor.interleaving.search import find_races

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork"),
]
SHORT = 3.0  # seconds, for searches that would go on


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "code",
    [
        LOCKED_COUNTER,
        "def work(n):\n    return sorted([n, 3, 1])\n",
        "import queue\n\njobs = queue.Queue()\n\ndef work(n):\n    return jobs.put(n) if n == 1 else jobs.get()\n",
        "import itertools\n\nids = itertools.count()\nmade = []\n\ndef work(n):\n    made.append(next(ids))\n",
    ],
    ids=["lock", "nothing shared", "queue", "one step each"],
)
def test_safe_calls_are_not_accused(tmp_path: Path, code: str) -> None:
    """Calls that share nothing, or share it safely, give “none” with the bound of the search."""
    report = search(tmp_path, code, seconds=SHORT)
    assert (report.verdict, report.finding) == ("none", None)
    assert report.bound.startswith("2 calls at once")
    assert report.schedules > 0


def test_what_varies_by_itself_is_left_out(tmp_path: Path) -> None:
    """A race is found beside results that differ each time; if they are all there is, the verdict is “unclear”."""
    varying = "import random\n"
    assert search(tmp_path, varying + "def work(n):\n    return random.random()\n", seconds=SHORT).verdict == "unclear"
    with_counter = varying + COUNTER + "    return random.random()\n"
    finding = search(tmp_path, with_counter).finding
    assert finding is not None
    assert finding.kind == "lost update"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("def work(n):\n    raise ValueError(f'no {n}')\n", "ValueError"),
        ("import ctypes\n\ndef work(n):\n    ctypes.string_at(0)\n", "SIGSEGV"),
        ("import os\n\ndef work(n):\n    os._exit(3)\n", "status 3"),
        ("raise RuntimeError('at import')\n", "RuntimeError"),
    ],
)
def test_a_target_that_fails_by_itself(tmp_path: Path, code: str, text: str) -> None:
    """The failure of calls one after the other is the target's, not a race."""
    with pytest.raises(TargetError, match=text):
        search(tmp_path, code)


def test_calls_that_do_not_end_leave_no_process(tmp_path: Path) -> None:
    """Endless calls give a clear answer in time, and nothing is left running."""
    before, began = set(psutil.pids()), time.monotonic()  # other tests have processes of their own
    report = search(tmp_path, "import os\n\ndef work(n):\n    os.fork()\n    while True:\n        pass\n", seconds=2)
    assert report.verdict == "unclear"
    assert "did not end in time" in report.why
    assert time.monotonic() - began < 60
    left = [each for each in psutil.Process().children(recursive=True) if each.pid not in before]
    assert psutil.wait_procs(left, timeout=10)[1] == []


def test_files_are_put_back_when_calls_crash(tmp_path: Path) -> None:
    """What a call wrote before it brought the process down is undone."""
    (tmp_path / "kept.txt").write_text("before")
    code = """
import os

def work(n):
    open("kept.txt", "w").close()
    open("new.txt", "w").close()
    os._exit(1)
"""
    with pytest.raises(TargetError):
        search(tmp_path, code)
    assert (tmp_path / "kept.txt").read_text() == "before"
    assert not (tmp_path / "new.txt").exists()


def test_every_order_of_more_calls_is_ruled_out(tmp_path: Path) -> None:
    """With four calls there are more orders than those from which interleavings start."""
    code = """
import threading

lock = threading.Lock()
order = []
last = None

def work(n):
    global last
    with lock:
        order.append(n)
        last = n
"""
    assert search(tmp_path, code, [1, 2, 3, 4], threads=4, seconds=SHORT).verdict == "none"


def test_long_loops_are_searched_in_their_first_rounds(tmp_path: Path) -> None:
    """A loop of many rounds is not followed through all of them, and its race is found."""
    code = """
total = 0

def scaled(n):
    return 2 * n

def work(n):
    global total
    for _ in range(50_000):
        total = total + scaled(n)
"""
    assert search(tmp_path, code).verdict == "race"


def test_another_source_is_searched_in_place_of_a_file(tmp_path: Path) -> None:
    """A mend is tried without writing it: the source replaces the file's."""
    (tmp_path / "target.py").write_text(COUNTER)
    (tmp_path / "inputs.jsonl").write_text("1\n2\n")
    path = str(tmp_path / "target.py")
    question = RaceQuestion(f"{path}:work", "inputs.jsonl", seconds=SHORT, sources={path: LOCKED_COUNTER})
    assert find_races(question).verdict == "none"


@pytest.mark.parametrize(
    ("code", "options", "text"),
    [
        ("async def work(n):\n    return n\n", {}, "coroutine"),
        (COUNTER, {"threads": 1}, "threads"),
        (COUNTER, {"seconds": 0}, "seconds"),
        (COUNTER, {"replay": 63}, "replay"),
        ("def work():\n    pass\n", {}, "does not fit"),
    ],
)
def test_wrong_questions_are_refused(tmp_path: Path, code: str, options: dict[str, float], text: str) -> None:
    """What cannot be searched is a usage error that says why."""
    with pytest.raises(UsageError, match=text):
        search(tmp_path, code, **options)


@pytest.mark.parametrize(
    ("function", "options", "text", "field"),
    [
        ("os:getcwd", {}, r"races takes a function, not a text: .* `advise races os:getcwd`", "function"),
        (3, {}, "races takes a function, not 'int'", "function"),
        (len, {"threads": 9}, "^threads must be from 2 to 8, not 9$", "threads"),
        (len, {"seconds": 0.01}, "^seconds must be at least 0.1, not 0.01$", "seconds"),
    ],
)
def test_wrong_arguments_are_named_as_in_python(
    function: Callable[..., Any], options: dict[str, Any], text: str, field: str
) -> None:
    """The errors of `advisor.races` name its parameters, not options of the command."""
    with pytest.raises(UsageError, match=text) as raised:
        races(function, **options)
    assert raised.value.field == field


def test_the_bound_says_what_was_left_out(tmp_path: Path) -> None:
    """A race in a late round of a long loop is missed, and the bound does not claim all interleavings."""
    report = search(tmp_path, f"ROUNDS = 1_000\n{LATE_RACE}", seconds=SHORT)
    assert report.verdict == "none"
    assert "left out: later rounds of long loops" in report.bound
    assert "all interleavings" not in report.bound
    assert "nothing new" not in report.bound


def test_the_bound_claims_all_interleavings_where_all_were_tried(tmp_path: Path) -> None:
    """A short call is searched completely, and the random search ends once nothing new comes out."""
    report = search(tmp_path, LOCKED_COUNTER, [1], seconds=60)
    assert report.verdict == "none"
    assert "all interleavings with at most two switches" in report.bound
    assert "random ones, until nothing new came out" in report.bound


def test_the_bound_of_calls_that_share_nothing(tmp_path: Path) -> None:
    """Where nothing could be switched, the bound claims no interleavings."""
    report = search(tmp_path, "def work(n):\n    return sorted([n, 3, 1])\n", seconds=SHORT)
    assert "no access found to what several calls share and change, " in report.bound


def test_the_bound_names_orders_that_no_interleaving_started_from(tmp_path: Path) -> None:
    """Four calls have more orders than are tried."""
    code = "seen = []\n\ndef work(n):\n    return None\n"
    report = search(tmp_path, code, [1, 2, 3, 4], threads=4, seconds=SHORT)
    assert "left out: other orders of the calls" in report.bound
