"""Record what calls leave outside their process: files that they write, and addresses that they connect to."""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import socket
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from advisor.measure.noting import noting

MAX_TRACES = 50
_WRITING = frozenset("wxa+")


class Traces(NamedTuple):
    """Files that were opened for writing, and addresses that were connected to."""

    opened: set[str]
    addresses: set[str]

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Record files and addresses while the block runs."""
        with contextlib.ExitStack() as stack:
            for module in (builtins, io):
                stack.enter_context(_noting_opened(module, self.opened))
            stack.enter_context(_noting_connected(self.addresses))
            yield

    def wrote(self, further: Iterable[str]) -> tuple[str, ...]:
        """Return those of the opened and the further files that still exist and are not temporary.

        Raises:
            OSError: The current folder is gone.
        """
        here = Path.cwd()
        paths = {Path(path) for path in (*self.opened, *further)}
        kept = (path for path in paths if path.is_file() and not _is_temporary(path))
        return tuple(sorted(_shown(path, here) for path in kept))[:MAX_TRACES]

    def connected(self) -> tuple[str, ...]:
        """Return the addresses that calls connected to."""
        return tuple(sorted(self.addresses))[:MAX_TRACES]


def _is_temporary(path: Path) -> bool:
    """Return True if tempfile generated the name of the file or of a folder that contains it."""
    folder = Path(tempfile.gettempdir())
    return path.is_relative_to(folder) and path.relative_to(folder).parts[0].startswith(tempfile.gettempprefix())


def _shown(path: Path, folder: Path) -> str:
    text = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    return text.encode("utf-8", "backslashreplace").decode()


def _noting_opened(module: Any, opened: set[str]) -> contextlib.AbstractContextManager[None]:
    def note(file: Any, mode: Any = "r", *args: Any, **kwargs: Any) -> None:
        if _WRITING & set(mode) and not isinstance(file, int) and len(opened) < MAX_TRACES:
            opened.add(os.path.abspath(os.fsdecode(file)))  # noqa: PTH100  (follows the folder of this moment)

    return noting(module, "open", note)


@contextlib.contextmanager
def _noting_connected(addresses: set[str]) -> Iterator[None]:
    if "connect" in vars(socket.socket):  # somebody else replaced it
        yield
        return
    original = socket.socket.connect

    def connect(self: socket.socket, address: Any, /) -> None:
        if isinstance(address, tuple) and len(addresses) < MAX_TRACES:
            addresses.add(":".join(map(str, address[:2])))
        original(self, address)

    socket.socket.connect = connect  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        if vars(socket.socket).get("connect") is connect:
            del socket.socket.connect
