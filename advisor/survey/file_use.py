"""Watch which files the iterations of a loop read and write, and find those that two of them share."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["read", "write", "list", "make"]
Use: TypeAlias = tuple[Kind, str]  # "list" reads the names in a folder, "make" makes one unless it is there

_MOST_PATHS = 200_000
_SEVERAL = -1  # in place of an iteration
_WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NO_FILES = ("/dev/", "/proc/", "/sys/")
_NO_DESCRIPTOR = -1
_MAKING = ("makedirs", "mkdir")
_FRAMES = 4  # between a call that makes a folder and what it asks the system
# The paths among the arguments of an event, each with the place of the descriptor of its folder, if there is one.
_CHANGING: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.mkdir": ((0, 2),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.utime": ((0, 3),),
    "os.chmod": ((0, 2),),
}
_LISTING = ("os.listdir", "os.scandir")
_EVENTS = frozenset({"open", *_CHANGING, *_LISTING})
_IMPORTING = "<frozen importlib"


@dataclass
class FileUse:
    """The files that the iterations of one execution of a loop have used.

    Attributes:
        shared: A path that one iteration has written and another one has written, read or asked for; '' if none.
    """

    shared: str = ""
    _writers: dict[str, int] = field(default_factory=dict)
    _readers: dict[str, int] = field(default_factory=dict)

    def note(self, use: Use, iteration: int, *, is_early: bool = False) -> None:
        """Note that an iteration uses a path; what is read early, for its item, later iterations may write."""
        kind, path = use
        if kind == "list":
            self._read(os.path.join(path, ""), iteration, is_early)  # noqa: PTH118
        elif kind == "read":
            self._read(path, iteration, is_early)
        else:
            self._change_names(path, iteration)
            if kind == "write":
                self._write(path, iteration)

    def wrote(self, path: str, iteration: int) -> bool:
        """Return True if this iteration has written a path itself."""
        return self._writers.get(path) == iteration

    @property
    def is_full(self) -> bool:
        """True if no further paths are kept."""
        return len(self._writers) + len(self._readers) > _MOST_PATHS

    def _change_names(self, path: str, iteration: int) -> None:
        """Note that an iteration has changed the names in the folder of a path."""
        folder = os.path.join(os.path.dirname(path), "")  # noqa: PTH118, PTH120
        if self._readers.get(folder, iteration) != iteration:
            self.shared = self.shared or path
        self._writers[folder] = iteration if self._writers.get(folder, iteration) == iteration else _SEVERAL

    def _read(self, path: str, iteration: int, is_early: bool) -> None:
        if self._writers.get(path, iteration) != iteration:
            self.shared = self.shared or path
        if not is_early:
            self._readers[path] = iteration if self._readers.get(path, iteration) == iteration else _SEVERAL

    def _write(self, path: str, iteration: int) -> None:
        if self._writers.get(path, iteration) != iteration or self._readers.get(path, iteration) != iteration:
            self.shared = self.shared or path
        self._writers[path] = iteration


class FileWatch:
    """Tells what a process does with files, as long as a loop is watched; it notes what the interpreter audits.

    Questions about files, such as whether they exist, are no events, so the functions that ask the system are replaced.

    Args:
        note: Called with each use of a file, and True if the file was open for writing already.
        is_watched: Tells whether uses count at the moment.
    """

    def __init__(self, note: Callable[[Use, bool], None], is_watched: Callable[[], bool]) -> None:
        self._note = note
        self._is_watched = is_watched
        self._is_busy = False
        self._thread = threading.get_ident()
        self._written: set[str] = set()  # by the process so far
        self._folder: int | None = None  # of the file that is being opened
        self._folders: dict[str, str] = {}

    def install(self) -> None:
        """Begin to watch; the interpreter lets no one end it."""
        for name in ("stat", "lstat", "access"):
            self._replace(name, self._asking(getattr(os, name)))
        self._replace("open", self._opening(os.open))
        sys.addaudithook(self._on_event)

    def _replace(self, name: str, function: Callable[..., Any]) -> None:
        original = getattr(os, name)
        function.__name__ = function.__qualname__ = name
        for supported in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if original in supported:
                supported.add(function)
        setattr(os, name, function)

    def _asking(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def asking(path: Any, *args: Any, **kwargs: Any) -> Any:
            if self._is_watched() and not self._is_busy:
                with contextlib.suppress(Exception):
                    self._use("read", path, kwargs.get("dir_fd"), sys._getframe(1))
            return original(path, *args, **kwargs)

        return asking

    def _opening(self, original: Callable[..., int]) -> Callable[..., int]:
        """Return `os.open` with a note of the folder, which its event does not tell."""

        def opening(*args: Any, **kwargs: Any) -> int:
            if kwargs.get("dir_fd") is None or threading.get_ident() != self._thread:
                return original(*args, **kwargs)
            self._folder = kwargs["dir_fd"]
            try:
                return original(*args, **kwargs)
            finally:
                self._folder = None

        return opening

    def _on_event(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in _EVENTS or self._is_busy or threading.get_ident() != self._thread:
            return
        with contextlib.suppress(Exception):  # whatever goes wrong here is no business of the program
            frame = sys._getframe(1)
            for kind, path, folder in _uses(event, args, frame):
                self._use(kind, path, self._folder if event == "open" else folder, frame)

    def _use(self, kind: Kind, path: Any, folder: int | None, frame: FrameType) -> None:
        """Note the use of a file, unless it is that of an import."""
        is_watched = self._is_watched()
        if frame.f_code.co_filename.startswith(_IMPORTING) or not (is_watched or kind == "write"):
            return
        self._is_busy = True
        try:
            full = self._full(path, folder)
            if full.startswith(_NO_FILES):
                return
            is_open = kind == "read" and full in self._written and _is_open_for_writing(full)
            if kind == "write":
                self._written.add(full)
            if is_watched and not (kind == "read" and _may_be_there(frame)):
                self._note((kind, full), is_open)
        finally:
            self._is_busy = False

    def _full(self, path: Any, folder: int | None) -> str:
        """Return a path from the root on, without links in its folders."""
        text = _descriptor_path(path) if isinstance(path, int) else os.fsdecode(path)
        if folder is not None and folder != _NO_DESCRIPTOR:
            text = os.path.join(_descriptor_path(folder), text)  # noqa: PTH118
        parent, name = os.path.split(os.path.abspath(text))  # noqa: PTH100
        if parent not in self._folders:
            self._folders[parent] = os.path.realpath(parent)
        return os.path.join(self._folders[parent], name)  # noqa: PTH118


def _uses(event: str, args: tuple[Any, ...], frame: FrameType) -> Iterator[tuple[Kind, Any, int | None]]:
    """Yield what an event does: a kind of use, a path, and the descriptor of its folder, if there is one."""
    if event == "open":
        path, mode, flags = args
        if isinstance(path, int):
            return
        writes = bool(flags & _WRITING_FLAGS) if mode is None else any(letter in mode for letter in "wxa+")
        if not writes or (flags & os.O_RDWR if mode is None else "r" in mode):
            yield "read", path, None
        if writes:
            yield "write", path, None
    elif event in _LISTING:
        yield "list", args[0] if args[0] is not None else ".", None
    else:
        is_made = event == "os.mkdir" and _may_be_there(frame)
        for place, folder in _CHANGING[event]:
            yield "make" if is_made else "write", args[place], None if folder is None else args[folder]


def _may_be_there(frame: FrameType | None) -> bool:
    """Return True within `makedirs` or `mkdir` of a folder that may exist already."""
    for _ in range(_FRAMES):
        if frame is None:
            return False
        if frame.f_code.co_name in _MAKING and frame.f_locals.get("exist_ok"):
            return True
        frame = frame.f_back
    return False


def _descriptor_path(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115


def _is_open_for_writing(path: str) -> bool:
    """Return True if this process has a descriptor with which it may write a file."""
    return any(link == path and _writes(number) for number, link in _descriptors())


def _descriptors() -> Iterator[tuple[str, str]]:
    with contextlib.suppress(OSError):
        for number in os.listdir("/proc/self/fd"):  # noqa: PTH208
            with contextlib.suppress(OSError):
                yield number, os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115


def _writes(descriptor: str) -> bool:
    with open(f"/proc/self/fdinfo/{descriptor}") as lines:  # noqa: PTH123
        flags = next((line for line in lines if line.startswith("flags:")), "flags: 0")
    return bool(int(flags.split()[1], 8) & (os.O_WRONLY | os.O_RDWR))
