"""What cannot be pickled: called by its name where there is one, else named with what to send instead."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections import namedtuple
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

import advisor
from advisor.api import advise_on, advise_target
from advisor.decide.pickling_remedies import OTHERWISE, REMEDIES, remedy
from advisor.measure.pickling import measure_pickling
from advisor.models import Advice, Job, Machine, Picklable, Profile, Touch
from advisor.models.request import AdviceRequest
from advisor.predict import estimator
from advisor.run.trial import TrialJob, run_trials
from advisor.target.inputs import Call

MODULE = """\
import functools, threading

def timed(function):
    def inner(number):
        return function(number)
    return inner

def compute(number):
    return sum(value * value % 7 for value in range(20_000)) + number

@timed
def decorated(number):
    return compute(number)

class Client:
    def __init__(self):
        self.lock, self.calls, self.latest, self.total, self.last_id = threading.Lock(), 0, None, 0, 0

    def weigh(self, number):
        result = compute(number)
        with self.lock:
            self.calls += 1
            self.latest = result
        return result

    def add(self, number):
        result = compute(number)
        with self.lock:
            self.total += result
        return result

    def number(self, number):
        with self.lock:
            self.last_id += 1
            return self.last_id, compute(number)

    def store(self, number):
        with self.lock:
            self.latest = compute(number)

client = Client()
locked = functools.partial(lambda lock, number: compute(number), threading.Lock())

def numbers():
    return range(200)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "weighing.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def advice_on(name: str) -> Advice:
    return advise_target(f"weighing:{name}", inputs="weighing:numbers", budget=0.6)


def infeasible(advice: Advice) -> set[str]:
    return {each.strategy for each in advice.alternatives if not each.feasible}


@pytest.mark.parametrize("name", ["decorated", "client.weigh", "Client.weigh", "locked"])
def test_a_target_with_a_name_may_run_in_processes(folder: Path, name: str) -> None:
    """Its function cannot be pickled; statistics that nothing reads are a warning, not an obstacle."""
    advice = advice_on(name)
    assert advice.profile is not None
    assert advice.profile.picklable.function is False
    assert advice.profile.is_called_by_name
    assert "multiprocessing" not in infeasible(advice)
    touches = [(touch.fork, touch.spawn) for touch in advice.profile.touches]
    assert touches == ([("caution", "caution")] if "weigh" in name else [])


@pytest.mark.parametrize("name", ["client.add", "client.number", "client.store"])
def test_an_object_that_calls_change_is_not_safe_because_it_has_a_name(folder: Path, name: str) -> None:
    """What they add up, number by or store in it would be lost in the workers."""
    assert "multiprocessing" in infeasible(advice_on(name))


@pytest.mark.slow
def test_a_trial_calls_it_by_its_name(folder: Path) -> None:
    """Forked workers have the object of their parent; the results are those of the plain loop."""
    profile = Profile(calls=50, wall=1e-3, gil_held=1e-3, wait=0.0, reached="name", picklable=Picklable(function=False))
    job, machine = Job(calls=60), Machine(cores=2)
    (folder / "values.jsonl").write_text("1\n2\n3\n")
    tried = TrialJob("weighing:client.weigh", str(folder / "values.jsonl"), profile, job, machine)
    processes = estimator.leaders(estimator.estimate(profile, job, machine))["multiprocessing"]
    rows = {row.strategy: row for row in run_trials(tried, [processes], seconds=0.5, timeout=60)}
    assert (rows["multiprocessing"].failure, rows["multiprocessing"].results) == (None, "equal")


def test_a_spawned_worker_looks_a_target_up(folder: Path) -> None:
    """It imports the module, and keeps the object for the calls that follow."""
    script = (
        "import functools, multiprocessing\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from advisor.run.worker import call_named\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('spawn')\n"
        "    with ProcessPoolExecutor(1, mp_context=context) as pool:\n"
        "        print(list(pool.map(functools.partial(call_named, 'weighing:Client.number'), [0, 0, 0])))\n"
    )
    (folder / "run_it.py").write_text(script)
    done = subprocess.run([sys.executable, "run_it.py"], capture_output=True, text=True, timeout=60, check=True)
    assert [int(number) for number in re.findall(r"\((\d+),", done.stdout)] == [1, 2, 3]


