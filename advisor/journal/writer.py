"""One thread that does all the writing of a process.

Whoever asks for something to be written can stop waiting for a database that hangs; and what comes together while the
disk is busy is committed together.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from advisor.errors import AdvisorError, JournalError

TOGETHER = 100  # commits at most
WAITING = 1000  # at most; what comes beyond is refused

Result = TypeVar("Result")
Work = Callable[[Connection], Result]


@dataclass(frozen=True)
class _Piece(Generic[Result]):
    work: Work[Result]
    done: Future[Result]


class Writer:
    """Takes pieces of work in the order they come. `outcome` is told how each transaction ended: None, or its error."""

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Connection]],
        outcome: Callable[[Exception | None], None],
    ) -> None:
        self._transaction = transaction
        self._outcome = outcome
        self._pieces: queue.Queue[_Piece[Any] | None] = queue.Queue(WAITING)
        self._thread: Thread | None = None
        self._starting = Lock()
        self._began: float | None = None

    @property
    def busy_seconds(self) -> float:
        """For how long the transaction that is under way has been."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def submit(self, work: Work[Result]) -> Future[Result]:
        """Its future has a result once that is committed. Raises queue.Full when too much is waiting."""
        piece = _Piece(work, Future())
        self._pieces.put_nowait(piece)
        self._start()
        return piece.done

    def close(self, seconds: float) -> None:
        """Ends when all that was submitted is done, or the time is up."""
        if self._thread is not None:
            self._pieces.put(None, timeout=seconds)
            self._thread.join(seconds)

    def _start(self) -> None:
        if self._thread is not None:
            return
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="journal", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while (first := self._pieces.get()) is not None:
            pieces, ended = self._more(first)
            self._do([piece for piece in pieces if piece.done.set_running_or_notify_cancel()])
            if ended:
                return

    def _more(self, first: _Piece[Any]) -> tuple[list[_Piece[Any]], bool]:
        """What else is waiting already, and whether that is all there will be."""
        pieces = [first]
        while len(pieces) < TOGETHER:
            try:
                piece = self._pieces.get_nowait()
            except queue.Empty:
                break
            if piece is None:
                return pieces, True
            pieces.append(piece)
        return pieces, False

    def _do(self, pieces: Sequence[_Piece[Any]]) -> None:
        if not pieces:
            return
        self._began = time.monotonic()
        try:
            with self._transaction() as connection:
                results = [piece.work(connection) for piece in pieces]
        except Exception as error:  # noqa: BLE001  (whatever it was, somebody waits to hear of it)
            if len(pieces) > 1 and not is_loss(error):
                for piece in pieces:  # one of them is at fault, and the others shall not suffer for it
                    self._do([piece])
                return
            self._outcome(error)
            for piece in pieces:
                piece.done.set_exception(error)
            return
        finally:
            self._began = None
        self._outcome(None)
        for piece, result in zip(pieces, results, strict=True):
            piece.done.set_result(result)


def is_loss(error: Exception) -> bool:
    """Whether the database is at fault, not what was to be written."""
    if isinstance(error, AdvisorError):
        return isinstance(error, JournalError)
    return not isinstance(error, DataError | IntegrityError | ValueError | OSError)
