"""Shared objects are found behind the user's own objects, containers, aliases and decorators, and only those in use."""

from __future__ import annotations

import contextlib
import dataclasses
import email.generator
import functools
import gc
import io
import logging
import random
import sqlite3
import sys
import tempfile
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import advisor
from advisor.measure.shared_state import file_positions
from advisor.measure.shared_state.touched_objects import TouchedObjects

FOLDER = Path(tempfile.mkdtemp())
SINK = (FOLDER / "rows.txt").open("w")
SOURCE = Path(__file__).open()  # noqa: SIM115
DATABASE = sqlite3.connect(":memory:", check_same_thread=False)
LOCK = threading.Lock()


class Writer:
    sink = SINK

    def __init__(self) -> None:
        self.handle = SINK
        self.limit = 10

    def put(self, number: int) -> None:
        self.handle.write(f"{number}\n")

    def double(self, number: int) -> int:
        return number * 2 + self.limit

    def put_all(self, numbers: list[int]) -> None:
        [self.handle.write(f"{number}\n") for number in numbers]

    def put_by_class(self, number: int) -> None:
        type(self).sink.write(f"{number}\n")

    def __enter__(self) -> Writer:
        self.handle.write("{")
        return self

    def __exit__(self, *error: object) -> None:
        self.handle.write("}")

    @functools.singledispatchmethod
    def put_any(self, value: object) -> None:
        raise TypeError(value)

    @put_any.register
    def _(self, value: int) -> None:
        self.handle.write(f"{value}\n")


class CarefulWriter(Writer):
    def put(self, number: int) -> None:
        super().put(abs(number))


class Report(Writer):
    def write(self, text: str) -> None:
        self.handle.write(text)

    def append(self, number: int) -> None:
        self.handle.write(f"{number}\n")

    def __setitem__(self, number: int, text: str) -> None:
        self.handle.write(f"{number} {text}\n")

    def __contains__(self, number: int) -> bool:
        return bool(self.handle.write(f"{number}\n"))


class OwnWriter(Writer):
    def __init__(self, number: int) -> None:
        self.handle = (FOLDER / f"own {number}.txt").open("w")
        self.limit = number

    def put(self, number: int) -> None:
        with self.handle:
            self.handle.write(f"{number}\n")


@dataclasses.dataclass(slots=True)
class Slotted:
    inner: Writer


Settings = namedtuple("Settings", "sink limit")
WRITER = Writer()
CAREFUL = CarefulWriter()
REPORT = Report()
WRITERS = [Writer()]
BY_NAME = {"main": Writer(), "limit": 3}
NESTED = {"out": {"sink": SINK, "name": "rows"}, "limit": 3}
SLOTTED = Slotted(WRITER)
SETTINGS = Settings(SINK, 3)
emit = SINK.write
METHODS = [emit]
execute = DATABASE.execute
randint = random.randint
LOGS = {"main": logging.getLogger(__name__)}
SOURCES = {"self": SOURCE}
GENERATOR = email.generator.Generator(SINK)
LOG = logging.getLogger("reachable")
LOG.propagate = False
LOG.addHandler(logging.FileHandler(FOLDER / "log.txt"))


def by_key(number: int) -> None:
    BY_NAME["main"].put(number)  # type: ignore[attr-defined]


def by_get(number: int) -> None:
    BY_NAME.get("main").put(number)  # type: ignore[union-attr]


def by_number(number: int) -> None:
    WRITERS[number % 1].put(number)


def by_loop(number: int) -> None:
    for writer in WRITERS:
        writer.put(number)


def by_comprehension(number: int) -> None:
    [writer.put(number) for writer in WRITERS]


def by_values(number: int) -> None:
    for name, writer in BY_NAME.items():
        if name == "main":
            writer.put(number)  # type: ignore[attr-defined]


def by_local_name(number: int) -> None:
    writer = WRITER
    writer.put(number)


def by_default(number: int, writer: Writer = WRITER) -> None:
    writer.put(number)


