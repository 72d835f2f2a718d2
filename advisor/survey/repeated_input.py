"""Give both runs of a program the same standard input, also where it can be read only once."""

from __future__ import annotations

import os
import select
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

CHUNK = 1 << 16


class RepeatedInput:
    """The standard input of this process, for the program's first run and again for its second.

    A file is read again from where it was. What comes through a pipe is copied while the first run reads it. A terminal
    cannot be repeated, and anything else, such as the null device, needs no help.

    Attributes:
        is_terminal: The input is typed.
        is_lost: The input was not copied to its end, since the disk is full for example, so there is no second run.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._source = descriptor
        self._copy: IO[bytes] | None = None
        self._offset: int | None = None
        self.is_terminal = os.isatty(descriptor)
        self.is_lost = False
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            self._offset = os.lseek(descriptor, 0, os.SEEK_CUR)
        elif stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            self._copy = self._copy_file()

    def _copy_file(self) -> IO[bytes] | None:
        try:
            return tempfile.TemporaryFile(buffering=0)
        except OSError:  # there is no folder for temporary files
            self.is_lost = True
            return None

    def __enter__(self) -> RepeatedInput:
        return self

    def __exit__(self, *_: object) -> None:
        if self._copy is not None:
            self._copy.close()

    @contextmanager
    def first(self) -> Iterator[int | None]:
        """Return the descriptor that the first run reads; None is this process's own input."""
        if self._copy is None:
            yield None
            return
        reader, writer = os.pipe()
        stopped, stop = os.pipe()
        copying = threading.Thread(target=self._pass_on, args=(writer, stopped), name="advisor-input", daemon=True)
        copying.start()
        try:
            yield reader
        finally:
            os.close(stop)
            copying.join()
            os.close(stopped)
            os.close(reader)

    def again(self) -> int | None:
        """Return the descriptor that the second run reads: the same input from its beginning."""
        if self._offset is not None:
            os.lseek(self._source, self._offset, os.SEEK_SET)
        if self._copy is None:
            return None
        self._copy.seek(0)
        return self._copy.fileno()

    def _pass_on(self, writer: int, stopped: int) -> None:
        """Copy the input to a file and to the program, as fast as the program reads it, until either has ended."""
        os.set_blocking(writer, False)
        try:
            while self._source in select.select([self._source, stopped], [], [])[0]:
                data = os.read(self._source, CHUNK)
                if not data:
                    return
                self._keep(data)
                while data:
                    ready = select.select([stopped], [writer], [])
                    if stopped in ready[0]:
                        return
                    data = data[os.write(writer, data) :]
        except OSError:  # the input has gone
            return
        finally:
            os.close(writer)

    def _keep(self, data: bytes) -> None:
        """Copy input for the second run; without space for it, the first run still gets all of it."""
        assert self._copy is not None
        try:
            while data and not self.is_lost:
                data = data[os.write(self._copy.fileno(), data) :]
        except OSError:
            self.is_lost = True
            self._copy.truncate(0)
