"""What calls share is found by the objects in use, and rules out the strategies that would break it."""

from __future__ import annotations

import contextlib
import contextvars
import csv
import functools
import http.client
import io
import itertools
import logging
import os
import queue
import random
import sqlite3
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

from advisor.measure.profiler import profile
from advisor.measure.shared_state import resource_use
from advisor.measure.shared_state.touched_objects import TouchedObjects
from advisor.models import Machine, Profile, Touch
from advisor.models.resources import libraries, types
from advisor.models.resources.effects import RESOURCES
from advisor.predict.shared_resources import broken_by
from advisor.target.inputs import Call

FOLDER = Path(tempfile.mkdtemp())
LOG = (FOLDER / "log.txt").open("w", buffering=1)
SINK = (FOLDER / "sink.csv").open("w", newline="")
WRITER = csv.writer(SINK)
SOURCE = Path(__file__).open()  # noqa: SIM115
BUFFER = io.StringIO()
DATABASE = sqlite3.connect(":memory:")
SHARED_DATABASE = sqlite3.connect(":memory:", check_same_thread=False)
CLIENT = http.client.HTTPConnection("127.0.0.1", 9)
NUMBERS = (number for number in range(10**9))
IDS = itertools.count()
WAITING: queue.Queue[int] = queue.Queue()
DRAW = random.Random(1)
SINKS = {"MainThread": SINK}
LOCK = threading.Lock()
PARENT = os.getpid()
LOCAL = threading.local()
MAIN_ONLY = threading.local()
MAIN_ONLY.name = "main"
SETTING = contextvars.ContextVar[int]("SETTING")
SETTING.set(1)
CONSTANT = contextvars.ContextVar[int]("CONSTANT", default=1)
TABLE = {"a": 1}
log = logging.getLogger(__name__)


class Store:
    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:")

    def read(self, number: int) -> int:
        return self.fetch(number)

    def fetch(self, number: int) -> int:
        return int(self.connection.execute("SELECT ?", (number,)).fetchone()[0])


STORE = Store()


class Report:
    def __init__(self) -> None:
        self.lock = threading.Lock()

    def add(self, number: int) -> None:
        with self.lock:
            self.write(number)

    def add_and_sign(self, number: int) -> None:
        self.add(number)
        self.write(number)

    def write(self, number: int) -> None:
        SINK.write(f"{number}\n")


REPORT = Report()


class Unbound:
    """Raises whatever is asked of it, as a request's proxy does outside of a request."""

    @property
    def __class__(self) -> type:
        raise RuntimeError("working outside of request context")

    @__class__.setter
    def __class__(self, value: type) -> None:
        raise RuntimeError("working outside of request context")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("working outside of request context")


REQUEST = Unbound()


class Lazy:
    __slots__ = ("table",)
    table: dict[int, int]

    def query(self, number: int) -> Any:
        try:
            number = self.table[number]
        except AttributeError:
            self.table = {number: number}
        return SHARED_DATABASE.execute("SELECT ?", (number,)).fetchone()


LAZY = Lazy()


def write_row(number: int) -> None:
    WRITER.writerow([number])


def write_through(number: int) -> None:
    write_row(number)


def write_under_lock(number: int) -> None:
    with LOCK:
        SINK.write(f"{number}\n")


STEPS = [write_row]


def run_steps(number: int) -> None:
    for step in STEPS:
        step(number)


def write_after_lock(number: int) -> None:
    with LOCK:
        TABLE["a"] = 1
    SINK.write(f"{number}\n")


def write_between(number: int) -> None:
    LOCK.acquire()
    try:
        SINK.write(f"{number}\n")
    finally:
        LOCK.release()


def write_in_stack(number: int) -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(LOCK)
        SINK.write(f"{number}\n")


def write_thread_name(number: int) -> None:
    name = threading.current_thread().name
    SINK.write(f"{name} {number}\n")


def write_to_own(number: int) -> None:
    name = threading.current_thread().name
    SINKS[name].write(f"{number}\n")


def query_and_log(number: int) -> Any:
    return os.getpid(), SHARED_DATABASE.execute("SELECT ?", (number,)).fetchone()


