"""What calls change while they are watched: totals, scratch space, positions in files, and settings of the process."""

import calendar
import contextlib
import csv
import functools
import hashlib
import importlib
import io
import logging
import logging.handlers
import mimetypes
import multiprocessing
import os
import queue
import sys
import tempfile
import weakref
from collections.abc import Callable
from csv import field_size_limit
from pathlib import Path
from typing import Any
from unittest import mock

import numpy
import pytest

import advisor
from advisor.measure.shared_state import file_positions
from advisor.models import Touch

pytestmark = pytest.mark.slow

FOLDER = Path(tempfile.mkdtemp())
(FOLDER / "data.bin").write_bytes(bytes(range(256)) * 16)
for plugin in range(60):
    (FOLDER / "plugins" / str(plugin)).mkdir(parents=True)
    (FOLDER / "plugins" / str(plugin) / "chosen_plugin.py").write_text(f"NUMBER = {plugin}\n")
DESCRIPTOR = os.open(FOLDER / "data.bin", os.O_RDONLY)
TOTALS: dict[str, int] = {}
KNOWN: dict[int, int] = {}
NUMBERS: dict[str, int] = {}
BUFFERS: queue.Queue[bytearray] = queue.Queue()
BUFFERS.put(bytearray(8))
ROTATED = logging.getLogger("rotated")
ROTATED.propagate = False
ROTATED.addHandler(logging.handlers.RotatingFileHandler(FOLDER / "rotated.log", maxBytes=1000, backupCount=2))
APPENDED = logging.getLogger("appended")
APPENDED.propagate = False
APPENDED.addHandler(logging.FileHandler(FOLDER / "appended.log"))
DIGEST = hashlib.sha256()
SCRATCH = bytearray(8)
RESULTS = bytearray(1000)
SEVERAL = {name: bytearray(8) for name in "abc"}
ROWS = [bytearray(1) for _ in range(50)]
first_made: list[int] | None = None


class Encoder:
    def __init__(self) -> None:
        self.buffer = bytearray()
        self.latest = 0
        self.total = 0

    def encode(self, number: int) -> bytes:
        self.buffer.clear()
        self.buffer += number.to_bytes(4, "big")
        return bytes(self.buffer)

    def remember(self, number: int) -> int:
        self.latest = number
        return number

    def add(self, number: int) -> int:
        self.total += number
        return number


ENCODER = Encoder()


def add_up(number: int) -> None:
    key = f"k{number % 3}"
    TOTALS[key] = TOTALS.get(key, 0) + 1


def look_up(number: int) -> int:
    if number not in KNOWN:
        KNOWN[number] = number * number
    return KNOWN[number]


def make_once(number: int) -> int:
    global first_made
    if first_made is None:
        first_made = [1, 2, 3]
    return first_made[number % 3]


def collect(number: int, seen: list[int] = []) -> int:  # noqa: B006  (the hazard)
    seen.append(number)
    return len(seen)


def overwrite(number: int) -> int:
    SCRATCH[:] = number.to_bytes(8, "big")
    return SCRATCH[7]


LARGE = bytearray(200_000)


def overwrite_end(number: int) -> int:
    LARGE[:] = bytes([1]) * 199_990 + bytes([number + 2]) * 10
    return LARGE[-1] + LARGE[0]


def overwrite_one_of_several(number: int) -> int:
    SEVERAL["b"][:] = number.to_bytes(8, "big")
    return SEVERAL["b"][7]


def fill_in_rows(number: int) -> None:
    ROWS[number % 50][0] = 1 + number


def fill_in(number: int) -> None:
    RESULTS[number] = 1 + number % 200


def seek_and_read(number: int) -> bytes:
    os.lseek(DESCRIPTOR, number * 16, os.SEEK_SET)
    return os.read(DESCRIPTOR, 16)


def read_at(number: int) -> bytes:
    return os.pread(DESCRIPTOR, 16, number * 16)


def feed(number: int) -> str:
    DIGEST.update(number.to_bytes(4, "big"))
    return DIGEST.hexdigest()


def feed_a_copy(number: int) -> str:
    own = DIGEST.copy()
    own.update(number.to_bytes(4, "big"))
    return own.hexdigest()


def log_rotated(number: int) -> int:
    ROTATED.warning("%d", number)
    return number


def log_appended(number: int) -> int:
    APPENDED.warning("%d", number)
    return number


def change_import_path(number: int) -> int:
    sys.path.insert(0, str(FOLDER / "plugins" / str(number)))
    try:
        sys.modules.pop("chosen_plugin", None)
        return int(importlib.import_module("chosen_plugin").NUMBER)
    finally:
        sys.path.pop(0)


def set_first_weekday(number: int) -> int:
    calendar.setfirstweekday(number % 7)
    return calendar.monthcalendar(2026, 1)[0][0]


