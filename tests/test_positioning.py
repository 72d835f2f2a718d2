"""A file can be opened again for each thread or process only if every call goes to its place in it first."""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from advisor.measure.shared_state.positioning import positions_first
from advisor.measure.shared_state.touched_objects import TouchedObjects

F = Path(__file__).open("rb")  # noqa: SIM115
MAPPED = mmap.mmap(F.fileno(), 0, access=mmap.ACCESS_READ)
LOCK = threading.Lock()


class Reader:
    def __init__(self) -> None:
        self.handle = F

    def read(self, number: int) -> bytes:
        self.handle.seek(number * 8)
        return self.handle.read(8)


READER = Reader()


def seek_and_read(number: int) -> bytes:
    if number < 0:
        raise ValueError(F.name)
    start = F.seek(number * 8, os.SEEK_SET)
    return F.read(start % 8)


def seek_under_lock(number: int) -> bytes:
    with LOCK:
        F.seek(number * 8)
        return F.read(8)


def seek_each_time(number: int) -> int:
    total = 0
    for offset in range(number):
        F.seek(offset, 0)
        total += len(F.read(8))
    return total


def cycle_lines(number: int) -> bytes:
    line = F.readline()
    if not line:
        F.seek(0)
        line = F.readline()
    return line


def tell_and_read(number: int) -> tuple[int, bytes]:
    place = F.tell()
    value = F.read(8)
    if not value:
        F.seek(0)
    return place, value


def seek_at_times(number: int) -> bytes:
    if number % 10 == 0:
        F.seek(0)
    return F.read(8)


def seek_relative(number: int) -> bytes:
    F.seek(8, os.SEEK_CUR)
    return F.read(8)


def seek_afterwards(number: int) -> bytes:
    value = F.read(8)
    F.seek(0)
    return value


def rewind() -> None:
    F.seek(0)


def read_after_rewinding(number: int) -> bytes:
    if number == 0:
        rewind()
    return F.read(8)


@pytest.mark.parametrize(
    ("function", "spawn"),
    [
        (seek_and_read, "safe"),
        (seek_under_lock, "safe"),
        (seek_each_time, "safe"),
        (READER.read, "safe"),
        (cycle_lines, "unsafe"),
        (tell_and_read, "unsafe"),
        (seek_at_times, "unsafe"),
        (seek_relative, "unsafe"),
        (seek_afterwards, "unsafe"),
        (read_after_rewinding, "unsafe"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_seek_counts_if_it_comes_first_whatever_happens(function: Callable[..., Any], spawn: str) -> None:
    """Else what a call reads depends on the calls before, and a file opened again begins at its start."""
    (touch,) = TouchedObjects(function).touches()
    assert (touch.resource, touch.fork, touch.spawn) == ("file read", "unsafe", spawn)


def seek_in_map(number: int) -> bytes:
    MAPPED.seek(number)
    return MAPPED.read(8)


def read_map_on(number: int) -> bytes:
    return MAPPED.read(8)


@pytest.mark.parametrize(("function", "processes"), [(seek_in_map, "safe"), (read_map_on, "unsafe")])
def test_worker_processes_have_their_own_position_in_a_map(function: Callable[..., Any], processes: str) -> None:
    """They read the same parts unless each call goes to its own."""
    (touch,) = TouchedObjects(function).touches()
    assert (touch.threads, touch.fork, touch.spawn) == ("unsafe", processes, processes)


def seek_descriptor(number: int, descriptor: int) -> bytes:
    os.lseek(descriptor, number, os.SEEK_SET)
    return os.read(descriptor, 8)


def seek_descriptor_at_end(number: int, descriptor: int) -> bytes:
    value = os.read(descriptor, 8)
    if not value:
        os.lseek(descriptor, 0, 0)
    return value


def test_descriptors_are_positioned_by_a_function_of_os() -> None:
    """os.lseek counts like a file's method, and what has no source or no such name does not."""
    assert positions_first([seek_descriptor.__code__], "descriptor")
    assert not positions_first([seek_descriptor_at_end.__code__], "descriptor")
    assert not positions_first([seek_descriptor.__code__], "/data/file.bin")
    made: dict[str, Any] = {}
    exec("def read(number):\n    FILE.seek(number)\n    return FILE.read()", made)
    assert not positions_first([made["read"].__code__], "FILE")


@pytest.fixture(scope="module", autouse=True)
def close_files() -> Iterator[None]:
    yield
    MAPPED.close()
    F.close()
