"""Records of files as they were before the calls, and how they are brought back from them."""

from __future__ import annotations

import contextlib
import filecmp
import json
import os
import shutil
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

MANIFEST = "manifest.jsonl"
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link", stat.S_IFIFO: "pipe"}


@dataclass(frozen=True, slots=True)
class Kept:
    """A file, folder, symbolic link or named pipe as it was. `copy` has a file's content, where that was kept."""

    kind: str
    mode: int
    owner: tuple[int, int]
    times: tuple[int, int]  # of access and change, in nanoseconds
    inode: int
    size: int = 0
    target: str = ""
    copy: str | None = None


Records = Mapping[str, Kept | None]  # by path; None for what did not exist


def status_of(name: str) -> os.stat_result | None:
    """Return the status of what has this name, a link's own; None if there is nothing."""
    try:
        return os.lstat(name)
    except OSError:
        return None


def kind_of(status: os.stat_result) -> str:
    """Return the kind of a file; an empty string for devices and sockets."""
    return _KINDS.get(stat.S_IFMT(status.st_mode), "")


def record_of(name: str, status: os.stat_result, copy: str | None = None) -> Kept:
    return Kept(
        kind=kind_of(status),
        mode=stat.S_IMODE(status.st_mode),
        owner=(status.st_uid, status.st_gid),
        times=(status.st_atime_ns, status.st_mtime_ns),
        inode=status.st_ino,
        size=status.st_size if copy else 0,
        target=str(Path(name).readlink()) if stat.S_ISLNK(status.st_mode) else "",
        copy=copy,
    )


# The manifest


def manifest_line(name: str, kept: Kept | None) -> str:
    return json.dumps([name, kept and asdict(kept)]) + "\n"


def listed(folder: Path) -> dict[str, Kept | None]:
    """Return what a folder's manifest lists. The first record of a name counts, with a copy that was made later."""
    found: dict[str, Kept | None] = {}
    with contextlib.suppress(OSError):
        for line in (folder / MANIFEST).read_text().splitlines():
            with contextlib.suppress(ValueError, TypeError):
                name, fields = json.loads(line)
                kept = fields and Kept(**{**fields, "owner": tuple(fields["owner"]), "times": tuple(fields["times"])})
                earlier = found.setdefault(name, kept)
                if kept and kept.copy and earlier and not earlier.copy:
                    found[name] = kept
    return found


def write_manifest(folder: Path, records: Records) -> None:
    """Replace a folder's manifest."""
    new = folder / f"{MANIFEST}.new"
    new.write_text("".join(manifest_line(name, kept) for name, kept in records.items()))
    new.replace(folder / MANIFEST)


def restore_all(folder: Path) -> None:
    """Bring back the files that a folder's manifest lists."""
    bring_back(listed(folder))


# Restoring


def bring_back(records: Records) -> None:
    """Bring files back to what they were. Paths have no links in their folders, and none is followed."""
    present = sorted((name, kept) for name, kept in records.items() if kept is not None)
    for name, kept in present:
        if kept.kind == "folder":
            _open_folder(name, kept)
    for name in sorted((name for name, kept in records.items() if kept is None), reverse=True):
        with contextlib.suppress(OSError):  # what is in a folder goes before the folder
            _remove(name)
    for name, kept in present:
        with contextlib.suppress(OSError):
            _bring_back_content(name, kept)
    for name, kept in reversed(present):
        with contextlib.suppress(OSError):
            _bring_back_attributes(name, kept)


def _is_in_place(name: str) -> bool:
    """Return True if no folder on the way to a file has become a link."""
    parent = os.path.dirname(name)  # noqa: PTH120
    return os.path.realpath(parent) == parent


def _open_folder(name: str, kept: Kept) -> None:
    """Make changes in a folder possible; its mode is brought back in the end."""
    status = status_of(name)
    if status and kind_of(status) == "folder" and stat.S_IMODE(status.st_mode) & 0o700 != 0o700 and _is_in_place(name):
        with contextlib.suppress(OSError):
            Path(name).chmod(kept.mode | 0o700)


def _remove(name: str) -> None:
    """Remove a file or an empty folder."""
    status = status_of(name)
    if status is None or not _is_in_place(name):
        return
    if kind_of(status) == "folder":
        Path(name).rmdir()
    else:
        Path(name).unlink()


def _bring_back_content(name: str, kept: Kept) -> None:
    if not _is_in_place(name) or (kept.kind == "file" and not kept.copy):
        return
    status = status_of(name)
    if status and (kind_of(status) != kept.kind or (kept.kind == "link" and str(Path(name).readlink()) != kept.target)):
        _remove(name)
        status = None
    if kept.kind == "file":
        _bring_back_file(name, kept, status)
    elif status is None and kept.kind == "folder":
        Path(name).mkdir()
    elif status is None and kept.kind == "link":
        Path(name).symlink_to(kept.target)
    elif status is None:
        os.mkfifo(name)


def _bring_back_file(name: str, kept: Kept, status: os.stat_result | None) -> None:
    """Write a file's content in place, so that its other names keep it; other files that got its name stay apart."""
    assert kept.copy
    if status and status.st_nlink > 1 and status.st_ino != kept.inode:
        Path(name).unlink()
        status = None
    if status:
        with contextlib.suppress(OSError):
            Path(name).chmod(stat.S_IMODE(status.st_mode) | 0o600)
        if filecmp.cmp(kept.copy, name, shallow=False):
            return
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    with Path(kept.copy).open("rb") as source, os.fdopen(os.open(name, flags, 0o600), "wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


def _bring_back_attributes(name: str, kept: Kept) -> None:
    status = status_of(name)
    if status is None or kind_of(status) != kept.kind or not _is_in_place(name):
        return
    if (status.st_uid, status.st_gid) != kept.owner:
        with contextlib.suppress(OSError):
            os.chown(name, *kept.owner, follow_symlinks=False)
        status = os.lstat(name)
    if kept.kind != "link" and stat.S_IMODE(status.st_mode) != kept.mode:
        Path(name).chmod(kept.mode)
    is_shared = kept.kind == "folder" and kept.mode & stat.S_ISVTX  # by all users, such as /tmp
    if status.st_mtime_ns != kept.times[1] and not is_shared:
        os.utime(name, ns=kept.times, follow_symlinks=False)