def by_choice(number: int, writer: Writer | None = None) -> None:
    writer = writer or WRITER
    writer.put(number)


def use(writer: Writer, number: int) -> None:
    writer.put(number)


def by_argument(number: int) -> None:
    use(WRITER, number)


def use_settings(settings: dict[str, Any], number: int) -> None:
    settings["main"].put(number)


def by_argument_and_key(number: int) -> None:
    use_settings(BY_NAME, number)


def get_writer() -> Writer:
    return WRITER


class Singleton(Writer):
    instance: Singleton | None = None

    @classmethod
    def get(cls) -> Singleton:
        if cls.instance is None:
            cls.instance = cls()
        return cls.instance


Singleton.get()


def by_singleton(number: int) -> None:
    Singleton.get().put(number)


def by_getter(number: int) -> None:
    get_writer().put(number)


def by_method(number: int) -> None:
    emit(f"{number}\n")


def by_inner_container(number: int) -> None:
    NESTED["out"]["sink"].write(f"{number}\n")  # type: ignore[index]


def by_slot(number: int) -> None:
    SLOTTED.inner.put(number)


def by_field(number: int) -> None:
    SETTINGS.sink.write(f"{number}\n")


def by_context(number: int) -> None:
    with WRITER:
        pass


def by_print(number: int) -> None:
    print(number, file=NESTED["out"]["sink"])  # type: ignore[index]


@functools.singledispatch
def dispatch(value: object) -> None:
    raise TypeError(value)


@dispatch.register
def _(value: int) -> None:
    SINK.write(f"{value}\n")


def by_dispatch(number: int) -> None:
    dispatch(number)


def by_overload(number: int) -> None:
    WRITER.put_any(number)


@contextlib.contextmanager
def opened() -> Iterator[Any]:
    yield SINK


def by_decorator(number: int) -> None:
    with opened() as sink:
        sink.write(f"{number}\n")


def by_list_of_methods(number: int) -> None:
    for write in METHODS:
        write(f"{number}\n")


@functools.lru_cache
def kept_writer() -> Writer:
    return Writer()


@functools.cache
def kept_forever(number: int) -> Any:
    return SINK if number == 999 else number


@functools.lru_cache(maxsize=2_000)
def kept_for_long(number: int) -> Any:
    return SINK if number == 999 else number


for _number in range(1_500):
    kept_forever(_number)
    kept_for_long(_number)


def by_large_cache(number: int) -> None:
    kept_forever(999).write(f"{number}\n")


def by_large_bounded_cache(number: int) -> None:
    kept_for_long(999).write(f"{number}\n")


def by_cached_result(number: int) -> None:
    kept_writer().put(number)


def by_inner_function(number: int) -> None:
    sink = SINK

    def write() -> None:
        sink.write(f"{number}\n")

    write()


def by_own_list(number: int) -> None:
    writers = [WRITER, CAREFUL]
    for writer in writers:
        writer.put(number)
    writers.append(WRITER)


def by_own_dictionary(number: int) -> None:
    writers = {"main": WRITER}
    writers.get("main").put(number)  # type: ignore[union-attr]


def by_unpacking(number: int) -> None:
    writer, text = WRITER, str(number)
    writer.put(len(text))


def by_choice_of_value(number: int) -> None:
    report = REPORT or []
    report.append(number)  # type: ignore[attr-defined]


def by_handing_out(number: int) -> None:
    with contextlib.nullcontext(REPORT) as report:
        report.write(f"{number}\n")


def by_given_or_own(number: int) -> None:
    use_given_or_own(WRITER, number)


def use_given_or_own(writer: Writer | None, number: int) -> None:
    if writer is None:
        writer = Writer()
    writer.put(number)


