"""Detect open files whose position calls move: descriptors that threads and forked workers would share."""

from __future__ import annotations

import functools
import gc
import io
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from advisor.target.inputs import Call

_DESCRIPTORS = Path("/proc/self/fd")
_MAX_DESCRIPTORS = 1_000
MAX_BLOCKS = 3_000_000  # of memory; with more, finding the file objects takes too long
_ACCESS_MODE = 0o3  # of the flags; 0 is reading only
_MAX_ATTRIBUTES = 100
_MOVING = frozenset({"read", "readv", "readinto", "lseek", "sendfile", "copy_file_range", "splice"})  # functions of os
Positions = dict[int, tuple[str, int]]  # by descriptor


class FilePositionWatch:
    """Records the positions of open files; `moved()` and `written()` tell which have changed since then (Linux)."""

    def __init__(self) -> None:
        """Record the current positions, after flushing buffers."""
        self._before = dict(_positions())
        _flush(_positions(writable=True))
        self._writable = dict(_positions(writable=True))

    @functools.cached_property
    def unflushed(self) -> tuple[int, ...]:
        """Descriptors of files that were opened before the calls and hold unwritten output of calls; flushes them."""
        before = {each: at for each, at in _positions(writable=True) if each in self._writable}
        flushed = _flush(before.items())  # another process may write to the others, such as a shared log
        after = dict(_positions(writable=True))
        return tuple(descriptor for descriptor, _ in _changed(before, after) if descriptor in flushed)

    def written(self) -> tuple[str, ...]:
        """Return the paths of the files that are open for writing, and whose positions have changed."""
        _ = self.unflushed
        return tuple(path for descriptor, (path, _) in _changed(self._writable, dict(_positions(writable=True))))

    def moved(self) -> tuple[int, ...]:
        """Return the descriptors of files open for reading whose positions have changed."""
        return tuple(descriptor for descriptor, _ in _changed(self._before, dict(_positions())))


def _flush(files: Iterable[tuple[int, object]]) -> set[int]:
    """Flush files that are open for writing only, except standard streams; return their descriptors."""
    descriptors = {descriptor for descriptor, _ in files} - _standard_streams()
    flushed: set[int] = set()
    if not descriptors or sys.getallocatedblocks() > MAX_BLOCKS:
        return flushed
    for thing in gc.get_objects():
        if type(thing) in (io.TextIOWrapper, io.BufferedWriter):
            with suppress(OSError, ValueError):  # it is closed, or its disk is full
                if thing.fileno() in descriptors and not thing.readable():
                    thing.flush()
                    flushed.add(thing.fileno())
    return flushed


def _standard_streams() -> set[int]:
    streams = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    return {0, 1, 2, *(number for stream in streams if (number := _descriptor(stream)) is not None)}


def _changed(before: Positions, now: Positions) -> Iterator[tuple[int, tuple[str, int]]]:
    """Yield the descriptors of the same files whose positions changed."""
    for descriptor, (path, position) in before.items():
        if descriptor in now and now[descriptor][0] == path and now[descriptor][1] != position:
            yield descriptor, (path, position)


def name_of(descriptor: int, used: Mapping[str, Any], names: frozenset[str]) -> str:
    """Return the name of the used object that has the descriptor, else the path of the file.

    A plain integer may equal the descriptor by chance. It counts only if `names`, the names in the code, include a
    function of `os` that moves the position of a descriptor.
    """
    parts = [(name, *part) for name, value in used.items() for part in ((name, value), *_attributes(name, value))]
    for name, _, part in parts:
        if type(part) is not int and _descriptor(part) == descriptor:
            return name
    if "os" in names and names & _MOVING:
        for _, path, part in parts:
            if type(part) is int and part == descriptor:
                return path
    with suppress(OSError):
        return str((_DESCRIPTORS / str(descriptor)).readlink())
    return f"descriptor {descriptor}"


def of_one_call(calls: Iterable[Call]) -> set[int]:
    """Return the descriptors of files that are passed to exactly one call."""
    values = [[*call.args, *call.kwargs.values()] for call in calls]
    counts = Counter(descriptor for each in values for descriptor in set(map(_descriptor, each)))
    return {descriptor for descriptor, count in counts.items() if count == 1 and descriptor is not None}


def _positions(*, writable: bool = False) -> Iterator[tuple[int, tuple[str, int]]]:
    """Yield each descriptor of a file that is open for reading only, or for writing, with its path and position."""
    try:
        names: Iterable[str] = os.listdir(_DESCRIPTORS)[:_MAX_DESCRIPTORS]  # noqa: PTH208  (only the names are wanted)
    except OSError:
        return
    for name in names:
        with suppress(OSError, ValueError, IndexError):  # it was closed meanwhile
            path = str((_DESCRIPTORS / name).readlink())
            if not path.startswith("/") or path.startswith(("/dev/", "/proc/", "/sys/")):
                continue
            lines = Path("/proc/self/fdinfo", name).read_text("ascii").split("\n", 2)
            position, flags = int(lines[0].split()[1]), int(lines[1].split()[1], 8)
            if bool(flags & _ACCESS_MODE) is writable:
                yield int(name), (path, position)


def _attributes(name: str, value: Any) -> list[tuple[str, Any]]:
    with suppress(Exception):  # it has none
        own = object.__getattribute__(value, "__dict__")  # without running the user's code
        return [(f"{name}.{attribute}", part) for attribute, part in list(islice(own.items(), _MAX_ATTRIBUTES))]
    return []


def _descriptor(value: Any) -> int | None:
    with suppress(Exception):  # it has none, or is closed
        return int(type(value).fileno(value))
    return None
