"""The target is tried in a subinterpreter before one is offered: see docs/other-interpreters.md."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from advisor import profile
from advisor.measure.interpreter_check import AVAILABLE, check_interpreter
from advisor.measure.sandboxed_profiler import profile_target
from advisor.models import InterpreterCheck, Job, Machine, Profile, Python
from advisor.predict.estimator import estimate
from advisor.target.bounded_process import Ended, run_bounded
from advisor.target.inputs import Call

needs_interpreters = pytest.mark.skipif(not AVAILABLE, reason="no subinterpreters before Python 3.14")
MODULE = """
import os, threading, time

def in_subinterpreter():
    from concurrent import interpreters
    return interpreters.get_current() != interpreters.get_main()

def compute(number):
    return sum(range(number))

def greet(number):
    print("number", number)

def with_daemon(number):
    thread = threading.Thread(target=compute, args=(number,), daemon=True)
    thread.start()
    thread.join()

def use(thing):
    return str(thing)

def crash(number):
    if in_subinterpreter():
        import ctypes
        ctypes.string_at(0)

def leave(number):
    if in_subinterpreter():
        os._exit(3)

def hang(number):
    while in_subinterpreter():
        time.sleep(0.1)

def return_lock(number):
    return threading.Lock() if in_subinterpreter() else None

def append(path):
    with open(path, "a") as file:
        file.write("called\\n")

def insist(path):
    for _ in range(3):
        try:
            append(path)
        except Exception:
            time.sleep(10)

def take_all(numbers):
    numbers.pop()

def load_lazily(number):
    import readline
    return number

class Table:
    def look_up(self, number):
        return number

class Client(Table):
    def __init__(self):
        self.lock = threading.Lock()

client = Client()
"""
NEEDS_REFUSED = """
import readline

def use(number):
    return number
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module that subinterpreters can import, since it is light."""
    (tmp_path / "light_work.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "needs_refused.py").write_text(NEEDS_REFUSED, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "light_work", raising=False)
    monkeypatch.delitem(sys.modules, "needs_refused", raising=False)
    return importlib.import_module("light_work")


def measured(**fields: Any) -> Profile:
    """Return a profile of quick calls."""
    python = Python(version="3.14.0")
    return Profile.model_validate({"calls": 9, "wall": 1e-3, "gil_held": 1e-3, "python": python, **fields})


def check(function: Callable[..., Any], *args: Any, patience: float = 30.0, **fields: Any) -> InterpreterCheck | None:
    """Try one call in a subinterpreter."""
    return check_interpreter(measured(**fields), function, [Call(args)], budget=3.0, patience=patience)


def test_what_fails_in_a_subinterpreter_is_not_offered() -> None:
    """The reason is given, and other strategies do not depend on it."""
    failed = measured(interpreters=InterpreterCheck(failure="numpy cannot be imported"))
    machine = Machine(cores=8, python=Python(version="3.14.0"))
    estimates = estimate(failed, Job(calls=100_000), machine)
    assert {each.why for each in estimates if each.strategy == "interpreters"} == {"numpy cannot be imported"}
    assert {each.strategy for each in estimates if each.feasible} == {"sequential", "threading", "multiprocessing"}


@pytest.mark.parametrize("tried", [None, InterpreterCheck(), InterpreterCheck(called=True)])
def test_what_works_in_a_subinterpreter_is_offered(tried: InterpreterCheck | None) -> None:
    """A profile that was never tried, as one from an older Python, counts as working."""
    machine = Machine(cores=8, python=Python(version="3.14.0"))
    estimates = estimate(measured(interpreters=tried), Job(calls=100_000), machine)
    assert all(each.feasible for each in estimates if each.strategy == "interpreters")


@pytest.mark.skipif(AVAILABLE, reason="there are subinterpreters")
def test_nothing_is_tried_without_subinterpreters(work: Any) -> None:
    """Before 3.14 a profile says nothing of them."""
    assert check(work.compute, 100) is None


@needs_interpreters
@pytest.mark.parametrize("name", ["compute", "greet", "Table.look_up"])
def test_a_call_that_works(work: Any, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The call is made there too, and prints nothing here."""
    function = work.Table().look_up if name == "Table.look_up" else getattr(work, name)
    assert check(function, 100) == InterpreterCheck(called=True)
    assert capfd.readouterr() == ("", "")


@needs_interpreters
def test_a_target_that_is_reached_by_name(work: Any) -> None:
    """What cannot be pickled is looked up, if it has a name."""
    unpicklable = {"picklable": {"function": False}}
    named = check(work.client.look_up, 100, target="light_work:client.look_up", **unpicklable)
    assert named == InterpreterCheck(called=True)
    assert check(work.Client().look_up, 100, **unpicklable) is None


@needs_interpreters
def test_measuring_tries_the_target(work: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both `profile` and a target on the command line are tried."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inputs.jsonl").write_text("10\n20\n", encoding="utf-8")
    measured = profile_target("light_work:compute", inputs="inputs.jsonl", budget=0.2)
    for tried in (profile(work.compute, [10, 20], budget=0.2).interpreters, measured.profile.interpreters):
        assert tried is not None
        assert tried.failure is None


