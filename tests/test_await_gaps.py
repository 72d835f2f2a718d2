"""Coroutines break what they share where they await between two uses, and only there."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import importlib
import io
import os
import random
import socket
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import advisor
from advisor.measure.shared_state.await_gaps import with_asyncio
from advisor.measure.shared_state.replaceable import parse
from advisor.models import Machine, Profile, Touch
from advisor.predict.shared_resources import broken_by

FOLDER = Path(tempfile.mkdtemp())
(FOLDER / "data").write_bytes(bytes(range(256)))
SOURCE = (FOLDER / "data").open("rb")
SINK = (FOLDER / "rows").open("w")
WRITER = csv.writer(SINK)
TOTAL = {"n": 0}
STARTED = {"started": 0, "done": 0}
COUNT = 0
CACHE: dict[int, int] = {}
DRAW = random.Random(1)
LOCK = asyncio.Lock()
GATE = asyncio.Semaphore(1)
MANY = asyncio.Semaphore(value=10)
CONNECTION = sqlite3.connect(":memory:")
CURSOR = CONNECTION.cursor()
SCRATCH = bytearray(8)


async def nap() -> None:
    await asyncio.sleep(0)


def to(place: int) -> None:
    SOURCE.seek(place)


def take() -> bytes:
    return SOURCE.read(2)


@contextlib.contextmanager
def elsewhere() -> Iterator[None]:
    before = Path.cwd()
    os.chdir(FOLDER)
    try:
        yield
    finally:
        os.chdir(before)


async def pages(number: int) -> AsyncIterator[int]:
    for page in range(2):
        await nap()
        yield page


# What breaks.


async def folder(number: int) -> bytes:
    before = Path.cwd()
    os.chdir(FOLDER)
    try:
        await nap()
        return Path("data").read_bytes()
    finally:
        os.chdir(before)


async def folder_in_block(number: int) -> None:
    with elsewhere():
        await nap()


async def output(number: int) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        print(number)
        await nap()
    return text.getvalue()


async def environment(number: int) -> str:
    os.environ["ADVISOR_TEST"] = str(number)
    await nap()
    return os.environ["ADVISOR_TEST"]


async def seed(number: int) -> float:
    random.seed(number)
    await nap()
    return random.random()


async def position(number: int) -> bytes:
    SOURCE.seek(number)
    await nap()
    return SOURCE.read(2)


async def position_by_others(number: int) -> bytes:
    to(number)
    await nap()
    return take()


async def position_in_tasks(number: int) -> list[bytes]:
    async def part(place: int) -> bytes:
        SOURCE.seek(place)
        await nap()
        return SOURCE.read(2)

    return await asyncio.gather(part(number), part(number + 1))


async def position_in_loop(number: int) -> list[bytes]:
    SOURCE.seek(number)
    parts = []
    for _ in range(2):
        parts.append(SOURCE.read(2))
        await nap()
    return parts


async def position_among_ten(number: int) -> bytes:
    async with MANY:
        SOURCE.seek(number)
        await nap()
        return SOURCE.read(2)


async def position_in_thread(number: int) -> bytes:
    return await asyncio.to_thread(take)


async def parts_of_record(number: int) -> int:
    SINK.write(f"{number}:")
    await nap()
    SINK.write("done\n")
    return number


async def part_printed(number: int) -> int:
    print(number, end=":", file=SINK)
    await nap()
    print("done", file=SINK)
    return number


async def line_and_part(number: int) -> int:
    SINK.write("begin\n")
    await nap()
    SINK.write(str(number))
    await nap()
    SINK.write("\n")
    return number


async def total(number: int) -> int:
    before = TOTAL["n"]
    await nap()
    TOTAL["n"] = before + 1
    return number


async def total_by_get(number: int) -> int:
    before = TOTAL.get("n", 0)
    await nap()
    TOTAL["n"] = before + 1
    return number


async def one() -> int:
    await nap()
    return 1


async def total_in_place(number: int) -> int:
    TOTAL["n"] += await one()
    return number


async def count(number: int) -> int:
    global COUNT
    before = COUNT
    await nap()
    COUNT = before + 1
    return number


async def cursor(number: int) -> Any:
    CURSOR.execute("SELECT ?", (number,))
    await nap()
    return CURSOR.fetchone()


async def fixed_file(number: int) -> str:
    with (FOLDER / "fixed").open("w") as file:
        file.write(str(number))
    await nap()
    return (FOLDER / "fixed").read_text()


async def scratch(number: int) -> bytes:
    SCRATCH[:] = bytes([number + 1] * 8)
    await nap()
    return bytes(SCRATCH)


class Shared:
    def __init__(self) -> None:
        self.source = (FOLDER / "data").open("rb")
        self.total = 0
        self.guard = asyncio.Lock()

    async def position(self, number: int) -> bytes:
        self.source.seek(number)
        await nap()
        return self.source.read(2)

    async def sum(self, number: int) -> int:
        before = self.total
        await nap()
        self.total = before + number
        return number

    async def position_under_lock(self, number: int) -> bytes:
        async with self.guard:
            return await self.position(number)

    async def sum_at_once(self, number: int) -> int:
        await nap()
        self.total += number
        return number

    async def sum_of_pages(self, number: int) -> int:
        async for page in pages(number):
            self.total += page
        return number


SHARED = Shared()


class Limiter:
    def __init__(self, value: int) -> None:
        self.places = asyncio.Semaphore(value)

    async def __aenter__(self) -> None:
        await self.places.acquire()

    async def __aexit__(self, *error: object) -> None:
        self.places.release()


class Turn:
    def __init__(self) -> None:
        self.turn = asyncio.Lock()

    async def __aenter__(self) -> None:
        await self.turn.acquire()

    async def __aexit__(self, *error: object) -> None:
        self.turn.release()


LIMITER = Limiter(10)
TURN = Turn()


async def position_under_limiter(number: int) -> bytes:
    async with LIMITER:
        SOURCE.seek(number)
        await nap()
        return SOURCE.read(2)


# What is fine.


async def folder_at_once(number: int) -> int:
    with elsewhere():
        size = len(os.listdir())  # noqa: PTH208
    await nap()
    return size


async def output_at_once(number: int) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        print(number)
    await nap()
    return text.getvalue()


async def time_out_at_once(number: int) -> int:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(3)
    socket.setdefaulttimeout(before)
    await nap()
    return number


async def seed_at_once(number: int) -> float:
    random.seed(number)
    drawn = random.random()
    await nap()
    return drawn


async def position_at_once(number: int) -> bytes:
    await nap()
    SOURCE.seek(number)
    return SOURCE.read(2)


async def positions_in_turn(number: int) -> list[bytes]:
    parts = []
    for place in range(2):
        SOURCE.seek(place)
        parts.append(SOURCE.read(2))
        await nap()
    return parts


async def position_on_either_way(number: int) -> bytes:
    if number % 2:
        SOURCE.seek(number)
        return SOURCE.read(2)
    await nap()
    SOURCE.seek(number)
    return SOURCE.read(2)


async def position_under_lock(number: int) -> bytes:
    async with LOCK:
        SOURCE.seek(number)
        await nap()
        return SOURCE.read(2)


async def position_under_semaphore(number: int) -> bytes:
    async with GATE:
        SOURCE.seek(number)
        await nap()
        return SOURCE.read(2)


async def position_in_turn(number: int) -> bytes:
    async with TURN:
        SOURCE.seek(number)
        await nap()
        return SOURCE.read(2)


async def position_with_acquired_lock(number: int) -> bytes:
    await LOCK.acquire()
    try:
        SOURCE.seek(number)
        await nap()
        return SOURCE.read(2)
    finally:
        LOCK.release()


async def rows(number: int) -> int:
    for row in range(2):
        await nap()
        WRITER.writerow([number, row])
    return number


async def total_at_once(number: int) -> int:
    await nap()
    TOTAL["n"] += 1
    return number


async def totals_before_and_after(number: int) -> int:
    STARTED["started"] += 1
    await nap()
    STARTED["done"] += 1
    return number


async def cached(number: int) -> int:
    if number in CACHE:
        return CACHE[number]
    await nap()
    CACHE[number] = number
    return number


async def drawn(number: int) -> float:
    await nap()
    return DRAW.random()


async def selected(number: int) -> Any:
    first = CONNECTION.execute("SELECT ?", (number,)).fetchone()
    await nap()
    return CONNECTION.execute("SELECT ?", first).fetchone()


async def own_file(number: int) -> int:
    with (FOLDER / f"own {number}").open("w") as file:
        file.write(str(number))
    await nap()
    return number


async def last_file(number: int) -> int:
    await nap()
    (FOLDER / "last").write_text(str(number))
    return number


# What mixes lines.


async def lines_printed(number: int) -> int:
    print(f"begin {number}", file=SINK)
    await nap()
    print(f"end {number}", file=SINK, flush=True)
    return number


async def lines_written(number: int) -> int:
    SINK.write(f"begin {number}\n")
    SINK.flush()
    await nap()
    SINK.write("continued %s\n" % number)  # noqa: UP031 - old code formats so
    await nap()
    SINK.write("end " + str(number) + "\n")
    return number


def log(text: str) -> None:
    print(text, file=SINK)


async def lines_by_others(number: int) -> int:
    log("begin")
    await nap()
    log("end")
    return number


@pytest.fixture(scope="module", autouse=True)
def close() -> Iterator[None]:
    yield
    for thing in (SOURCE, SINK, SHARED.source, CONNECTION):
        thing.close()


def _levels(function: Callable[..., Any]) -> set[str]:
    profile = advisor.profile(function, [0, 1], budget=0.02, watch="inside")
    return {touch.asyncio for touch in profile.touches}


@pytest.mark.parametrize(
    "function",
    [
        folder,
        folder_in_block,
        output,
        environment,
        seed,
        position,
        position_by_others,
        position_in_tasks,
        position_in_loop,
        position_among_ten,
        position_in_thread,
        position_under_limiter,
        parts_of_record,
        part_printed,
        line_and_part,
        total,
        total_by_get,
        total_in_place,
        count,
        cursor,
        fixed_file,
        scratch,
        SHARED.position,
        SHARED.sum,
    ],
    ids=lambda function: function.__qualname__,
)
def test_an_await_between_two_uses_breaks_what_coroutines_share(function: Callable[..., Any]) -> None:
    """Report state that a coroutine uses before and after an `await`: another call may have changed it."""
    assert "unsafe" in _levels(function)


@pytest.mark.parametrize(
    "function",
    [
        folder_at_once,
        output_at_once,
        time_out_at_once,
        seed_at_once,
        position_at_once,
        positions_in_turn,
        position_on_either_way,
        position_under_lock,
        position_under_semaphore,
        position_in_turn,
        position_with_acquired_lock,
        rows,
        total_at_once,
        totals_before_and_after,
        cached,
        drawn,
        selected,
        own_file,
        last_file,
        SHARED.position_under_lock,
        SHARED.sum_at_once,
        SHARED.sum_of_pages,
    ],
    ids=lambda function: function.__qualname__,
)
def test_a_coroutine_that_does_not_await_meanwhile_is_not_accused(function: Callable[..., Any]) -> None:
    """Between two `await`s, and under a lock, a coroutine has what it uses to itself."""
    assert _levels(function) <= {"safe"}


_LOGGING = """import asyncio
LOG = open({log!r}, "a", encoding="utf-8")
async def work(number):
    await asyncio.sleep(0)
    LOG.write("called")
