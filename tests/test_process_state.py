"""Calls that change the state of their process, even for a moment, are told from calls that do not."""

from __future__ import annotations

import asyncio
import contextlib
import decimal
import fcntl
import io
import locale
import os
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
from advisor.measure.shared_state.process_state import ProcessStateWatch
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


def change_folder_by_name(number: int) -> None:
    here = Path.cwd()
    chdir(FOLDER)
    chdir(here)


def test_a_change_that_the_code_names_too_is_listed_once() -> None:
    """A function that was imported by name is watched like one of its module."""
    assert changed(change_folder_by_name) == ["working directory"]
    touches = advisor.profile(change_folder_by_name, range(9), budget=0.05).touches
    assert [touch.name for touch in touches] == ["working directory"]


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