COMPUTING: dict[str, Any] = {"calls": 50, "wall": 0.1, "gil_held": 0.1, "gil_free": 0.0, "wait": 0.0}
HOST = Machine(cores=8, memory=8 * 10**9)


def pitfall(code: str, **fields: Any) -> str:
    """The text of the pitfall for a call that computes, on a host with eight cores."""
    advice = advise_on(AdviceRequest(Profile(**COMPUTING | fields), Job(calls=1000), HOST))
    return next((each.text for each in advice.warnings if each.code == code), "")


def test_the_advice_says_that_workers_look_it_up() -> None:
    """Only if the profile says that there is a name."""
    reasons = {"function": "cannot pickle '_thread.lock' object"}
    fields = {"picklable": Picklable(function=False, reasons=reasons), "target": "m:client.weigh"}
    assert "m:client.weigh cannot be pickled" in pitfall("called-by-name", reached="name", **fields)
    assert pitfall("unpicklable-function", reached="name", **fields) == ""
    for reached in ("program", None):
        assert pitfall("called-by-name", reached=reached, **fields) == ""
        assert "Then 8 processes would take" in pitfall("unpicklable-function", reached=reached, **fields)


def test_the_gain_of_processes_is_named_once_and_only_if_they_are_safe() -> None:
    """With the last obstacle of several; not where the calls share what processes break, or too little memory."""
    both = Picklable(arguments=False, results=False)
    assert "Then" not in pitfall("unpicklable-arguments", picklable=both)
    assert "Then 8 processes would take about 13 s instead of 100 s." in pitfall("unpicklable-result", picklable=both)
    only = Picklable(arguments=False)
    assert "Then 8 processes" in pitfall("unpicklable-arguments", picklable=only)
    sink = Touch(name="SINK", kind="file", fork="unsafe", spawn="unsafe")
    assert "Then" not in pitfall("unpicklable-arguments", picklable=only, touches=(sink,))
    assert "Then" not in pitfall("unpicklable-arguments", picklable=only, peak_memory=7 * 10**9)


def reason_of(thing: object) -> str:
    """Pickle's words about an argument."""
    fields = measure_pickling(len, [Call((1, thing))], [thing], 0.01)
    picklable: Picklable = fields["picklable"]
    assert (picklable.arguments, picklable.results) == (False, False)
    return picklable.reasons["arguments"]


def sqlite_cursor() -> Any:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute("SELECT 1 AS number")


def sqlite_row() -> Any:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute("SELECT 1 AS number").fetchone()


def pandas_row() -> Any:
    pandas = pytest.importorskip("pandas")
    return next(pandas.DataFrame({"number": [1]}).itertuples())


def element() -> Any:
    return pytest.importorskip("lxml.etree").fromstring("<a/>")


def parsed_document() -> Any:
    return pytest.importorskip("lxml.etree").ElementTree(element())


MARKER = object()


def is_marker(values: list[Any]) -> bool:
    return any(value is MARKER for value in values)


class PickyError(Exception):
    def __init__(self, name: str, size: int) -> None:
        super().__init__(f"{name} is too large: {size}")


class Holder:
    def __init__(self) -> None:
        self.lock = threading.Lock()