"""


def _written(folder: Path, name: str, source: str) -> Callable[..., Any]:
    """Return the function `work` of a new module, which may use the file `LOG`."""
    (folder / f"{name}.py").write_text(_LOGGING.format(log=str(folder / "log")) + source)
    function: Callable[..., Any] = importlib.import_module(name).work
    return function


@pytest.mark.parametrize("function", [lines_printed, lines_written, lines_by_others])
def test_whole_lines_around_an_await_need_care(function: Callable[..., Any]) -> None:
    """Lines of other calls come in between, but each line stays whole, as in a log."""
    assert "unsafe" not in _levels(function)
    assert "caution" in _levels(function)


def test_a_long_chain_of_branches_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of `elif` branches is not limited by the depth of Python's stack."""
    monkeypatch.syspath_prepend(tmp_path)
    branches = "".join(f"    elif number == {each}: pass\n" for each in range(10, 610))
    function = _written(tmp_path, "many_branches", f"    if number == 9: pass\n{branches}")
    assert _levels(function) == {"safe"}
    function.__globals__["LOG"].close()


def test_source_that_cannot_be_followed_is_not_called_safe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expression that is nested too deeply ends neither the advice nor in a wrong promise."""
    monkeypatch.syspath_prepend(tmp_path)
    function = _written(tmp_path, "long_sum", f"    return {' + '.join(['number'] * 1_000)}\n")
    assert _levels(function) == {"unsafe"}
    function.__globals__["LOG"].close()


def test_uses_are_followed_through_many_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions of other modules use the object too, and the file of each module is parsed once."""
    monkeypatch.syspath_prepend(tmp_path)
    for each in range(6):
        (tmp_path / f"step{each}.py").write_text(
            f"import step{each + 1}\n"
            f"def take(number): return step{each + 1}.take(number)\n"
            f"async def work(number): take(number); await step{each + 1}.work(number); return take(number)\n"
        )
    (tmp_path / "step6.py").write_text("SOURCE = None\ndef take(number): return SOURCE.read(number)\n")
    modules = [importlib.import_module(f"step{each}") for each in range(7)]
    codes = [vars(module)[name].__code__ for name in ("take", "work") for module in modules if name in vars(module)]
    touches = [Touch(name=name, kind="file", resource="file read", threads="unsafe") for name in ("SOURCE", "OTHER")]
    parse.cache_clear()
    assert [touch.asyncio for touch in with_asyncio(touches, codes, {})] == ["unsafe", "safe"]
    assert parse.cache_info().misses == len(modules)


def test_a_transaction_that_spans_an_await_needs_care() -> None:
    """Calls that share an SQLite connection commit each other's statements, and fail at none."""
    CONNECTION.execute("CREATE TABLE IF NOT EXISTS items (n)")
    CONNECTION.commit()

    async def insert(number: int) -> None:
        CONNECTION.execute("INSERT INTO items VALUES (?)", (number,))
        await nap()
        CONNECTION.commit()

    assert "caution" in _levels(insert)


def test_asyncio_is_ruled_out_with_the_reason() -> None:
    """The reason names the object; threads and processes are judged by themselves."""
    touch = Touch(name="SOURCE", kind="file", resource="file read", asyncio="unsafe")
    profile = Profile(target="m:f", wall=1.0, wait=1.0, gil_held=0.0, calls=1, coroutine=True, touches=(touch,))
    machine = Machine(cores=4, core_scaling=1.0, source="measured")
    assert "SOURCE" in broken_by("asyncio", profile, machine)
    assert broken_by("threading", profile, machine) == ""