USED: list[Callable[..., Any]] = [
    by_own_list,
    by_own_dictionary,
    by_unpacking,
    by_choice_of_value,
    by_handing_out,
    by_given_or_own,
    by_key,
    by_get,
    by_number,
    by_loop,
    by_comprehension,
    by_values,
    by_local_name,
    by_default,
    by_choice,
    by_argument,
    by_argument_and_key,
    by_getter,
    by_singleton,
    by_method,
    by_inner_container,
    by_slot,
    by_field,
    by_context,
    by_print,
    by_dispatch,
    by_decorator,
    by_inner_function,
    by_list_of_methods,
    by_cached_result,
    by_large_cache,
    by_large_bounded_cache,
    by_overload,
    CAREFUL.put,
    WRITER.put_all,
    WRITER.put_by_class,
    functools.partial(use, WRITER),
]


@pytest.mark.parametrize("function", USED, ids=lambda function: getattr(function, "__name__", "partial"))
def test_a_handle_is_found_however_the_code_gets_at_it(function: Callable[..., Any]) -> None:
    """A file that calls write to is found behind objects, containers, other names and decorators."""
    (touch,) = TouchedObjects(function).touches()
    assert (touch.resource, touch.threads, touch.fork, touch.spawn) == ("file written", "unsafe", "unsafe", "unsafe")


def count_lines(number: int) -> int:
    count = number
    for _ in SOURCE:
        count += 1
    return count


def query(number: int) -> Any:
    return execute("SELECT ?", (number,)).fetchone()


def test_an_iterator_that_a_loop_empties_is_found() -> None:
    """Whether or not the loop uses the values."""
    (touch,) = TouchedObjects(count_lines).touches()
    assert (touch.name, touch.resource) == ("SOURCE", "file read")


def test_a_method_of_a_connection_stands_for_the_connection() -> None:
    """A bound method that a module keeps leads to the object that it belongs to."""
    (touch,) = TouchedObjects(query).touches()
    assert (touch.name, touch.kind, touch.fork) == ("execute", "connection", "unsafe")


def put_under_lock(writer: Writer, number: int) -> None:
    with LOCK:
        writer.put(number)


def pass_on(number: int) -> None:
    put_under_lock(WRITER, number)


def test_a_lock_counts_where_an_argument_is_used() -> None:
    """An object that is passed to a function is protected by the lock that the function holds."""
    (touch,) = TouchedObjects(pass_on).touches()
    assert (touch.threads, touch.fork) == ("safe", "unsafe")


def other_method(number: int) -> int:
    return WRITER.double(number)


def other_method_of_elements(number: int) -> int:
    return sum(writer.double(number) for writer in WRITERS)


def other_method_of_alias(number: int) -> int:
    writer = WRITER
    return writer.double(number)


def other_key(number: int) -> int:
    return int(NESTED["limit"]) + number  # type: ignore[call-overload]


def other_key_by_get(number: int) -> int:
    return int(NESTED.get("limit", 0)) + number  # type: ignore[call-overload]


def other_inner_key(number: int) -> str:
    return f"{NESTED['out']['name']} {number}"  # type: ignore[index]


def other_field(number: int) -> int:
    return int(SETTINGS.limit) + number


def keys(number: int) -> int:
    return number + sum(len(key) for key in NESTED)


def log(number: int) -> None:
    LOGS["main"].info("number %d", number)


def size(number: int) -> int:
    return SOURCES["self"].fileno() + number


def draw(number: int) -> int:
    return randint(0, number)


def other_argument(number: int) -> int:
    return double(WRITER, number)


def double(writer: Writer, number: int) -> int:
    with LOCK:
        return writer.double(number)


def key_of_argument(number: int) -> int:
    return times_limit(NESTED, number)


def times_limit(settings: dict[str, Any], number: int) -> int:
    return int(settings["limit"]) * number * settings.get("factor", 1)


def asked_about(number: int) -> int:
    if WRITERS and NESTED and "limit" in NESTED and SINK is not None and not isinstance(number, str):
        number += len(NESTED) + len(WRITERS)
    return number


def own_buffer(number: int) -> str:
    buffer = io.StringIO()
    buffer.write(str(number))
    return buffer.getvalue() + double_with(REPORT, number)


