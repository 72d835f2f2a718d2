"""The benchmark of races: its cases, the judge of the peers, and two cases that really run."""

from __future__ import annotations

import importlib.util
import itertools
import json
import sys
import types
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.race_outcomes import Folder, Outcome, SequentialOutcomes, call, outcome, text_of
from benchmarks.race_report import Advised, Case, Examined, deviations, document, faults
from benchmarks.race_trials import Trial
from benchmarks.races import CASES, Options, examine, has_frontrun, read_cases

SLEEPING = """
import time

total = 0

def work(amount):
    global total
    before = total
    time.sleep(0.1)
    total = before + amount
"""
COUNTERS = """
class Ticket:
    issued = 0

def make():
    n = 5
    return lambda: n

get = make()
"""
UNSAFE = Case("till_unsafe", "till_unsafe:work", [1, 2], "race", "rmw_global", with_gil=True)
SAFE = Case("till_safe", "till_safe:work", [1, 2], "none", "rmw_global", with_gil=None)


def test_every_unsafe_function_has_a_safe_twin() -> None:
    """There are at least 40 pairs with equal inputs, and a module for each case."""
    cases = {case.name: case for case in read_cases(CASES)}
    pairs = {name.rpartition("_")[0] for name in cases}
    assert len(pairs) >= 40
    for pair in pairs:
        unsafe, safe = cases[f"{pair}_unsafe"], cases[f"{pair}_safe"]
        assert (unsafe.is_unsafe, safe.verdict, safe.inputs) == (True, "none", unsafe.inputs)
    assert {path.stem for path in CASES.glob("*.py")} == cases.keys()


class TestOutcomes:
    def test_values_are_told_by_structure(self) -> None:
        """The order of a dictionary does not matter, that of an OrderedDict does; iterators tell how far they are."""
        assert text_of({"b": 1, "a": [2]}) == text_of({"a": [2], "b": 1})
        assert text_of(OrderedDict(b=1, a=2)) != text_of(OrderedDict(a=2, b=1))
        lines = iter(["x", "y"])
        before = text_of(lines)
        next(lines)
        assert text_of(lines) != before
        assert text_of(itertools.count(3)) == "count(3)"

    def test_state_in_closures_and_classes_is_compared(self, tmp_path: Path) -> None:
        """Variables of closures, attributes of classes, exceptions and files are parts of the outcome."""
        module = types.ModuleType("counters")
        exec(
            "class Ticket:\n    issued = 0\n\ndef make():\n    n = 5\n    return lambda: n\nget = make()", vars(module)
        )
        (tmp_path / "count.txt").write_text("7")
        found = outcome(module, [call(int, "x"), call(int, "3")], tmp_path)
        assert "'issued': 0" in found["global Ticket"]
        assert "'n': 5" in found["global get"]
        assert found["call 1"].startswith("raises ValueError: invalid literal")
        assert (found["call 2"], found["file count.txt"]) == ("returns 3", "b'7'")

    def test_what_differs_by_itself_is_not_compared(self) -> None:
        """An outcome is compared with every order, apart from what differs between two runs of one."""
        clock = itertools.count()

        def run(order: Sequence[int]) -> Outcome:
            return {"winner": str(order[0]), "time": str(next(clock))}

        known = SequentialOutcomes(run, 2)
        assert known.difference({"winner": "1", "time": "99"}) == ""
        assert known.difference({"winner": "2", "time": "99"}) == "winner"

    def test_a_folder_is_put_back(self, tmp_path: Path) -> None:
        """Files that were changed, added or removed, and folders, are as before."""
        (tmp_path / "kept").write_text("1")
        (tmp_path / "gone").write_text("2")
        folder = Folder(tmp_path)
        (tmp_path / "kept").write_text("changed")
        (tmp_path / "gone").unlink()
        (tmp_path / "new").mkdir()
        folder.reset()
        assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"kept": "1", "gone": "2"}


