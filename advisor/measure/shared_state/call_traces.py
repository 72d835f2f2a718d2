"""Record what calls leave outside their process: files that they write, and addresses that they connect to."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

MAX_TRACES = 50


class Traces(NamedTuple):
    """Files that were opened for writing, and addresses that were connected to."""

    opened: set[str]
    addresses: set[str]

    def note_opened(self, path: str) -> None:
        """Record a file that is opened for writing."""
        if len(self.opened) < MAX_TRACES:
            self.opened.add(path)

    def watch_connections(self) -> contextlib.AbstractContextManager[None]:
        """Record connections while the block runs."""
        return _noting_connected(self.addresses)

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


@contextlib.contextmanager
def _noting_connected(addresses: set[str]) -> Iterator[None]:
    if "connect" in vars(socket.socket):  # somebody else replaced it
        yield
        return
    original = socket.socket.connect

    def note(address: Any) -> None:
        if isinstance(address, tuple) and len(addresses) < MAX_TRACES:
            addresses.add(":".join(map(str, address[:2])))

    def connect(self: socket.socket, address: Any, /) -> None:
        try:
            original(self, address)
        except BlockingIOError:  # it goes on, as in asyncio
            note(address)
            raise
        note(address)

    socket.socket.connect = connect  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        if vars(socket.socket).get("connect") is connect:
            del socket.socket.connect