@pytest.mark.parametrize(
    ("make", "argument", "result"),
    [
        (pandas_row, "use itertuples(name=None)", "return tuple(row)"),
        (sqlite_row, "tuple(row)", "tuple(row)"),
        (sqlite_cursor, "in the pool's initializer", "rows"),
        (lambda: Path(os.devnull).open(), "pass the path", "the content"),  # noqa: SIM115
        (lambda: csv.writer(io.StringIO()), "pass the path", "the path"),
        (lambda: zipfile.ZipFile(io.BytesIO(), "w"), "the path and the name of the part", "bytes"),
        (lambda: (number for number in range(3)), "list(values)", "list(values)"),
        (lambda: {1: 2}.keys(), "list(values)", "list(values)"),
        (lambda: lambda: 0, "replace the lambda", "instead of the lambda"),
        (lambda: namedtuple("Other", "number")(1), "plain tuple", "plain tuple"),
        (Holder, "__getstate__", "without the object that holds the lock"),
        (element, "parse it in the call", "text and numbers"),
        (parsed_document, "parse it in the call", "text and numbers"),
        (lambda: re.match("a", "a"), "match.groups()", "match.groups()"),
        (lambda: memoryview(b"a"), "bytes(view)", "bytes(view)"),
        (lambda: PickyError("page", 3), "__reduce__", "__reduce__"),
        (Future, "future.result()", "future.result()"),
        (lambda: os, "import the module", "the module's name"),
    ],
)
def test_each_kind_of_object_has_its_remedy(make: Callable[[], Any], argument: str, result: str) -> None:
    """By pickle's own words, and by the type of the object in which it found what it cannot pickle."""
    thing = make()
    found = remedy(reason_of(thing))
    assert argument in found.argument
    assert result in found.result
    if isinstance(thing, io.IOBase):
        thing.close()


def test_a_marker_is_not_sent_since_pickling_makes_another_object_of_it() -> None:
    """`value is MARKER` is false of what a worker gets; anywhere in an argument or a result."""
    profile = advisor.profile(is_marker, [[1, MARKER], [2]], budget=0.05)
    assert profile.picklable.arguments is False
    assert "MARKER is an object() that is compared by identity" in profile.picklable.reasons["arguments"]
    nested = [[[0] * 100] * 100] * 100  # more than is looked through
    nested.append(nested)
    later = measure_pickling(is_marker, [Call((nested,)), Call(([0, MARKER],))], [], 0.0)
    assert "MARKER is an object()" in later["picklable"].reasons["arguments"]


def test_what_pickle_does_not_name_is_named() -> None:
    """The argument, or the element of one, that has what cannot be pickled."""
    assert reason_of(Holder()) == f"cannot pickle '_thread.lock' object, in {__name__}.Holder"
    assert reason_of([{"holder": (1, Holder())}]) == reason_of(Holder())
    assert reason_of(threading.Lock()) == "cannot pickle '_thread.lock' object"


class Refusing:
    """Raises, when it is pickled, an exception of the given class and text."""

    def __init__(self, kind: type[Exception], text: str) -> None:
        self.error = kind, text

    def __reduce__(self) -> Any:
        kind, text = self.error
        raise kind(text)


class MuteError(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ((MuteError, ""), "MuteError: MuteError, in "),
        ((ValueError, "\udc80 is no byte"), "ValueError: \\udc80 is no byte, in "),
        ((TypeError, "\n"), "TypeError, in "),
    ],
)
def test_whatever_pickling_raises_is_told(error: tuple[type[Exception], str], reason: str) -> None:
    """Exceptions without a text, or with one that JSON cannot hold."""
    assert reason_of(Refusing(*error)).startswith(reason)


def test_remedies_are_found_by_words_that_compile() -> None:
    """Everything else gets a general one."""
    assert all(re.compile(row.pattern) for row in REMEDIES)
    assert remedy("they cannot be pickled") is OTHERWISE
    assert remedy("Can't pickle <class 'pandas.core.frame.DataFrame'>: it's not the same object").argument.startswith(
        "bind its class"
    )


def test_a_saved_profile_may_say_less() -> None:
    """Without knowing whether the target has a name, it stays infeasible."""
    unknown = Profile.model_validate_json(json.dumps({**COMPUTING, "picklable": {"function": False}}))
    assert not unknown.is_called_by_name
    assert unknown.unpicklable_parts == ("function",)


def test_a_single_result_costs_as_much_as_each_further_one() -> None:
    """Where only arguments are known to have something in common, results still cost what they cost alone."""
    result = [[number] for number in range(1_000)]
    fields = measure_pickling(len, [Call((number,)) for number in range(5)], [result], 0.5)
    assert fields["further_result_bytes"] is None
    assert fields["further_pickle_seconds"] > 0.5 * fields["pickle_seconds"]