def query_in_parent(number: int) -> Any:
    pid = os.getpid()
    if pid == PARENT:
        return SHARED_DATABASE.execute("SELECT ?", (number,)).fetchone()
    return None


def write_in_request(number: int) -> Any:
    if number < 0:
        return REQUEST.path
    return SINK.write(f"{number}\n")


def write_line(number: int) -> None:
    LOG.write(f"{number}\n")


def print_to_sink(number: int) -> None:
    print(number, file=SINK)


def read_part(number: int) -> str:
    SOURCE.seek(number)
    return SOURCE.read(10)


def next_line(number: int) -> str:
    return next(SOURCE, "")


def next_line_or_own(number: int, other: str = "") -> str:
    return next(SOURCE, other)


def write_to_buffer(number: int) -> None:
    BUFFER.write(str(number))


def query(number: int) -> Any:
    return DATABASE.execute("SELECT ?", (number,)).fetchone()


def query_shared(number: int) -> Any:
    return SHARED_DATABASE.execute("SELECT ?", (number,)).fetchone()


def query_default(number: int, connection: sqlite3.Connection = DATABASE) -> Any:
    return connection.execute("SELECT ?", (number,)).fetchone()


def write_to(sink: Any, number: int) -> None:
    sink.write(f"{number}\n")


def query_store(number: int) -> int:
    return STORE.read(number)


def ask(number: int) -> None:
    CLIENT.request("GET", "/")


def take_next(number: int) -> int:
    return next(NUMBERS)


def make_id(number: int) -> int:
    return next(IDS)


def log_id(number: int) -> int:
    log.info("call %d", next(IDS))
    return number


def put(number: int) -> None:
    WAITING.put(number)


def draw(number: int) -> float:
    return DRAW.random()


def read_main_only(number: int) -> str:
    return str(MAIN_ONLY.name)


def read_setting(number: int) -> int:
    return SETTING.get()


def closing_over(sink: Any) -> Callable[[int], None]:
    def write(number: int) -> None:
        sink.write(str(number))

    return write


def decorated(function: Callable[[int], None]) -> Callable[[int], None]:
    @functools.wraps(function)
    def wrapper(number: int) -> None:
        return function(number)

    return wrapper


S, C, U = "safe", "caution", "unsafe"
FOUND: list[tuple[Callable[..., Any], str, str, tuple[str, str, str]]] = [
    (write_row, "WRITER", "file", (U, U, U)),
    (write_through, "WRITER", "file", (U, U, U)),
    (decorated(write_row), "WRITER", "file", (U, U, U)),
    (functools.partial(write_row, 1), "WRITER", "file", (U, U, U)),
    (closing_over(SINK), "sink", "file", (U, U, U)),
    (print_to_sink, "SINK", "file", (U, U, U)),
    (run_steps, "WRITER", "file", (U, U, U)),
    (write_under_lock, "SINK", "file", (S, U, U)),
    (write_after_lock, "SINK", "file", (U, U, U)),
    (write_between, "SINK", "file", (S, U, U)),
    (write_in_stack, "SINK", "file", (S, U, U)),
    (REPORT.add, "SINK", "file", (S, U, U)),
    (REPORT.add_and_sign, "SINK", "file", (U, U, U)),
    (write_thread_name, "SINK", "file", (U, U, U)),
    (write_to_own, "SINKS[…]", "file", (S, U, U)),
    (query_and_log, "SHARED_DATABASE", "connection", (C, U, S)),
    (query_in_parent, "SHARED_DATABASE", "connection", (C, S, S)),
    (write_in_request, "SINK", "file", (U, U, U)),
    (LAZY.query, "SHARED_DATABASE", "connection", (C, U, S)),
    (write_line, "LOG", "file", (U, C, C)),
    (read_part, "SOURCE", "file", (U, U, S)),
    (next_line, "SOURCE", "file", (U, U, C)),
    (next_line_or_own, "SOURCE", "file", (U, U, C)),
    (write_to_buffer, "BUFFER", "object", (U, U, U)),
    (query, "DATABASE", "connection", (U, U, S)),
    (query_default, "connection", "connection", (U, U, S)),
    (functools.partial(write_to, SINK), "sink", "file", (U, U, U)),
    (functools.partial(query_default, connection=SHARED_DATABASE), "connection", "connection", (C, U, S)),
    (query_shared, "SHARED_DATABASE", "connection", (C, U, S)),
    (query_store, "self.connection", "connection", (U, U, S)),
    (STORE.read, "self.connection", "connection", (U, U, S)),
    (ask, "CLIENT", "connection", (U, S, S)),
    (take_next, "NUMBERS", "iterator", (U, U, U)),
    (make_id, "IDS", "iterator", (U, U, U)),
    (log_id, "IDS", "iterator", (C, U, U)),
    (put, "WAITING", "queue", (S, U, U)),
    (draw, "DRAW", "random generator", (C, U, C)),
    (read_main_only, "MAIN_ONLY.name", "process state", (U, S, S)),
    (read_setting, "SETTING", "process state", (U, S, S)),
]


