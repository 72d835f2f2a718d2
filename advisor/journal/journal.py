from __future__ import annotations

import os
import queue
import time
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Literal, TypeVar

from cachetools import TTLCache
from sqlalchemy import Connection

from advisor import __version__
from advisor.errors import AdvisorError, JournalError
from advisor.input_limits import MAX_JOURNAL_BYTES, MAX_JOURNAL_ENTRIES
from advisor.journal import KEEP_DAYS, queries
from advisor.journal.circuit_breaker import CircuitBreaker
from advisor.journal.database import TIMEOUT, Database, summary_of
from advisor.journal.export import export
from advisor.journal.ids import advice_id, canonical, is_possible_id, without_nulls
from advisor.journal.outcome_prediction import predicted, with_advised_defaults
from advisor.journal.records import JournalEntry, Outcome
from advisor.journal.writer import Operation, Writer, is_database_failure
from advisor.models import Advice, Strategy

RECORD_TIMEOUT = 0.25  # seconds that an answer waits for its entry
REPORT_TIMEOUT = 5.0  # seconds that a report waits to be committed
PROBE_INTERVAL = 2.0  # seconds
PROBE_TIMEOUT = 0.25  # seconds that the caller waits for a probe
STUCK_SECONDS = 1.0  # of one transaction, after which the database counts as lost
DAY = 86_400.0
PRUNE_INTERVAL = 3600.0  # seconds
PRUNE_ENTRIES = 1000  # new entries after which a process prunes without waiting for the interval
RECENT_IDS = 10_000  # for which a process remembers that they need no renewal

Event = Literal["recorded", "renewed", "reported", "left out", "failed"]
"""Outcome of a write. "left out": for privacy, its size, or because the database is lost."""

Result = TypeVar("Result")


