"""Calls that change the state of their process, even for a moment, are told from calls that do not."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import decimal
import fcntl
import importlib
import io
import locale
import os
import pickle
import random
import signal
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from decimal import Decimal
from io import open  # noqa: UP029  (as older code has it)
from os import chdir
from pathlib import Path
from typing import Any

import pytest

import advisor
from advisor.measure.process_state import ProcessStateWatch
from advisor.target.inputs import Call

FOLDER = Path(tempfile.mkdtemp())


def changed(function: Callable[[int], Any], calls: int = 2) -> list[str]:
    """Return the names of what two calls with different arguments change."""
    watch = ProcessStateWatch()
    for number in range(calls):
        with watch.inspect_call(Call((number,))):
            function(number)
    return [touch.name for touch in watch.touches()]


def change_folder(number: int) -> None:
    with contextlib.chdir(FOLDER):
        pass


def set_variable(number: int) -> None:
    os.environ["ADVISOR_TEST"] = str(number)


def set_variable_and_back(number: int) -> None:
    os.environ["ADVISOR_TEST_2"] = "1"
    del os.environ["ADVISOR_TEST_2"]


def capture(number: int) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        print(number)


def swap_stderr(number: int) -> None:
    before, sys.stderr = sys.stderr, io.StringIO()
    sys.stderr = before


def handle_signal(number: int) -> None:
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, before)


def set_umask(number: int) -> None:
    os.umask(os.umask(0o077))


def set_locale(number: int) -> None:
    locale.setlocale(locale.LC_NUMERIC, "C")


def set_timeout(number: int) -> None:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(1.0)
    socket.setdefaulttimeout(before)


def record_warnings(number: int) -> int:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("one", stacklevel=1)
    return len(caught)


def raise_warnings(number: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", BytesWarning)


def extend_path(number: int) -> None:
    sys.path.append(f"/nowhere/{number}")


def write_scratch(number: int) -> None:
    (FOLDER / "scratch.txt").write_text(str(number))


def write_by_io(number: int) -> None:
    with open(FOLDER / "io.txt", "w") as file:  # noqa: UP020  (the name imported here)
        file.write(str(number))


def write_by_os(number: int) -> None:
    os.close(os.open(FOLDER / "os.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC))


def write_with_temporary_file(number: int) -> None:
    with tempfile.TemporaryFile(dir=FOLDER):
        write_scratch(number)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (change_folder, "working directory"),
        (set_variable, "environment"),
        (set_variable_and_back, "environment"),
        (capture, "standard streams"),
        (swap_stderr, "standard streams"),
        (handle_signal, "signal handlers"),
        (set_umask, "umask"),
        (set_locale, "locale"),
        (set_timeout, "socket time-out"),
        (record_warnings, "warning filters"),
        (raise_warnings, "warning filters"),
        (extend_path, "import path"),
        (write_scratch, str(FOLDER / "scratch.txt")),
        (write_with_temporary_file, str(FOLDER / "scratch.txt")),
        (write_by_io, str(FOLDER / "io.txt")),
        (write_by_os, str(FOLDER / "os.txt")),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_changes_of_the_process_are_noted(
    function: Callable[[int], Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a call changes is noted, whether it restores it or not."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert changed(function) == [name]


def read_variable(number: int) -> str:
    return os.environ.get("HOME", "") + str(Path.cwd())


def set_same_variable(number: int) -> None:
    os.environ["ADVISOR_TEST_3"] = "1"


def write_own(number: int) -> None:
    (FOLDER / f"{number}.txt").write_text(str(number))


def write_own_of_thread(number: int) -> None:
    (FOLDER / f"{threading.get_ident()}.txt").write_text(str(number))


def append(number: int) -> None:
    with (FOLDER / "log.txt").open("a") as file:
        file.write(f"{number}\n")


def write_under_file_lock(number: int) -> None:
    with (FOLDER / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)


def ignore_warnings(number: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")


def compute_precisely(number: int) -> Decimal:
    with decimal.localcontext() as context:
        context.prec = 50
        return Decimal(1) / (number + 3)


def read_locale(number: int) -> str:
    return locale.setlocale(locale.LC_NUMERIC)


def run_coroutine(number: int) -> None:
    asyncio.run(asyncio.sleep(0))


def print_to_buffer(number: int) -> str:
    buffer = io.StringIO()
    print(number, file=buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "function",
    [
        read_variable,
        set_same_variable,
        write_own,
        write_own_of_thread,
        append,
        write_under_file_lock,
        ignore_warnings,
        compute_precisely,
        read_locale,
        print_to_buffer,
        run_coroutine,
    ],
    ids=lambda function: function.__name__,
)
def test_what_leaves_the_process_as_it_is_is_not_accused(function: Callable[[int], Any]) -> None:
    """Reading, repeating the same setting, and files of the call's own are no changes."""
    assert changed(function) == []


def test_setting_up_is_no_change() -> None:
    """What only the first call changes is done once, but a signal handler cannot be set in a thread at all."""
    folders, handlers = iter([FOLDER]), iter([signal.SIG_IGN])
    here = Path.cwd()
    try:
        assert changed(lambda _: [os.chdir(folder) for folder in folders]) == []
        before = signal.getsignal(signal.SIGUSR2)
        assert changed(lambda _: [signal.signal(signal.SIGUSR2, handler) for handler in handlers]) == [
            "signal handlers"
        ]
        signal.signal(signal.SIGUSR2, before)
    finally:
        os.chdir(here)


