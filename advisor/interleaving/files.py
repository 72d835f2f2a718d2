"""Keep the files that calls change: records and copies from before the calls, to which each schedule is reset.

Python tells of every change of a file before it makes it (`sys.addaudithook`). What cannot be put back is not changed:
the operation is refused, and the search ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

from advisor.interleaving import originals, restoring
from advisor.interleaving.restoring import Kept, kind_of, record_of, status_of

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_BESIDE_SQLITE = ("-journal", "-wal", "-shm")
_MAX_COPIED = 64 << 20
_MAX_TOTAL = 512 << 20
_MAX_RECORDS = 20_000
_REFUSAL = "refusal"

Use = tuple[str, bool]  # a path, and True if it is written


class NotRestorableError(BaseException):
    """Refuses an operation on a file that could not be put back; calls do not catch it with `except Exception`."""


class FileKeeper:
    """Records files before they are changed, and copies their content into a folder.

    The records are in a manifest, from which another process can restore the files if this one is killed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.is_watching = False
        self.kept: dict[str, Kept | None] = {}
        self.written: set[str] = set()
        self.on_use: Callable[[str, bool], None] | None = None
        self._positions: dict[int, int] = {}
        self._whole: set[str] = set()  # folders of which everything is recorded
        self._total = 0
        self._refusal = ""
        self._busy: set[int] = set()  # threads in which the keeper itself works
        self._lock = originals.allocate_lock()
        self._process = os.getpid()
        self._handlers: dict[str, Callable[..., list[Use]]] = {
            "open": self._before_open,
            "os.remove": self._before_removal,
            "os.rmdir": self._before_removal,
            "os.rename": self._before_rename,
            "os.link": self._before_link,
            "os.symlink": lambda target, path, folder=-1: self._before_creation(path, 0, folder),
            "os.mkdir": self._before_creation,
            "os.truncate": lambda path, *_: self._before_write(self._followed(path)),
            "os.chmod": lambda path, mode, folder=-1: self._before_attributes(path, folder),
            "os.chown": lambda path, user, group, folder=-1: self._before_attributes(path, folder),
            "os.utime": lambda path, times, ns, folder=-1: self._before_attributes(path, folder),
            "sqlite3.connect": self._before_connection,
            "socket.bind": lambda _, address: self._before_creation(address) if isinstance(address, str) else [],
        }
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_watching or event not in self._handlers:
            return
        thread = originals.get_ident()
        if thread in self._busy:
            return
        self._enter_process()
        self._busy.add(thread)
        try:
            with self._lock:
                uses = self._handlers[event](*arguments)
            for name, writes in uses:
                if self.on_use:
                    self.on_use(name, writes)
        finally:
            self._busy.discard(thread)

    def _enter_process(self) -> None:
        """Go on in a process that a call forked: other threads, which may hold the lock, are not in it."""
        if os.getpid() != self._process:
            self._process = os.getpid()
            self._lock = originals.allocate_lock()
            self._busy.clear()

    # What is about to happen

    def _before_open(self, path: Any, mode: Any, flags: Any) -> list[Use]:
        flags = flags if isinstance(flags, int) else 0
        writes = bool(flags & _WRITING) or (isinstance(mode, str) and any(letter in mode for letter in "wax+"))
        name = None if isinstance(path, int) else self._followed(path)
        if name is None or ".pyc" in name[-30:] or flags & getattr(os, "O_DIRECTORY", 0):
            return []
        if not writes:
            return [(name, False)]
        creates = not flags or bool(flags & os.O_CREAT)
        if flags & os.O_EXCL and status_of(name):
            return [(name, True)]  # this will fail
        return self._before_write(name, creates=creates)

    def _before_write(self, name: str | None, *, creates: bool = False) -> list[Use]:
        if name is None:
            return []
        status = status_of(name)
        if status is None and creates:
            self._keep_folder_of(name)
        if status is None or (kind_of(status) == "file" and os.access(name, os.W_OK)):
            self._keep(name, creates=creates)
        if status is None or kind_of(status) == "file":
            self.written.add(name)
        return [(name, True)]

    def _before_creation(self, path: Any, mode: int = 0, folder: int = -1) -> list[Use]:
        name = self._own_name(path, folder)
        if name is None or name.endswith("/__pycache__"):
            return []
        if status_of(name) is None:
            self._keep_folder_of(name)
            self._keep(name, creates=True)
            self.written.add(name)
        return [(name, True)]

    def _before_removal(self, path: Any, folder: int = -1) -> list[Use]:
        name = self._own_name(path, folder)
        if name is None:
            return []
        if status_of(name) and os.access(os.path.dirname(name), os.W_OK):  # noqa: PTH120
            self._keep_folder_of(name)
            self._keep(name)
            self.written.add(name)
        return [(name, True)]

    def _before_rename(self, old: Any, new: Any, old_folder: int = -1, new_folder: int = -1) -> list[Use]:
        source, target = self._own_name(old, old_folder), self._own_name(new, new_folder)
        if source is None or target is None or target.endswith(".pyc"):
            return []
        if status_of(source):
            for name in (source, target):
                self._keep_folder_of(name)
            inside = self._keep_tree(source)
            self._keep_tree(target)
            for path in ("", *inside):
                self._keep(target + path, creates=True)
                self.written |= {source + path, target + path}
        return [(source, True), (target, True)]

    def _before_link(self, old: Any, new: Any, old_folder: int = -1, new_folder: int = -1) -> list[Use]:
        """Keep the content of a file that gets another name, by which it may be written."""
        source = self._own_name(old, old_folder)
        if source is not None and status_of(source):
            self._keep(source)
        return self._before_creation(new, 0, new_folder)

    def _before_attributes(self, path: Any, folder: int = -1) -> list[Use]:
        for name in {self._own_name(path, folder), self._followed(path, folder)} - {None}:
            assert name is not None
            status = status_of(name)
            if status and kind_of(status):
                self._keep(name, content=False)
        return []

    def _before_connection(self, database: Any) -> list[Use]:
        text = os.fsdecode(database) if isinstance(database, (str, bytes, os.PathLike)) else ""
        path, _, query = text.partition("?") if text.startswith("file:") else (text, "", "")
        if not text or ":memory:" in text or "mode=memory" in query:
            return []
        if text.startswith("file:"):
            path = unquote(path.removeprefix("file:").removeprefix("//localhost"))
            path = f"/{path.lstrip('/')}" if path.startswith("//") else path
        name = self._followed(path)
        if name is None or "mode=ro" in query or "immutable=1" in query:
            return [(name, False)] if name else []
        for ending in _BESIDE_SQLITE:
            self._before_write(name + ending, creates=True)
        return self._before_write(name, creates=True)

    # Paths

    def _own_name(self, path: Any, folder: Any = -1) -> str | None:
        """Return the path of a file itself, whose folders have no links; None for what is left out."""
        if isinstance(path, int):
            name: str | None = _path_of_descriptor(path)
        elif isinstance(path, (str, bytes, os.PathLike)):
            name = os.fsdecode(path)
        else:
            return None
        if name and not name.startswith("/") and isinstance(folder, int) and folder >= 0:
            base = _path_of_descriptor(folder)
            if base is None:
                self._refuse(f"the calls change {name} in a folder whose path is unknown")
            name = f"{base}/{name}"
        if not name:
            return None
        parent, last = os.path.split(name.rstrip("/") or "/")
        name = os.path.realpath(name) if last in ("", ".", "..") else f"{os.path.realpath(parent).rstrip('/')}/{last}"
        return None if f"{name}/".startswith(("/proc/", "/sys/", f"{self._folder}/")) else name

    def _followed(self, path: Any, folder: Any = -1) -> str | None:
        """Return the path of the file that a link leads to, or of a file that is no link."""
        name = self._own_name(path, folder)
        return self._own_name(os.path.realpath(name)) if name else None

    # Keeping

    def _keep_folder_of(self, name: str) -> None:
        """Keep the attributes of a file's folder."""
        parent = os.path.dirname(name)  # noqa: PTH120
        if status_of(parent):
            self._keep(parent, content=False)

    def _keep_tree(self, name: str) -> list[str]:
        """Keep a file, or a folder with everything in it; return the paths in it, each with a slash before it."""
        inside: list[str] = []
        if status_of(name):
            self._keep(name)
        if Path(name).is_dir() and not Path(name).is_symlink():
            for entry in sorted(self._entries(name)):
                inside += [f"/{entry}", *(f"/{entry}{path}" for path in self._keep_tree(f"{name}/{entry}"))]
            self._whole.add(name)
        return inside

    def _entries(self, name: str) -> list[str]:
        try:
            return os.listdir(name)  # noqa: PTH208
        except OSError as error:
            self._refuse(f"the calls move the folder {_shown(name)}, which cannot be read ({error.strerror})")

    def _keep(self, name: str, *, creates: bool = False, content: bool = True) -> None:
        """Record a file before it is changed first, with its content, or that there is none if one is created."""
        if self._refusal:
            raise NotRestorableError(self._refusal)
        if name in self.kept:
            kept = self.kept[name]
            if kept and kept.kind == "file" and content and not kept.copy:
                copy = self._copy(name)
                self._record(name, replace(kept, copy=copy, size=Path(copy).stat().st_size))
            return
        status = None if self._was_absent(name) else status_of(name)
        if status is None:
            if creates or status_of(name):
                self._record(name, None)
        elif kind := kind_of(status):
            self._record(name, record_of(name, status, self._copy(name) if kind == "file" and content else None))
        elif content:
            self._refuse(f"the calls change {_shown(name)}, which is a device or a socket")

    def _was_absent(self, name: str) -> bool:
        """Return True if a file that is not recorded is in a folder that was not there, or is recorded as a whole."""
        folders = [str(folder) for folder in Path(name).parents]
        return any(folder in self._whole or self.kept.get(folder, ...) is None for folder in folders)

    def _record(self, name: str, kept: Kept | None) -> None:
        if len(self.kept) >= _MAX_RECORDS:
            self._refuse(f"the calls change more than {_MAX_RECORDS} files, as many as are put back")
        self.kept[name] = kept
        with (self._folder / restoring.MANIFEST).open("a") as manifest:
            manifest.write(restoring.manifest_line(name, kept))

    def _copy(self, name: str) -> str:
        """Return the path of a new copy of a file's content."""
        size = os.lstat(name).st_size
        if size > _MAX_COPIED:
            self._refuse(
                f"the calls change {_shown(name)}, which is larger than the {_MAX_COPIED >> 20} MB kept of a file"
            )
        if self._total + size > _MAX_TOTAL:
            self._refuse(f"the calls change {_shown(name)} and others of more than {_MAX_TOTAL >> 20} MB in all")
        copy = str(self._folder / f"{hashlib.sha1(os.fsencode(name)).hexdigest()}-{os.getpid()}")
        try:
            shutil.copyfile(name, copy, follow_symlinks=False)
        except OSError as error:
            self._refuse(f"the calls change {_shown(name)}, which cannot be copied ({error.strerror})")
        self._total += size
        return copy

    def _refuse(self, why: str) -> NoReturn:
        """Let the operation fail, and those after it: this cannot be put back."""
        self._refusal = f"{why}, so that it could not be put back"
        (self._folder / _REFUSAL).write_text(self._refusal, errors="replace")
        raise NotRestorableError(self._refusal)

    def check(self) -> None:
        """Raise NotRestorableError if an operation was refused, in this process or another."""
        with contextlib.suppress(FileNotFoundError):
            raise NotRestorableError((self._folder / _REFUSAL).read_text())

    # Between schedules

    def keep_open_files(self) -> None:
        """Copy the files that are open for writing now: calls may write them without opening them."""
        for descriptor in _writable_files():
            name = self._own_name(descriptor)
            if name is None:
                continue
            self._keep(name)
            self.written.add(name)
            with contextlib.suppress(OSError):
                self._positions[descriptor] = os.lseek(descriptor, 0, os.SEEK_CUR)

    def reset(self) -> None:
        """Bring everything back to what it was before the calls, and take over the records of forks."""
        found = restoring.listed(self._folder)
        restoring.bring_back(found)
        # What is gone again is forgotten: if someone else makes it now, it stays.
        left = {name: kept for name, kept in found.items() if kept is not None or status_of(name)}
        if len(left) < len(found):
            restoring.write_manifest(self._folder, left)
        self.kept = {name: kept for name, kept in left.items() if kept is not None}
        self._total = sum(kept.size for kept in self.kept.values() if kept)
        for descriptor, position in self._positions.items():  # forks share the position
            with contextlib.suppress(OSError):
                os.lseek(descriptor, position, os.SEEK_SET)

    def listed(self) -> set[str]:
        """Return the paths of the files that this process and its forks have kept."""
        return {name for name, kept in restoring.listed(self._folder).items() if not (kept and kept.kind == "folder")}


def replace_open() -> None:
    """Make `os.open` with `dir_fd` open files by their whole paths: the audit event does not tell of that folder."""
    original = os.open

    def open_by_path(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is not None and flags & _WRITING:
            base = _path_of_descriptor(dir_fd)
            return original(Path(base or ".") / os.fsdecode(path), flags, mode, dir_fd=None if base else dir_fd)
        return original(path, flags, mode, dir_fd=dir_fd)

    os.open = open_by_path
    os.supports_dir_fd.add(open_by_path)


def _path_of_descriptor(descriptor: int) -> str | None:
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        found: bytes = fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024))  # type: ignore[attr-defined]
        return os.fsdecode(found.rstrip(b"\0"))
    return None


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


def _shown(name: str) -> str:
    return os.path.relpath(name)
