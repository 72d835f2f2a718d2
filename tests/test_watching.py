"""Watching calls leaves the program as it is, and charges calls with nothing but their own doing."""

from __future__ import annotations

import asyncio
import copy
import decimal
import importlib
import io
import os
import pickle
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from advisor.measure.shared_state.process_state import ProcessStateWatch
from advisor.target.inputs import Call

FOLDER = Path(tempfile.mkdtemp())


def watch_calls(function: Callable[[int], Any]) -> ProcessStateWatch:
    """Watch two calls with different arguments."""
    watch = ProcessStateWatch()
    for number in range(2):
        with watch.inspect_call(Call((number,))):
            function(number)
    return watch


def changed(function: Callable[[int], Any]) -> list[str]:
    """Return the names of what two calls change."""
    return [touch.name for touch in watch_calls(function).touches()]


def write_scratch(number: int) -> None:
    (FOLDER / "scratch.txt").write_text(str(number))


def test_nothing_is_left_behind() -> None:
    """Watching ends with the call."""
    functions = (os.chdir, os.putenv, os.umask, open, io.open, type(sys), type(warnings), *sys.meta_path)
    changed(write_scratch)
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


def test_modules_imported_within_a_call_keep_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither functions that watching replaces, nor what it replaces them with."""
    (tmp_path / "late_names.py").write_text("from os import chdir, open\nfrom locale import setlocale\n")
    monkeypatch.syspath_prepend(tmp_path)
    changed(lambda _: importlib.import_module("late_names"))
    late = sys.modules.pop("late_names")
    assert [type(late.chdir), type(late.open), type(late.setlocale)] == [type(os.chdir), type(os.open), type(changed)]


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
            (FOLDER / f"{number}.txt").write_text(str(number))
    assert watch.touches() == ()
    assert Shown.count == 0


def test_what_other_threads_do_is_not_charged_to_the_calls() -> None:
    """A thread that ran before is none of theirs, and one that a call starts is."""
    begins, done = threading.Barrier(2), threading.Barrier(2)

    def beat() -> None:
        for number in range(2):
            begins.wait()
            write_scratch(number)
            os.environ["ADVISOR_TEST_BEAT"] = str(number)
            before, sys.stderr = sys.stderr, io.StringIO()
            sys.stderr = before
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


def test_files_that_are_written_are_traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they are opened, and not those that are only read, or gone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "read.txt").write_text("")

    def write(number: int) -> None:
        Path("by_path.txt").write_text(str(number))
        with Path("opened.txt").open("a"), Path("read.txt").open(), tempfile.NamedTemporaryFile(dir="."):
            os.close(os.open("by_os.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC))

    watch = watch_calls(write)
    assert watch.traces.wrote(()) == ("by_os.txt", "by_path.txt", "opened.txt")


def test_connections_are_traced_when_they_are_made() -> None:
    """What is refused is no connection; what an event loop makes is one."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refusing = closed.getsockname()
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:

        def connect(number: int) -> None:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(refusing)
            socket.create_connection(first.getsockname()).close()
            asyncio.run(connect_asynchronously())

        async def connect_asynchronously() -> None:
            _, writer = await asyncio.open_connection(*second.getsockname())
            writer.close()
            await writer.wait_closed()

        watch = watch_calls(connect)
        made = {f"127.0.0.1:{server.getsockname()[1]}" for server in (first, second)}
    assert set(watch.traces.connected()) == made


IS_PRECISE = False


def set_precision_once(number: int) -> None:
    global IS_PRECISE
    if not IS_PRECISE:
        decimal.getcontext().prec = 50
        IS_PRECISE = True


def set_precision(number: int) -> None:
    decimal.getcontext().prec = 50


def set_other_precision(number: int) -> None:
    decimal.getcontext().prec = 50 + number


@pytest.mark.parametrize(
    ("function", "names"),
    [(set_precision_once, ["decimal context"]), (set_precision, []), (set_other_precision, [])],
)
def test_what_the_first_call_sets_is_missing_in_other_threads(
    function: Callable[[int], Any], names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread has its own decimal context, which is fine if each call sets it."""
    monkeypatch.setitem(globals(), "IS_PRECISE", False)
    with decimal.localcontext():
        assert changed(function) == names


def add_after_a_look(number: int) -> None:
    path = FOLDER / "rows.csv"
    is_new = not path.exists()
    with path.open("a") as rows:
        rows.write("number\n" * is_new + f"{number}\n")


def add(number: int) -> None:
    with (FOLDER / "lines.txt").open("a") as lines:
        lines.write(f"{number}\n")


def add_once(number: int) -> None:
    path = FOLDER / f"{number}.txt"
    if not path.exists():
        path.write_text("")


@pytest.mark.parametrize(("function", "names"), [(add_after_a_look, ["rows.csv"]), (add, []), (add_once, [])])
def test_calls_that_look_for_a_file_may_begin_it_twice(function: Callable[[int], Any], names: list[str]) -> None:
    """Two calls find no file yet, and both write the header; lines alone can be added in any order."""
    assert [Path(name).name for name in changed(function)] == names