@pytest.mark.parametrize(
    ("function", "name", "kind", "levels"), FOUND, ids=[f"{index} {row[1]}" for index, row in enumerate(FOUND)]
)
def test_shared_objects_are_found(
    function: Callable[..., Any], name: str, kind: str, levels: tuple[str, str, str]
) -> None:
    """An object that every call uses is found wherever the code gets it from, with what breaks it."""
    (touch,) = TouchedObjects(function).touches()
    assert (touch.name, touch.kind, (touch.threads, touch.fork, touch.spawn)) == (name, kind, levels)


def own_file(number: int) -> None:
    with (FOLDER / f"{number}.txt").open("w") as file:
        file.write(str(number))


def own_connection(number: int) -> Any:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        return connection.execute("SELECT ?", (number,)).fetchone()


def thread_connection() -> sqlite3.Connection:
    if not hasattr(LOCAL, "connection"):
        LOCAL.connection = sqlite3.connect(":memory:")
    connection: sqlite3.Connection = LOCAL.connection
    return connection


def query_own_thread(number: int) -> Any:
    return thread_connection().execute("SELECT ?", (number,)).fetchone()


def own_generator(number: int) -> int:
    squares = (value * value for value in range(number))
    return sum(squares)


def own_draw(number: int) -> float:
    return random.Random(number).random()


def read_table(number: int) -> int:
    return TABLE["a"] + number


def read_environment(number: int) -> str:
    return os.environ.get("HOME", "") + str(number)


def write_log(number: int) -> None:
    log.info("number %d", number)


@functools.lru_cache
def cached(number: int) -> int:
    return number * number


def read_constant(number: int) -> int:
    return CONSTANT.get()


def print_number(number: int) -> None:
    print(number, file=sys.stderr)


def file_of_sink(number: int) -> str:
    return SINK.name


def archive_in_call(number: int) -> int:
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        archive.writestr("a", "b")
    return number


DECOYS = [
    own_file,
    own_connection,
    query_own_thread,
    own_generator,
    own_draw,
    read_table,
    read_environment,
    write_log,
    cached,
    read_constant,
    print_number,
    file_of_sink,
    archive_in_call,
]


@pytest.mark.parametrize("function", DECOYS, ids=lambda function: function.__name__)
def test_what_calls_have_for_themselves_is_not_accused(function: Callable[..., Any]) -> None:
    """Objects that each call or thread makes for itself, and those that are safe to share, are no touches."""
    touched = TouchedObjects(function)
    function(3)
    assert touched.touches() == ()


def test_a_default_that_no_call_uses_is_not_accused() -> None:
    """What every call passes is its own; one call without it uses the default that all share."""
    own = [Call((1, DATABASE)), Call((2,), {"connection": DATABASE})]
    assert TouchedObjects(query_default, own[:1]).touches() == ()
    assert TouchedObjects(query_default, own[1:]).touches() == ()
    (touch,) = TouchedObjects(query_default, [*own, Call((3,))]).touches()
    assert touch.name == "connection"


