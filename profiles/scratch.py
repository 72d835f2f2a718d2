"""Files for the workloads to read and write, in a temporary directory that is removed at exit."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


@functools.cache
def folder() -> Path:
    """Return the temporary directory of this process; pool workers get paths in it with their arguments."""
    path = Path(tempfile.mkdtemp(prefix="advisor-profiles-"))
    atexit.register(_remove_as, os.getpid(), path)
    return path


def file(name: str, make: Callable[[], str]) -> str:
    """Return the path of the file of this name; create it if it does not exist."""
    path = folder() / name
    if not path.exists():
        path.write_text(make(), encoding="utf-8")
    return str(path)


def remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    folder.cache_clear()


def _remove_as(owner: int, path: Path) -> None:
    """Remove the directory unless this process is a fork, which must not remove the files of its parent."""
    if os.getpid() == owner:
        remove(path)