def set_field_limit(number: int) -> int:
    return csv.field_size_limit(100_000 + number)


@functools.lru_cache
def part_file(name: str) -> io.TextIOWrapper:
    return (FOLDER / name).open("a")


def write_part(number: int) -> int:
    return part_file(f"part {number % 2}").write(f"{number}\n")


class Page:
    pass


PAGES = [Page() for _ in range(60)]
LABELS = weakref.WeakKeyDictionary({page: number for number, page in enumerate(PAGES)})


def label_of(number: int) -> int:
    return LABELS[PAGES[number]]


SHARED = multiprocessing.Value("i", 0)


def add_to_shared(number: int) -> int:
    SHARED.value += number
    return number


def add_under_its_lock(number: int) -> int:
    with SHARED.get_lock():
        SHARED.value += number
    return number


BUFFERED = logging.getLogger("buffered")
BUFFERED.propagate = False
BUFFERED.addHandler(logging.StreamHandler(io.StringIO()))


def log_to_a_buffer(number: int) -> int:
    BUFFERED.warning("%d", number)
    return number


def redirect(number: int) -> int:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, null)
    os.close(null)
    return number


def number_words(number: int) -> int:
    return NUMBERS.setdefault(f"word {number}", len(NUMBERS))


def capture_log(number: int) -> str:
    handler = logging.StreamHandler(io.StringIO())
    APPENDED.addHandler(handler)
    try:
        return str(number)
    finally:
        APPENDED.removeHandler(handler)


def patch_for_the_moment(number: int) -> int:
    with mock.patch.object(calendar, "firstweekday", number):
        return number


def borrow(number: int) -> int:
    buffer = BUFFERS.get()
    try:
        buffer[0] = number
        return buffer[0] + number
    finally:
        BUFFERS.put(buffer)


def set_the_same_limit(number: int) -> int:
    csv.field_size_limit(200_000)
    return number


def set_the_same_limit_by_name(number: int) -> int:
    field_size_limit(200_000)
    return number


def set_and_restore_limit(number: int) -> int:
    before = csv.field_size_limit(300_000)
    csv.field_size_limit(before)
    return number


def add_two_types(number: int) -> int:
    mimetypes.add_type("text/one", ".one")
    mimetypes.add_type("text/two", ".two")
    return number


def add_changing_type(number: int) -> int:
    mimetypes.add_type(f"text/{number}", ".changing")
    return number


def set_attribute(number: int) -> int:
    tempfile.tempdir = str(FOLDER)
    return number


def save_anew(number: int) -> int:
    with tempfile.NamedTemporaryFile(dir=FOLDER) as out:
        out.write(b"%d" % number)
    return number


def divide(number: int) -> float:
    return float(numpy.float64(1.0) / numpy.float64(number - 1000))


def touches_of(function: Callable[..., Any]) -> dict[str, Touch]:
    profile = advisor.profile(function, inputs=range(60), budget=0.3)  # enough calls on a busy host, too
    return {touch.name: touch for touch in profile.touches}