class Journal:
    """Advice and reported outcomes in a database; made by `open_journal`.

    Thread-safe. Several processes may use one database, each with its own connections, and a forked process opens new
    ones. Every method but `record`, `renew` and `probe` raises JournalError if the database does not answer.
    """

    def __init__(
        self,
        database: Database,
        *,
        descriptions: bool = False,
        keep_days: float = KEEP_DAYS,
        max_entries: int = MAX_JOURNAL_ENTRIES,
        on_event: Callable[[Event], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Create a journal; nothing is connected yet.

        Args:
            database: Where the tables are.
            descriptions: Store questions in words too.
            keep_days: Days without a request or report after which advice is removed.
            max_entries: Number of entries beyond which the oldest are removed.
            on_event: Called with each `Event`, from any thread.
            clock: Returns the time in seconds since the epoch.
        """
        self._database = database
        self._descriptions = descriptions
        self._keep_seconds = keep_days * DAY
        self._max_entries = max_entries
        self.on_event = on_event
        self._clock = clock
        self._start()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_restart(weakref.ref(self)))

    def _start(self) -> None:
        """Create the parts that processes must not share."""
        self._reading = CircuitBreaker(f"read the journal ({self._database.name})")
        self._writing = CircuitBreaker(f"write the journal ({self._database.name})")
        self._writer = Writer(self._database.writing, self._on_transaction_end)
        self._lock = Lock()
        self._recent: TTLCache[str, bool] = TTLCache(RECENT_IDS, queries.RENEW_SECONDS, timer=self._clock)
        self._prune_at = 0.0
        self._entries_until_prune = PRUNE_ENTRIES
        self._probe_thread: Thread | None = None
        self._probe_at = 0.0
        self._failed_entry: Operation[bool] | None = None  # the last one

    def record(self, question: Mapping[str, Any], advice: Advice) -> str | None:
        """Store advice; waits for the database for a quarter of a second at most.

        Args:
            question: The JSON document that was asked.
            advice: The advice on it.

        Returns:
            The id of the entry, or None if it was not stored: for privacy, its size, or a database that is lost.
        """
        if "description" in question and not self._descriptions:
            self._tell("left out")
            return None
        documents = {"question": canonical(without_nulls(question)), "advice": advice.model_dump_json()}
        id = advice_id(question, documents["advice"])
        now = self._clock()
        self._prune_if_due(now)
        if self._is_recent(id):
            return id
        if sum(map(len, documents.values())) > MAX_JOURNAL_BYTES:
            self._tell("left out")
            return None
        row = {"id": id, "version": __version__, **documents, "first_asked": now, "last_asked": now}
        if not self._try_to_write(lambda connection: queries.upsert_advice(connection, row), "recorded"):
            return None
        with self._lock:
            self._recent[id] = True
            self._entries_until_prune -= 1
        return id

    def renew(self, id: str) -> bool | None:
        """Keep advice for longer; return False if there is no such advice, None if that is not known."""
        now = self._clock()
        self._prune_if_due(now)
        if self._is_recent(id):
            return True
        renewed = self._try_to_write(lambda connection: queries.renew_advice(connection, id, now), "renewed")
        if renewed:
            with self._lock:
                self._recent[id] = True
        return renewed

    def advice(self, id: str) -> JournalEntry | None:
        """Return the advice with its question, or None if there is none with this id."""
        return self._read(lambda connection: queries.find_advice(connection, id)) if is_possible_id(id) else None

    def report(
        self,
        id: str,
        *,
        seconds: float,
        calls: int | None = None,
        strategy: Strategy | None = None,
        workers: int | None = None,
        sequential_seconds: float | None = None,
        note: str | None = None,
    ) -> Outcome | None:
        """Store the outcome of a job and wait for the commit.

        Args:
            id: The id of the advice.
            seconds: Wall seconds of the whole job.
            calls: Number of calls, if not as advised.
            strategy: How the job was done, if not as advised.
            workers: Number of workers, if not as advised.
            sequential_seconds: Wall seconds of the same job without concurrency.
            note: Free text.

        Returns:
            The outcome with the prediction for it, or None if there is no such advice.

        Raises:
            UsageError: The report does not fit the advice, or the advice has too many outcomes.
            JournalError: The database does not answer, so that the outcome may or may not be stored.
        """
        entry = self.advice(id)
        if entry is None:
            return None
        strategy, workers = with_advised_defaults(entry.advice, strategy, workers)
        calls = calls or entry.advice.job.calls
        outcome = Outcome(
            advice_id=id,
            reported=self._clock(),
            strategy=strategy,
            workers=workers,
            calls=calls,
            seconds=seconds,
            sequential_seconds=sequential_seconds,
            note=note,
            predicted=predicted(entry.advice, strategy, workers, calls),
        )
        if not self._write(lambda connection: queries.insert_outcome(connection, outcome)):
            return None
        self._tell("reported")
        return outcome

    def outcomes(self, limit: int = 1000) -> list[Outcome]:
        """Return up to `limit` outcomes, the newest first."""
        return self._read(lambda connection: queries.latest_outcomes(connection, limit))

    def export(self, folder: Path) -> tuple[int, int]:
        """Write the outcomes of measured profiles as training records.

        Returns:
            The number of files written and the number of outcomes skipped.

        Raises:
            OSError: A file cannot be written.
        """
        return self._read(lambda connection: export(queries.advice_with_outcomes(connection), folder))

    def prune(self, older_than_days: float | None = None) -> int:
        """Remove old entries, and the oldest beyond the maximum.

        Args:
            older_than_days: Days since the advice was last asked for or reported on; by default as configured.

        Returns:
            The number of entries removed.
        """
        age = self._keep_seconds if older_than_days is None else older_than_days * DAY
        before, removed = self._clock() - age, 0
        while deleted := self._write(
            lambda connection: queries.delete_old_advice(connection, before=before, max_entries=self._max_entries)
        ):
            removed += deleted
        return removed

    def upgrade(self) -> str | None:
        """Create or upgrade the tables.

        Returns:
            The revision that was found, or None if there were no tables.

        Raises:
            JournalError: A newer version wrote the tables, or the database does not answer.
        """
        try:
            return self._database.upgrade()
        except JournalError:
            raise
        except Exception as error:
            raise self._unavailable(summary_of(error)) from error

    def exists(self) -> bool:
        """Return False if the address is a file that does not exist. Other methods would create it."""
        return self._database.exists()

    @property
    def name(self) -> str:
        """The address without secrets."""
        return self._database.name

    @property
    def lost(self) -> str | None:
        """The error that the database raises, or None."""
        return self._writing.error or self._reading.error

    def probe(self) -> None:
        """Update `lost` by testing the database, unless that was done a moment ago.

        Waits a quarter of a second at most; the result of a slower probe is seen by the next caller.
        """
        with self._lock:
            now = time.monotonic()
            if now < self._probe_at or (self._probe_thread is not None and self._probe_thread.is_alive()):
                return
            self._probe_at = now + PROBE_INTERVAL
            self._probe_thread = thread = Thread(target=self._probe, name="journal-probe", daemon=True)
        thread.start()
        thread.join(PROBE_TIMEOUT)

    def close(self) -> None:
        """Write pending entries, for a few seconds at most, and close the connections."""
        with suppress(queue.Full):
            self._writer.close(TIMEOUT)
        self._database.engine.dispose()

    def _probe(self) -> None:
        with suppress(JournalError):
            self._read(queries.probe_reading)
        if self._writing.error and self._writing.allows():
            # A full disk may have room for a small write but not for an entry, so try the entry that failed.
            with suppress(AdvisorError, queue.Full):
                self._wait(self._writer.submit(self._failed_entry or queries.probe_writing), REPORT_TIMEOUT)

    def _try_to_write(self, operation: Operation[bool], event: Event) -> bool | None:
        """Write within the short time that an answer can wait; return None on failure."""
        if not self._writing.allows():
            self._tell("left out")
            return None
        try:
            written = self._wait(self._writer.submit(operation), RECORD_TIMEOUT)
        except (AdvisorError, queue.Full):
            if event == "recorded" and self._writing.error:
                self._failed_entry = operation
            self._tell("failed")
            return None
        if written:
            self._tell(event)
        return written

    def _write(self, operation: Operation[Result]) -> Result:
        """Write and wait for the commit."""
        if not self._writing.allows():
            raise self._unavailable(str(self._writing.error))
        try:
            return self._wait(self._writer.submit(operation), REPORT_TIMEOUT)
        except (JournalError, queue.Full) as error:
            self._tell("failed")
            raise self._unavailable(str(error) or "too many writes are waiting") from error

    def _wait(self, future: Future[Result], seconds: float) -> Result:
        try:
            return future.result(seconds)
        except TimeoutError:
            future.cancel()
            if self._writer.busy_seconds >= STUCK_SECONDS:  # otherwise the queue is long, or the host is busy
                self._writing.fail(f"no answer for {STUCK_SECONDS:g} s")
            raise JournalError(f"no answer in {seconds:g} s") from None
        except AdvisorError:
            raise
        except Exception as error:
            raise JournalError(summary_of(error)) from error

    def _read(self, operation: Operation[Result]) -> Result:
        if not self._reading.allows():
            raise self._unavailable(str(self._reading.error))
        try:
            with self._database.reading() as connection:
                result = operation(connection)
        except Exception as error:
            if not is_database_failure(error):
                raise
            self._database.check_again()
            self._reading.fail(summary_of(error))
            raise self._unavailable(summary_of(error)) from error
        self._reading.succeed()
        return result

    def _on_transaction_end(self, error: Exception | None) -> None:
        if error is None:
            self._writing.succeed()
            self._failed_entry = None
        elif is_database_failure(error):
            self._database.check_again()
            with self._lock:
                self._recent.clear()  # it may come back as another database
            self._writing.fail(summary_of(error))

    def _unavailable(self, reason: str) -> JournalError:
        return JournalError(f"the journal ({self._database.name}) does not answer: {reason}")

    def _tell(self, event: Event) -> None:
        if self.on_event is not None:
            self.on_event(event)

    def _is_recent(self, id: str) -> bool:
        """Return True if this process wrote or renewed the entry within the last hour."""
        with self._lock:
            return id in self._recent

    def _prune_if_due(self, now: float) -> None:
        """Remove old entries in the background: once an interval, and after a number of new entries."""
        with self._lock:
            if (now < self._prune_at and self._entries_until_prune > 0) or self._writing.error:
                return
            self._prune_at, self._entries_until_prune = now + PRUNE_INTERVAL, PRUNE_ENTRIES
        with suppress(queue.Full):
            self._writer.submit(self._prune_batch)

    def _prune_batch(self, connection: Connection) -> None:
        before = self._clock() - self._keep_seconds
        deleted = queries.delete_old_advice(connection, before=before, max_entries=self._max_entries)
        if deleted >= queries.DELETE_BATCH:
            self._prune_at = 0.0  # there may be more


def _restart(reference: weakref.ref[Journal]) -> Callable[[], None]:
    """Return a function that resets a forked process, which must not use its parent's threads and connections."""

    def restart() -> None:
        journal = reference()
        if journal is not None:
            journal._database.reset_after_fork()
            journal._start()

    return restart