class TestReport:
    def test_the_summary_has_a_column_for_each_way(self) -> None:
        """Shares and times are of the unsafe functions; a peer that was not tried has no column."""
        found = Advised(
            "race", 1.25, 12, "lost update", with_gil=True, observed="total = 2", replayed=10, mended="none"
        )
        examined = [
            Examined(
                UNSAFE, found, Trial("global total", 3, 0.5), Trial(why_not="inconclusive: no time. More", runs=1)
            ),
            Examined(SAFE, Advised("none", 10.0, 300), Trial(runs=200), Trial("Race condition found", 1, 2.0)),
        ]
        text = document(examined)
        assert "|  | advisor | real threads | frontrun |" in text
        assert "| found of 1 unsafe | 1 (100%) | 1 (100%) | 0 (0%) |" in text
        assert "| seconds until found, worst | 1.2 | 0.5 | – |" in text
        assert "| accused of 1 safe | 0 | 0 | 1 |" in text
        assert "- mends that hold: 1 of 1" in text
        assert "- frontrun without a verdict, inconclusive: no time: 1" in text
        assert "Not as expected" not in text
        assert faults(examined) == []
        assert "|  | advisor |\n" in document([Examined(UNSAFE, found)])

    def test_every_deviation_is_told(self) -> None:
        """What was missed, accused, not replayed, not mended, or is wrong about the GIL."""
        wrong = Advised("deadlock", 1.0, 5, "deadlock", with_gil=False, observed="stuck", replayed=9, mended="race")
        examined = [Examined(UNSAFE, wrong, Trial("global total", 3)), Examined(SAFE, wrong)]
        assert list(deviations(examined[0])) == [
            "deadlock instead of race (stuck)",
            "with_gil False instead of True",
            "replayed 9 times of 10",
            "race with the mend",
            "with_gil False, but real threads show it",
        ]
        assert faults(examined) == ["1 safe functions accused", "findings not replayed", "mends that do not hold"]
        missed = [Examined(UNSAFE, Advised("failed", 1.0, why="no end within 70 s"))]
        assert list(deviations(missed[0])) == ["failed instead of race (no end within 70 s)"]
        assert faults(missed) == ["found 0 of 1"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
class TestCases:
    def test_a_race_is_found_and_replayed(self, tmp_path: Path) -> None:
        """Advisor and real threads find a race that sleeps between reading and writing."""
        (tmp_path / "till_unsafe.py").write_text(SLEEPING)
        row = {"module": "till_unsafe", "function": "work", "inputs": [1, 2], "verdict": "race", "with_gil": True}
        (tmp_path / "cases.jsonl").write_text(json.dumps({**row, "class": "rmw_global"}) + "\n")
        (case,) = read_cases(tmp_path)
        examined = examine(case, Options(folder=tmp_path))
        assert (list(deviations(examined)), faults([examined])) == ([], [])
        assert examined.advised.replayed == 10
        assert examined.threads is not None
        assert (examined.threads.found, examined.threads.why_not) == ("global total", "")
        assert examined.frontrun is None

    def test_a_safe_function_is_not_accused(self) -> None:
        """Neither advisor nor real threads find anything in a function with a lock."""
        (case,) = read_cases(CASES, ["rmw_global_till_safe"])
        examined = examine(case, Options(seconds=3.0, runs=20))
        assert list(deviations(examined)) == []
        assert examined.threads == Trial(runs=20, seconds=examined.threads.seconds if examined.threads else 0.0)

    @pytest.mark.skipif(importlib.util.find_spec("frontrun") is None, reason="needs frontrun")
    def test_frontrun_is_given_a_driver(self) -> None:
        """Frontrun finds the race in a function of a module, and none in its safe twin."""
        assert has_frontrun(sys.executable)
        for case in read_cases(CASES, ["rmw_global_till_unsafe", "rmw_global_till_safe"]):
            examined = examine(case, Options(seconds=3.0, runs=1, frontrun=sys.executable))
            assert examined.frontrun is not None
            assert (bool(examined.frontrun.found), examined.frontrun.why_not) == (case.is_unsafe, "")
