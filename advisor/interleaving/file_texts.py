"""Describe the content of files, to compare what schedules leave."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

_SQLITE = b"SQLite format 3\0"
_BESIDE_SQLITE = ("-journal", "-wal", "-shm")
_MAX_READ = 64 << 20
_MAX_TEXT = 2_000
_MAX_SQLITE = 4 << 20


def components(names: Iterable[str]) -> dict[str, str]:
    """Return a text for the content of each file that exists now."""
    found = {}
    for name in sorted(names):
        content = None if name.endswith(_BESIDE_SQLITE) else _content(name)
        if content is not None:
            found[file_path(name)] = content
    return found


def file_path(name: str) -> str:
    """Return the path of a file's component."""
    return f"file {os.path.relpath(name)}"


def _content(name: str) -> str | None:
    try:
        if Path(name).is_symlink():
            return f"a link to {Path(name).readlink()}"
        if Path(name).is_dir():
            return "a folder"
        if not Path(name).is_file():
            return None  # reading a named pipe does not end
        with Path(name).open("rb") as file:
            content = file.read(_MAX_READ)
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