@pytest.mark.parametrize(
    ("function", "name", "safety"),
    [
        pytest.param(add_up, "TOTALS", ("unsafe", "unsafe", "unsafe"), id="totals in a dictionary"),
        pytest.param(collect, "seen", ("caution", "unsafe", "unsafe"), id="a default value that grows"),
        pytest.param(ENCODER.add, "self.total", ("unsafe", "unsafe", "unsafe"), id="a total in an attribute"),
        pytest.param(write_part, "part_file()", ("unsafe", "unsafe", "unsafe"), id="files kept by a cache"),
        pytest.param(label_of, "LABELS", ("safe", "unsafe", "unsafe"), id="keys told by their identity"),
        pytest.param(add_to_shared, "SHARED", ("unsafe", "unsafe", "unsafe"), id="a shared value without its lock"),
        pytest.param(add_under_its_lock, "SHARED", ("safe", "safe", "unsafe"), id="a shared value under its lock"),
        pytest.param(log_to_a_buffer, "BUFFERED", ("safe", "unsafe", "unsafe"), id="a log in memory"),
        pytest.param(redirect, "standard streams", ("unsafe", "safe", "safe"), id="a descriptor replaced"),
        pytest.param(number_words, "NUMBERS", ("unsafe", "unsafe", "unsafe"), id="numbers in the order of first sight"),
        pytest.param(capture_log, "APPENDED", ("unsafe", "safe", "safe"), id="a handler for the moment"),
        pytest.param(patch_for_the_moment, "patched objects", ("unsafe", "safe", "safe"), id="a patch for the moment"),
        pytest.param(overwrite, "SCRATCH", ("unsafe", "safe", "safe"), id="scratch space"),
        pytest.param(ENCODER.encode, "self.buffer", ("unsafe", "safe", "safe"), id="a buffer that is made anew"),
        pytest.param(overwrite_end, "LARGE", ("unsafe", "safe", "safe"), id="scratch space that differs at its end"),
        pytest.param(overwrite_one_of_several, "SEVERAL", ("unsafe", "safe", "safe"), id="scratch space by name"),
        pytest.param(fill_in_rows, "ROWS", ("safe", "unsafe", "unsafe"), id="results in several buffers"),
        pytest.param(fill_in, "RESULTS", ("safe", "unsafe", "unsafe"), id="results in a buffer"),
        pytest.param(feed, "DIGEST", ("unsafe", "unsafe", "unsafe"), id="a running digest"),
        pytest.param(log_rotated, "ROTATED", ("safe", "unsafe", "unsafe"), id="a log file that is rotated"),
        pytest.param(change_import_path, "import path", ("unsafe", "safe", "safe"), id="sys.path, restored"),
        pytest.param(set_first_weekday, "calendar.setfirstweekday", ("unsafe", "safe", "safe"), id="a setter"),
        pytest.param(set_field_limit, "csv.field_size_limit", ("unsafe", "safe", "safe"), id="another setter"),
        pytest.param(set_and_restore_limit, "csv.field_size_limit", ("unsafe", "safe", "safe"), id="set and restored"),
        pytest.param(add_changing_type, "mimetypes.add_type", ("unsafe", "safe", "safe"), id="one setting of several"),
        pytest.param(set_attribute, "tempfile.tempdir", ("unsafe", "safe", "safe"), id="an attribute of a module"),
    ],
)
def test_what_calls_change_is_found_by_its_name(function: Callable[..., Any], name: str, safety: tuple[str]) -> None:
    """Each with what becomes of it in threads, after a fork and in spawned workers."""
    touch = touches_of(function)[name]
    assert (touch.threads, touch.fork, touch.spawn) == safety


@pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="needs Linux's /proc")
def test_a_descriptor_whose_position_moves_is_shared() -> None:
    """Threads and forked workers share the position; spawned ones have their own, and seek before they read."""
    touch = touches_of(seek_and_read)["DESCRIPTOR"]
    assert (touch.threads, touch.fork, touch.spawn) == ("unsafe", "unsafe", "safe")
    for used, names in (
        ({}, {"os", "read"}),
        ({"LIMIT": DESCRIPTOR}, {"os", "path"}),
        ({"LIMIT": DESCRIPTOR}, {"read"}),
    ):
        assert file_positions.name_of(DESCRIPTOR, used, frozenset(names)) == str(FOLDER / "data.bin")
    with (FOLDER / "data.bin").open("rb") as file:
        used = {"LIMIT": file.fileno(), "FILE": file}
        assert file_positions.name_of(file.fileno(), used, frozenset({"os", "read"})) == "FILE"


def read_given(file: io.FileIO) -> bytes:
    return file.read(1)


def test_a_file_that_one_call_gets_is_its_own() -> None:
    """The position of a file counts if several calls get it, or none."""
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context((FOLDER / "data.bin").open("rb", buffering=0)) for _ in range(4)]
        assert advisor.profile(read_given, files[1:], budget=0.05).touches == ()
        if Path("/proc/self/fdinfo").exists():
            [touch] = advisor.profile(read_given, files[:1] * 3, budget=0.05).touches
            assert (touch.threads, touch.fork) == ("unsafe", "unsafe")


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
def test_a_file_name_that_is_not_utf_8_is_escaped() -> None:
    """JSON cannot hold it as it is."""
    path = os.fsencode(FOLDER) + b"/\xff.bin"
    Path(os.fsdecode(path)).write_bytes(bytes(256))
    held = [os.open(path, os.O_RDONLY)]
    touches = touches_of(lambda number: os.read(held[0], 1))
    assert str(FOLDER / "\\udcff.bin") in touches


@pytest.mark.parametrize(
    "function",
    [
        look_up,
        make_once,
        read_at,
        borrow,
        set_the_same_limit,
        set_the_same_limit_by_name,
        add_two_types,
        feed_a_copy,
        log_appended,
        save_anew,
        ENCODER.remember,
    ],
)
def test_what_is_no_harm_is_not_accused(function: Callable[..., Any]) -> None:
    """Caches, what is made once, reading by offset, copies, appended logs, temporary files, equal settings, …."""
    assert touches_of(function) == {}


def test_errors_that_numpy_raises_in_one_thread_only() -> None:
    """What is set at import, where it is set at all, is not set in other threads; NumPy's defaults are."""
    assert touches_of(divide) == {}
    before = numpy.seterr(divide="raise")
    try:
        touch = touches_of(divide)["NumPy error state"]
    finally:
        numpy.seterr(**before)
    assert (touch.threads, touch.fork, touch.spawn) == ("unsafe", "safe", "safe")