def double_with(report: Report, number: int) -> str:
    return str(report.double(number))


def own_writer(number: int) -> int:
    writer = OwnWriter(number)
    writer.put(number)
    return double(WRITER, number)


def own_objects(number: int) -> None:
    files = {"own": (FOLDER / f"{number}.txt").open("w")}
    with files["own"] as file:
        file.write("own")


def attribute_only(number: int, writer: Writer = WRITER) -> int:
    return writer.limit + number


def own_list(number: int) -> int:
    rows = []
    rows.append(number)
    kept = [number for number in rows]  # noqa: C416
    kept.append(number)
    return double(REPORT, sum(kept))


def own_dictionary(number: int) -> int:
    rows = {}
    rows[number] = "text"
    return double(REPORT, number in rows)


def own_file(number: int) -> int:
    with (FOLDER / f"{number}.txt").open("w") as file:
        file.write("own")
    return double(REPORT, number)


def own_file_in_helper(number: int) -> int:
    with (FOLDER / f"{number}.txt").open("w") as file:

        def write(text: str) -> None:
            file.write(text)

        write("own")
    return double(REPORT, number)


def own_path(number: int) -> int:
    path = FOLDER / f"{number}.txt"
    path.write(number) if number < 0 else path.exists()  # type: ignore[attr-defined]
    return double(REPORT, number)


UNUSED: list[Callable[..., Any]] = [
    own_list,
    own_dictionary,
    own_file,
    own_file_in_helper,
    own_path,
    other_method,
    other_method_of_elements,
    other_method_of_alias,
    other_key,
    other_key_by_get,
    other_inner_key,
    other_field,
    keys,
    log,
    size,
    draw,
    other_argument,
    key_of_argument,
    asked_about,
    own_buffer,
    own_writer,
    own_objects,
    attribute_only,
    WRITER.double,
]


@pytest.mark.parametrize("function", UNUSED, ids=lambda function: function.__name__)
def test_what_calls_leave_alone_is_not_accused(function: Callable[..., Any]) -> None:
    """A handle in an object or container counts only where the calls use it."""
    touched = TouchedObjects(function)
    function(3)
    assert touched.touches() == ()


def by_name_of_global(number: int) -> None:
    globals()["SINK"].write(f"{number}\n")


def by_library(number: int) -> None:
    GENERATOR.write(f"{number}\n")


def log_to_file(number: int) -> None:
    LOG.warning("number %d", number)


def print_number(number: int) -> None:
    print(number)


def write_own_file(number: int) -> None:
    with (FOLDER / f"own {number}.txt").open("w") as file:
        file.write(f"{number}\n")


@pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize(
    ("function", "name"), [(by_name_of_global, SINK.name), (by_library, "GENERATOR")], ids=["name", "library"]
)
def test_what_stays_in_a_buffer_is_found_whoever_holds_the_file(
    function: Callable[..., Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What calls leave in the buffer of an open file is lost with a worker process, however they got at the file."""
    monkeypatch.setattr(file_positions, "MAX_BLOCKS", sys.maxsize)  # after many tests there are more
    gc.unfreeze()  # a command that another test ran in this process may have frozen all objects
    (touch,) = advisor.profile(function, inputs=range(5), budget=0.02).touches
    assert (touch.name, touch.resource, touch.fork, touch.spawn) == (name, "file written", "unsafe", "unsafe")


@pytest.mark.parametrize("function", [log_to_file, print_number, write_own_file, other_method])
def test_files_of_which_nothing_is_lost_are_not_accused(function: Callable[..., Any]) -> None:
    """What was written before the calls, what they flush, and what they close themselves is safe."""
    SINK.write("written before the calls\n")
    assert advisor.profile(function, inputs=range(5), budget=0.02).touches == ()


@pytest.fixture(scope="module", autouse=True)
def close_files() -> Iterator[None]:
    yield
    LOG.handlers[0].close()
    for thing in (SINK, SOURCE, DATABASE):
        thing.close()