@needs_interpreters
def test_a_module_that_refuses(work: Any) -> None:
    """The reason names the package that cannot be imported, wherever it is imported."""
    pytest.importorskip("readline")
    needs_refused = importlib.import_module("needs_refused")
    reason = "readline cannot be imported in a subinterpreter: module readline does not support loading"
    for function in (needs_refused.use, work.load_lazily):
        tried = check(function, 1)
        assert tried is not None
        assert str(tried.failure).startswith(reason)
    slow = check(work.load_lazily, 1, first_call=2.0, modules=("readline", "light_work"))
    assert slow is not None
    assert not slow.called
    assert str(slow.failure).startswith(reason)


@needs_interpreters
def test_arrays_need_numpy_there(work: Any) -> None:
    """Arguments are tried as well as the function."""
    numpy = pytest.importorskip("numpy")
    tried = check(work.use, numpy.arange(3))
    assert tried is not None
    assert str(tried.failure).startswith("numpy cannot be imported in a subinterpreter: ")


@needs_interpreters
@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("with_daemon", "a call in a subinterpreter raises RuntimeError: daemon threads are disabled"),
        ("return_lock", "pickling the result in a subinterpreter raises TypeError: cannot pickle"),
        ("leave", "a call in a subinterpreter ended the process with status 3"),
        ("crash", "a call in a subinterpreter crashed the process with SIGSEGV"),
    ],
)
def test_a_call_that_fails(work: Any, name: str, failure: str) -> None:
    """Whatever the call does there, this process survives and says what it was."""
    tried = check(getattr(work, name), 1)
    assert tried is not None
    assert str(tried.failure).startswith(failure)


@needs_interpreters
def test_a_call_that_hangs_is_ended(work: Any) -> None:
    """No process is left."""
    before = psutil.Process().children(recursive=True)
    tried = check(work.hang, 1, patience=2.0)
    assert tried == InterpreterCheck(called=True, failure="a call in a subinterpreter did not end within 2 s")
    assert psutil.Process().children(recursive=True) == before


@needs_interpreters
def test_what_cannot_be_sent(work: Any) -> None:
    """Sockets are sent to processes, but not to subinterpreters."""
    import socket

    with socket.socket() as connection:
        tried = check(work.use, connection)
    reason = "the arguments cannot be sent to a subinterpreter: cannot pickle 'socket' object"
    assert tried == InterpreterCheck(failure=reason)


@needs_interpreters
@pytest.mark.parametrize("name", ["append", "insist"])
def test_a_call_never_writes_files(work: Any, tmp_path: Path, name: str) -> None:
    """What acts on anything outside is prevented, and the call counts as not made."""
    file = tmp_path / "log.txt"
    assert check(getattr(work, name), str(file)) == InterpreterCheck()
    assert not file.exists()


@needs_interpreters
@pytest.mark.parametrize(
    "fields",
    [
        {"wall": 5.0, "gil_held": 5.0},
        {"first_call": 5.0},
        {"side_effects": {"changed": ("argument numbers",)}},
        {"side_effects": {"threads_left": ("worker",)}},
        {"touches": ({"name": "DATABASE", "kind": "connection"},)},
    ],
)
def test_a_call_is_made_only_where_it_is_quick_and_alone(work: Any, fields: dict[str, Any]) -> None:
    """Slow calls, and those that would not find what the others found, are not made; the target is imported."""
    assert check(work.take_all, [], **fields) == InterpreterCheck()


@needs_interpreters
@pytest.mark.parametrize(
    "fields",
    [{"coroutine": True}, {"picklable": {"arguments": False}}, {"picklable": {"results": False}}],
)
def test_nothing_is_tried_where_it_is_ruled_out_anyway(work: Any, fields: dict[str, Any]) -> None:
    """Coroutines, and arguments and results that cannot be pickled, never go to subinterpreters."""
    assert check(work.compute, 1, **fields) is None


@needs_interpreters
@pytest.mark.parametrize(
    ("imported", "body", "failure"),
    [
        ("json", "sum(range(n))", None),
        ("readline", "sum(range(n))", None),
        ("json", "helper(n)", None),
        ("readline", "helper(n)", "readline cannot be imported"),
        ("readline", "len(str(readline)) + n", "readline cannot be imported"),
    ],
)
def test_functions_of_the_main_script(tmp_path: Path, imported: str, body: str, failure: str | None) -> None:
    """A subinterpreter runs the script to find a function that uses its globals."""
    pytest.importorskip(imported)
    script = tmp_path / "script.py"
    script.write_text(
        f"import advisor, {imported}\n"
        "class Proxy:\n    @property\n    def __class__(self):\n        raise RuntimeError('not bound')\n"
        "proxy = Proxy()\n"
        "def helper(n):\n    return n\n"
        f"def work(n):\n    return {body}\n"
        "if __name__ == '__main__':\n"
        "    print(advisor.profile(work, [1, 2], budget=0.1).interpreters.failure)\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith(str(failure))


def test_a_command_ends_in_time() -> None:
    """Its output until then counts, and its status does not."""
    assert run_bounded(["sh", "-c", "cat; exit 3"], 30.0, text=b"hello") == Ended(b"hello", 3)
    assert run_bounded(["sh", "-c", "cat; sleep 60"], 1.0, text=b"hello") == Ended(b"hello", None)
    assert run_bounded(["/no/such/command"], 1.0) is None