_connection: sqlite3.Connection | None = None


def query_lazily(number: int) -> Any:
    global _connection
    if _connection is None:
        _connection = sqlite3.connect(":memory:")
    return _connection.execute("SELECT ?", (number,)).fetchone()


def test_what_the_calls_open_is_opened_anew_in_each_process() -> None:
    """A connection that the first call opens is shared by threads, but not by processes."""
    touched = TouchedObjects(query_lazily)
    query_lazily(1)
    (touch,) = touched.touches()
    assert (touch.threads, touch.fork, touch.spawn) == ("unsafe", "safe", "safe")


def test_a_connection_that_refuses_to_be_asked_is_still_found() -> None:
    """Where its use cannot be judged, a resource counts as what its type is; one that is closed is none."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.set_authorizer(lambda action, *_: int(action == sqlite3.SQLITE_PRAGMA))  # 1 denies

    def ask(number: int) -> Any:
        return connection.execute("SELECT ?", (number,)).fetchone()

    (touch,) = TouchedObjects(ask).touches()
    assert (touch.name, touch.fork) == ("connection", "unsafe")
    connection.close()
    assert TouchedObjects(ask).touches() == ()


def test_unsafe_touches_rule_strategies_out() -> None:
    """A strategy that breaks what calls share is not feasible, and the reason names the object."""
    touch = Touch(name="SINK", kind="file", resource="file written", threads="safe", fork="unsafe", spawn="safe")
    profile = Profile(calls=10, wall=0.1, touches=(touch,))
    forking, spawning = Machine(cores=2, start_method="fork"), Machine(cores=2, start_method="spawn")
    assert "SINK" in broken_by("multiprocessing", profile, forking)
    assert broken_by("multiprocessing", profile, spawning) == ""
    assert broken_by("threading", profile, forking) == ""
    assert broken_by("sequential", profile, forking) == ""


@pytest.fixture(scope="module", autouse=True)
def close_files() -> Iterator[None]:
    yield
    for thing in (LOG, SINK, SOURCE, DATABASE, SHARED_DATABASE, STORE.connection):
        thing.close()


def test_the_tables_fit_together() -> None:
    """Every type, function and module names a resource that has a row, or that a function judges by its use."""
    judged = set(resource_use.JUDGES) | {""}
    keys = [*types.TYPES.values(), *types.FUNCTIONS.values(), *types.NAMED_FUNCTIONS.values(), *types.MODULES.values()]
    keys += libraries.PACKAGES.values()
    assert {key for key in keys if key not in judged} <= set(RESOURCES)
    for row in RESOURCES.values():
        for level, text in ((row.threads, row.in_threads), (row.fork, row.in_forks), (row.spawn, row.in_spawned)):
            assert (level == "safe") == (text == ""), row.key
        assert row.source.startswith("https://")
        assert row.remedy


def test_numpy_archives_are_zip_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy reads members through zipfile, which locks the file; forked workers share its position all the same."""
    numpy.savez(tmp_path / "rows.npz", first=[1, 2], second=[3, 4])
    with numpy.load(tmp_path / "rows.npz") as rows:
        monkeypatch.setitem(globals(), "ROWS", rows)
        (touch,) = TouchedObjects(read_member).touches()
    assert (touch.resource, touch.threads, touch.fork, touch.spawn) == ("archive read", "caution", "unsafe", "safe")


ROWS: Any = None


def read_member(number: int) -> int:
    return int(ROWS["first"].sum()) + number


def test_a_file_that_calls_read_and_write_by_position_is_for_one_process(tmp_path: Path) -> None:
    """Forked workers share the position, so that one writes where another has just sought."""
    with (tmp_path / "ledger").open("w+b") as ledger:

        def book(amount: int) -> int:
            ledger.seek(0)
            balance = int(ledger.read(20) or b"0")
            ledger.seek(0)
            ledger.write(b"%020d" % (balance + amount))
            ledger.flush()
            return amount

        [touch] = profile(book, range(5), budget=0.02).touches
    assert (touch.threads, touch.fork, touch.spawn) == ("unsafe", "unsafe", "unsafe")