def test_nothing_is_left_behind() -> None:
    """Watching ends with the call."""
    functions = (os.chdir, os.putenv, os.umask, open, io.open, type(sys), type(warnings), *sys.meta_path)
    changed(change_folder)
    assert (os.chdir, os.putenv, os.umask, open, io.open, type(sys), type(warnings), *sys.meta_path) == functions


def test_the_import_path_stays_the_same_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that has the list itself, from before or from an import within the call, changes what imports use."""
    (tmp_path / "folders.py").write_text("from sys import path\n")
    (tmp_path / "found_late.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    path, places = sys.path, []

    def import_elsewhere(number: int) -> None:
        path.insert(0, str(tmp_path / str(number)))
        places.append(importlib.import_module("folders").path)
        sys.modules.pop("found_late", None)
        importlib.import_module("found_late")
        path.pop(0)

    try:
        assert changed(import_elsewhere) == ["import path"]
        assert all(place is path is sys.path for place in places)
    finally:
        sys.modules.pop("folders", None)
        sys.modules.pop("found_late", None)


def test_watched_modules_are_pickled_as_ever() -> None:
    """As cloudpickle does with the globals of a function."""
    cloudpickle = pytest.importorskip("cloudpickle")

    def pickle_modules(number: int) -> None:
        assert cloudpickle.loads(cloudpickle.dumps([sys, warnings])) == [sys, warnings]
        assert pickle.loads(pickle.dumps(sys.path)) == sys.path
        assert type(copy.copy(sys.path)) is list

    assert changed(pickle_modules) == []


def test_watched_functions_equal_the_originals() -> None:
    """So that code that asks what the platform supports gets the same answer."""
    answers = []
    changed(lambda _: answers.append((os.open in os.supports_dir_fd, os.chdir in os.supports_fd)))
    assert answers == 2 * [(os.open in os.supports_dir_fd, os.chdir in os.supports_fd)]


def test_modules_imported_within_a_call_keep_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither functions that watching replaces, nor what it replaces them with."""
    (tmp_path / "late_names.py").write_text("from os import chdir, open\nfrom locale import setlocale\n")
    monkeypatch.syspath_prepend(tmp_path)
    changed(lambda _: importlib.import_module("late_names"))
    late = sys.modules.pop("late_names")
    assert [type(late.chdir), type(late.open), type(late.setlocale)] == [type(os.chdir), type(os.open), type(changed)]


def change_folder_by_name(number: int) -> None:
    here = Path.cwd()
    chdir(FOLDER)
    chdir(here)


def test_a_change_that_the_code_names_too_is_listed_once() -> None:
    """A function that was imported by name is watched like one of its module."""
    assert changed(change_folder_by_name) == ["working directory"]
    touches = advisor.profile(change_folder_by_name, range(9), budget=0.05).touches
    assert [touch.name for touch in touches] == ["working directory"]


def test_what_other_threads_do_is_not_charged_to_the_calls() -> None:
    """A thread that ran before is none of theirs, and one that a call starts is."""
    begins, done = threading.Barrier(2), threading.Barrier(2)

    def beat() -> None:
        for number in range(2):
            begins.wait()
            write_scratch(number)
            set_variable(number)
            swap_stderr(number)
            done.wait()

    def wait_for_beat(number: int) -> None:
        begins.wait()
        done.wait()

    def write_in_thread(number: int) -> None:
        thread = threading.Thread(target=write_scratch, args=(number,))
        thread.start()
        thread.join()

    thread = threading.Thread(target=beat)
    thread.start()
    assert changed(wait_for_beat) == []
    thread.join()
    assert changed(write_in_thread) == [str(FOLDER / "scratch.txt")]


class Shown:
    count = 0

    def __repr__(self) -> str:
        Shown.count += 1
        return f"argument {Shown.count}"


def test_arguments_are_compared_only_for_a_file_that_both_calls_write() -> None:
    """The text of large arguments takes long."""
    rows = Shown()
    watch = ProcessStateWatch()
    for number in range(2):
        with watch.inspect_call(Call((number, rows))):
            write_own(number)
    assert watch.touches() == ()
    assert Shown.count == 0


def seed_and_draw(number: int) -> float:
    random.seed(number)
    return random.random()


def add_exactly(number: int) -> Decimal:
    return Decimal(number) / 7


def test_the_profile_lists_seeds_and_the_decimal_context() -> None:
    """A call that seeds the global generator, and a decimal context that other threads do not have, are touches."""
    names = [touch.name for touch in advisor.profile(seed_and_draw, range(9), budget=0.05).touches]
    assert names == ["random seed"]
    assert advisor.profile(add_exactly, range(9), budget=0.05).touches == ()
    before = decimal.getcontext().prec
    decimal.getcontext().prec = 50
    try:
        names = [touch.name for touch in advisor.profile(add_exactly, range(9), budget=0.05).touches]
        assert names == ["decimal context"]
        assert advisor.profile(compute_precisely, range(9), budget=0.05).touches == ()
    finally:
        decimal.getcontext().prec = before
