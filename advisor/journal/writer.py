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

BATCH_SIZE = 100  # operations in one transaction
QUEUE_SIZE = 1000  # further operations are refused

Result = TypeVar("Result")
Operation = Callable[[Connection], Result]


@dataclass(frozen=True)
class _Task(Generic[Result]):
    operation: Operation[Result]
    future: Future[Result]


class Writer:
    """A thread that executes all writes of a process in the order of submission.

    Callers can stop waiting for a database that hangs, and operations that arrive while the disk is busy are committed
    together.
    """

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Connection]],
        on_end: Callable[[Exception | None], None],
    ) -> None:
        """Create a writer; its thread starts with the first operation.

        Args:
            transaction: Begins a transaction and commits it.
            on_end: Called after each transaction with its error or None, in the writer's thread.
        """
        self._transaction = transaction
        self._on_end = on_end
        self._tasks: queue.Queue[_Task[Any] | None] = queue.Queue(QUEUE_SIZE)
        self._thread: Thread | None = None
        self._starting = Lock()
        self._began: float | None = None

    @property
    def busy_seconds(self) -> float:
        """Seconds since the current transaction began; 0 if there is none."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def submit(self, operation: Operation[Result]) -> Future[Result]:
        """Queue an operation. The future has a result once the transaction is committed.

        Raises:
            queue.Full: Too many operations are waiting.
        """
        task = _Task(operation, Future())
        self._tasks.put_nowait(task)
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="journal", daemon=True)
                self._thread.start()
        return task.future

    def close(self, seconds: float) -> None:
        """Wait until everything submitted is done, for `seconds` at most."""
        if self._thread is not None:
            self._tasks.put(None, timeout=seconds)
            self._thread.join(seconds)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            batch, closed = self._drain(task)
            self._execute([task for task in batch if task.future.set_running_or_notify_cancel()])
            if closed:
                return

    def _drain(self, first: _Task[Any]) -> tuple[list[_Task[Any]], bool]:
        """Return the tasks that are waiting already, and whether the writer was closed after them."""
        batch = [first]
        while len(batch) < BATCH_SIZE:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                break
            if task is None:
                return batch, True
            batch.append(task)
        return batch, False

    def _execute(self, batch: Sequence[_Task[Any]]) -> None:
        if not batch:
            return
        self._began = time.monotonic()
        try:
            with self._transaction() as connection:
                results = [task.operation(connection) for task in batch]
        except Exception as error:  # noqa: BLE001  (every error belongs to the caller that waits for the future)
            if len(batch) > 1 and not is_database_failure(error):
                for task in batch:  # one of them is at fault; the others must not fail with it
                    self._execute([task])
                return
            self._on_end(error)
            for task in batch:
                task.future.set_exception(error)
            return
        finally:
            self._began = None
        self._on_end(None)
        for task, result in zip(batch, results, strict=True):
            task.future.set_result(result)


def is_database_failure(error: Exception) -> bool:
    """Return True if the database is at fault, not the data or the caller."""
    if isinstance(error, AdvisorError):
        return isinstance(error, JournalError)
    return not isinstance(error, DataError | IntegrityError | ValueError | OSError)
