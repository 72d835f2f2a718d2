"""Files for the workloads to read and write, in a temporary folder that goes when its process does."""

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
    """This process's temporary folder; pool workers get paths in it with their arguments."""
    path = Path(tempfile.mkdtemp(prefix="advisor-profiles-"))
    atexit.register(_remove_as, os.getpid(), path)
    return path


def file(name: str, make: Callable[[], str]) -> str:
    """The path of the file of this name, which is made unless it is there already."""
    path = folder() / name
    if not path.exists():
        path.write_text(make(), encoding="utf-8")
    return str(path)


def remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    folder.cache_clear()


def _remove_as(owner: int, path: Path) -> None:
    """Remove the folder unless this is a fork, which must not take its parent's files along."""
    if os.getpid() == owner:
        remove(path)
