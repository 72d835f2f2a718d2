"""Keep the files that calls write: copies from before the calls, to which each schedule is reset."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SQLITE = b"SQLite format 3\0"
_BESIDE_SQLITE = ("-journal", "-wal", "-shm")
_MAX_COPIED = 64 << 20
_MAX_TEXT = 2_000
_MAX_SQLITE = 4 << 20
MANIFEST = "manifest.jsonl"


class FileKeeper:
    """Copies a file into a folder before it is written first.

    The copies are listed in a manifest, from which another process can restore the files if this one is killed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.is_watching = False
        self.kept: dict[str, str | None] = {}  # the copy by path; None for a file that did not exist
        self.written: set[str] = set()
        self._open: dict[int, tuple[str, int]] = {}
        self.on_use: Callable[[str, bool], None] | None = None
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_watching:
            return
        if event == "open":
            self._note_open(*arguments)
        elif event in ("os.remove", "os.truncate", "os.rename", "os.link", "os.symlink", "sqlite3.connect", "os.mkdir"):
            for path in arguments[:2] if event in ("os.rename", "os.link", "os.symlink") else arguments[:1]:
                self._note(path, writes=True)
                if event == "sqlite3.connect":
                    for ending in _BESIDE_SQLITE:
                        self._note(f"{os.fsdecode(path)}{ending}", writes=True, silent=True)

    def _note_open(self, path: Any, mode: Any, flags: Any) -> None:
        writes = isinstance(flags, int) and bool(flags & _WRITING)
        if isinstance(mode, str):
            writes = any(letter in mode for letter in "wax+")
        if isinstance(path, (str, bytes, os.PathLike)):
            self._note(path, writes=writes)

    def _note(self, path: Any, *, writes: bool, silent: bool = False) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100  (links in it are the user's names)
        if (
            name.startswith(("/dev/", "/proc/", "/sys/", str(self._folder)))
            or ":memory:" in name
            or name.endswith(".pyc")
        ):
            return
        self.is_watching = False
        try:
            if writes:
                self.written.add(name)
                if name not in self.kept:
                    self._keep(name)
            if self.on_use and not silent:
                self.on_use(name, writes)
        finally:
            self.is_watching = True

    def _keep(self, name: str) -> None:
        copy: str | None = None
        with contextlib.suppress(OSError):
            if Path(name).is_file() and Path(name).stat().st_size <= _MAX_COPIED:
                copy = str(self._folder / hashlib.sha1(os.fsencode(name)).hexdigest())
                shutil.copy2(name, copy)
            elif Path(name).exists():
                return  # a folder, or too large to copy
        self.kept[name] = copy
        with (self._folder / MANIFEST).open("a") as manifest:
            manifest.write(json.dumps([name, copy]) + "\n")

    def keep_open_files(self) -> None:
        """Copy the files that are open for writing now: calls may write them without opening them."""
        for descriptor in _writable_files():
            name = str(Path(f"/proc/self/fd/{descriptor}").readlink())
            if name not in self.kept:
                self._keep(name)
            self._open[descriptor] = (name, os.lseek(descriptor, 0, os.SEEK_CUR))
            self.written.add(name)

    def reset(self, others: Mapping[str, str | None]) -> None:
        """Bring every kept file, and others, back to what they were before the calls."""
        kept = {**self.kept, **others}
        for name in sorted(kept, reverse=True):  # what is in a folder goes before the folder
            restore(name, kept[name])
        for descriptor, (_, position) in self._open.items():  # forks share the position
            with contextlib.suppress(OSError):
                os.lseek(descriptor, position, os.SEEK_SET)

    def listed(self) -> dict[str, str | None]:
        """Return what the manifest lists: the files that this process and its forks have kept."""
        return _listed(self._folder)

    def keep_known(self, kept: Mapping[str, str | None]) -> None:
        """Take over the copies that a fork made of files that were there."""
        self.kept.update({name: copy for name, copy in kept.items() if copy is not None})

    @staticmethod
    def components(names: Iterable[str]) -> dict[str, str]:
        """Return a text for the content of each file that exists now."""
        found = {}
        for name in sorted(names):
            content = None if name.endswith(_BESIDE_SQLITE) else _content(name)
            if content is not None:
                found[file_path(name)] = content
        return found


def _writable_files() -> Iterator[int]:
    """Yield the descriptors of ordinary files that are open for writing, where the system lists them."""
    with contextlib.suppress(OSError):
        for entry in list(Path("/proc/self/fd").iterdir()):
            with contextlib.suppress(OSError, ValueError):
                descriptor = int(entry.name)
                if descriptor > 2 and entry.readlink().is_file() and _is_writable(descriptor):
                    yield descriptor


def _is_writable(descriptor: int) -> bool:
    import fcntl

    return bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & (os.O_WRONLY | os.O_RDWR))


def restore(name: str, copy: str | None) -> None:
    """Bring a file back: to the content of its copy, or to absence."""
    with contextlib.suppress(OSError):
        if copy is not None:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(copy, name)
        elif Path(name).is_dir():
            Path(name).rmdir()
        else:
            Path(name).unlink()


def restore_all(folder: Path) -> None:
    """Bring back the files that a manifest lists."""
    kept = _listed(folder)
    for name in sorted(kept, reverse=True):
        restore(name, kept[name])


def _listed(folder: Path) -> dict[str, str | None]:
    kept: dict[str, str | None] = {}
    with contextlib.suppress(OSError):
        for line in (folder / MANIFEST).read_text().splitlines():
            with contextlib.suppress(ValueError):
                name, copy = json.loads(line)
                kept.setdefault(name, copy)
    return kept


def file_path(name: str) -> str:
    """Return the path of a file's component."""
    return f"file {os.path.relpath(name)}"


def _content(name: str) -> str | None:
    try:
        if Path(name).is_dir():
            return "a folder"
        with Path(name).open("rb") as file:
            content = file.read(_MAX_COPIED)
    except OSError:
        return None
    if content.startswith(_SQLITE) and len(content) <= _MAX_SQLITE:
        with contextlib.suppress(Exception):
            return _dump(name)
    if len(content) > _MAX_TEXT:
        return f"{len(content)} bytes, {hashlib.sha1(content).hexdigest()[:12]}"
    return repr(content.decode("utf-8", "replace"))


def _dump(name: str) -> str:
    """Return the statements that make a database's content."""
    import sqlite3

    database = sqlite3.connect(f"file:{name}?mode=ro", uri=True, timeout=0.1)
    try:
        lines = [line for line in database.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;")]
    finally:
        database.close()
    text = "\n".join(lines)
    return text if len(text) <= _MAX_TEXT else f"{len(text)} characters, {hashlib.sha1(text.encode()).hexdigest()[:12]}"
