"""The destinations of the results of a run: a file with a checkpoint beside it, standard output, or nowhere."""

from __future__ import annotations

import contextlib
import os
import select
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from advisor.cli.interruptions import Interruptions
from advisor.cli.output import check_file
from advisor.errors import UsageError
from advisor.report.atomic_write import reported_as_usage_error

PIECE = 4096  # bytes that a pipe takes without waiting once it takes any


@dataclass(frozen=True)
class Files:
    """The files of a run.

    Attributes:
        output: The file for results; None for standard output, or for no results.
        checkpoint: The file that keeps the results for another run to continue.
    """

    output: Path | None
    checkpoint: Path | None

    @classmethod
    def of(cls, output: str | None, checkpoint: str | None, *, keep: bool) -> Files:
        """Return the files that the options name; `keep` is False for no checkpoint."""
        path = None if output is None else Path(output)
        if not keep:
            return cls(path, None)
        if checkpoint is None and path is not None and (path.is_file() or not path.exists()):
            checkpoint = f"{path}.checkpoint"
        return cls(path, None if checkpoint is None else Path(checkpoint))

    def check(self, *, resume: bool, overwrite: bool) -> None:
        """Refuse to overwrite results unasked, and to resume without a checkpoint.

        Raises:
            UsageError: The files do not suit the options, or cannot be written.
        """
        check_file(None if self.output is None else str(self.output))
        if resume:
            return self._check_resumable()
        if overwrite:
            return None
        if self.output is not None and self.output.is_file():
            more = "--resume continues its run, --overwrite" if self._has_checkpoint else "--overwrite"
            raise UsageError(f"{self.output} exists: {more} replaces it, or give another --output")
        if self._has_checkpoint:
            raise UsageError(
                f"{self.checkpoint} holds the results of an earlier run: --resume continues it, --overwrite starts anew"
            )
        return None

    @property
    def _has_checkpoint(self) -> bool:
        return self.checkpoint is not None and self.checkpoint.exists()

    def _check_resumable(self) -> None:
        if self.checkpoint is None:
            raise UsageError("--resume needs the checkpoint of a run that had --output FILE or --checkpoint FILE")
        has_results = self.output is not None and self.output.is_file() and self.output.stat().st_size > 0
        if has_results and not self._has_checkpoint:
            raise UsageError(
                f"{self.output} has no checkpoint ({self.checkpoint}): its run is complete, or had --no-checkpoint. "
                "--overwrite starts anew"
            )


class Output:
    """Writes lines to a descriptor; a signal takes effect between two writes.

    Args:
        descriptor: Where to write.
        interruptions: The signals.
        is_own: The file is for the results alone, and may be truncated.

    Attributes:
        lines: How many were written.
    """

    def __init__(self, descriptor: int, interruptions: Interruptions, *, is_own: bool = False) -> None:
        self.lines = 0
        self._is_own = is_own
        self._descriptor = descriptor
        self._interruptions = interruptions
        self._pending = bytearray()
        self._is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode) or stat.S_ISSOCK(os.fstat(descriptor).st_mode)
        self._is_open = True

    @property
    def is_watched(self) -> bool:
        """True for a terminal, or a pipe whose reader may show the results on one."""
        return self._is_pipe or os.isatty(self._descriptor)

    def truncate(self) -> None:
        """Remove what an earlier run has left in a file."""
        if stat.S_ISREG(os.fstat(self._descriptor).st_mode) and self._is_own:
            os.ftruncate(self._descriptor, 0)

    def add(self, line: bytes) -> None:
        """Add a line, which `flush` writes."""
        self._pending += line
        self.lines += 1

    def flush(self) -> None:
        """Write the lines."""
        while self._pending:
            # A write to a full pipe would wait, and not be interrupted: wait here.
            size = len(self._pending)
            if self._is_pipe and hasattr(select, "poll"):
                self._poll(select.POLLOUT, None)
                size = PIECE
            with self._interruptions.held():
                written = os.write(self._descriptor, self._pending[:size])
                del self._pending[:written]

    def check_reader(self) -> None:
        """Raise BrokenPipeError if nobody reads the pipe any more."""
        if self._is_pipe and self._is_open and hasattr(select, "poll") and self._poll(0, 0):
            self._is_open = False
            raise BrokenPipeError

    def sync(self) -> None:
        """Have the system write a file to the disk."""
        with contextlib.suppress(OSError):  # a pipe
            os.fsync(self._descriptor)

    def _poll(self, events: int, timeout: int | None) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, events)
        return bool(poll.poll(timeout))


@contextlib.contextmanager
def file_output(path: Path, interruptions: Interruptions) -> Iterator[Output]:
    """Open a file for results; a new one in which nothing was written is removed again.

    What is in the file stays until `truncate`.
    """
    is_new = not path.exists()
    with reported_as_usage_error(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    output = Output(descriptor, interruptions, is_own=True)
    try:
        yield output
    finally:
        os.close(descriptor)
        if is_new and not output.lines:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def standard_output(interruptions: Interruptions) -> Iterator[Output]:
    """Keep standard output for results: what calls print goes to standard error meanwhile."""
    sys.stdout.flush()
    results = os.dup(1)
    os.dup2(2, 1)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)
    try:
        yield Output(results, interruptions)
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        os.dup2(results, 1)
        os.close(results)


@contextlib.contextmanager
def standard_input_kept() -> Iterator[int]:
    """Keep standard input for inputs: calls find it empty. Yield the descriptor that has the inputs."""
    inputs = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        yield inputs
    finally:
        os.dup2(inputs, 0)
        os.close(inputs)
