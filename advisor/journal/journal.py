from __future__ import annotations

import os
import queue
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection

from advisor import __version__
from advisor.errors import AdvisorError, JournalError
from advisor.journal import KEEP_DAYS, queries
from advisor.journal.circuit_breaker import Circuit
from advisor.journal.database import PATIENCE, Database, what_went_wrong
from advisor.journal.export import export
from advisor.journal.ids import canonical, identity, is_identity, without_nulls
from advisor.journal.models import JournalEntry, Outcome
from advisor.journal.prediction import predicted, way_of
from advisor.journal.writer import Work, Writer, is_loss
from advisor.limits import MAX_JOURNAL_BYTES, MAX_JOURNAL_ENTRIES
from advisor.models import Advice, Strategy

RECORD_SECONDS = 0.25  # that an answer may wait for its entry
REPORT_SECONDS = 5.0  # that a report may wait to be confirmed
LOOK_SECONDS = 2.0  # between two looks at whether the database is there
LOOK_PATIENCE = 0.25  # that whoever asks waits for it
STUCK_SECONDS = 1.0  # of one transaction, after which the database is taken for lost
DAY = 86_400.0
PRUNE_SECONDS = 3600.0
PRUNE_ENTRIES = 1000
REMEMBERED = 10_000  # ids of which a process knows when they were last renewed

Event = Literal["recorded", "renewed", "reported", "left out", "failed"]
"""What became of something that was to be written; "left out" for privacy, its size, or while the database is lost."""

Result = TypeVar("Result")


class Journal:
    """Advice given, and what it brought. Threads and processes may share one; each process has connections of its own.

    `descriptions`: keep questions in words too, and what was advised on them; `keep_days`: since they were last asked
    or reported of; `most_entries`: then the oldest go; `on_event`: told of each `Event`, in any thread.
    """

    _looking: Thread | None
    _look_at: float
    _unwritten: Work[bool] | None  # the last entry that was lost

    def __init__(
        self,
        database: Database,
        *,
        descriptions: bool = False,
        keep_days: float = KEEP_DAYS,
        most_entries: int = MAX_JOURNAL_ENTRIES,
        on_event: Callable[[Event], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._descriptions = descriptions
        self._keep_seconds = keep_days * DAY
        self._most_entries = most_entries
        self.on_event = on_event
        self._clock = clock
        self._start()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_start_over(weakref.ref(self)))

    def record(self, question: Mapping[str, Any], advice: Advice) -> str | None:
        """The id under which the advice is kept, for as long as it is; None where it could not be, and is not worth it.

        `question` is the JSON document that was asked.
        """
        if "description" in question and not self._descriptions:
            self._tell("left out")
            return None
        documents = {"question": canonical(without_nulls(question)), "advice": advice.model_dump_json()}
        id = identity(question, documents["advice"])
        now = self._clock()
        self._prune_in_passing(now)
        if self._asked_lately(id, now):
            return id
        row = {"id": id, "version": __version__, **documents, "first_asked": now, "last_asked": now}
        if sum(map(len, documents.values())) > MAX_JOURNAL_BYTES:
            self._tell("left out")
            return None
        if not self._written(lambda connection: queries.keep(connection, row), "recorded"):
            return None
        self._remember(id, now)
        self._prune_in_passing(now, entry=True)
        return id

    def renew(self, id: str) -> bool | None:
        """The advice was given once more, from a cache. False where it is not kept, None where that cannot be known."""
        now = self._clock()
        self._prune_in_passing(now)
        if self._asked_lately(id, now):
            return True
        renewed = self._written(lambda connection: queries.renew(connection, id, now), "renewed")
        if renewed:
            self._remember(id, now)
        return renewed

    def advice(self, id: str) -> JournalEntry | None:
        """What was advised. Raises JournalError where the database does not answer."""
        return self._read(lambda connection: queries.find(connection, id)) if is_identity(id) else None

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
        """What the job really took; what is left out was as advised. None where no such advice is kept.

        When it returns, the report is in the database. Raises JournalError where that can't be said, and UsageError for
        a report that can't be one.
        """
        entry = self.advice(id)
        if entry is None:
            return None
        strategy, workers = way_of(entry.advice, strategy, workers)
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
        if not self._confirmed(lambda connection: queries.add(connection, outcome)):
            return None
        self._tell("reported")
        return outcome

    def outcomes(self, limit: int = 1000) -> list[Outcome]:
        """The newest first. Raises JournalError where the database does not answer."""
        return self._read(lambda connection: queries.latest(connection, limit))

    def export(self, folder: Path) -> tuple[int, int]:
        """Writes training records; returns how many, and how many reports were left out since nothing was measured."""
        return self._read(lambda connection: export(queries.with_outcomes(connection), folder))

    def prune(self, older_than_days: float | None = None) -> int:
        """Removes what was not asked for since, or the limits do not allow; returns how many entries went."""
        age = self._keep_seconds if older_than_days is None else older_than_days * DAY
        before, removed = self._clock() - age, 0
        while gone := self._confirmed(lambda here: queries.remove(here, before=before, most=self._most_entries)):
            removed += gone
        return removed

    def upgrade(self) -> str | None:
        """Brings the tables up to date; returns the revision that was found. Raises JournalError."""
        try:
            return self._database.upgrade()
        except JournalError:
            raise
        except Exception as error:
            raise self._error(what_went_wrong(error)) from error

    def exists(self) -> bool:
        """Whether there is one, where looking for it in vain would make it."""
        return self._database.exists()

    @property
    def name(self) -> str:
        """Where it is, for anybody to see."""
        return self._database.name

    @property
    def lost(self) -> str | None:
        """What is wrong with the database, or None."""
        return self._writing.lost or self._reading.lost

    def look(self) -> None:
        """Asks the database for a sign of life, if nobody did just now.

        It is not waited for long: what a database that hangs has to say is known to the next who look.
        """
        with self._lock:
            now = time.monotonic()
            if now < self._look_at or (self._looking is not None and self._looking.is_alive()):
                return
            self._look_at = now + LOOK_SECONDS
            self._looking = looking = Thread(target=self._look, name="journal-look", daemon=True)
        looking.start()
        looking.join(LOOK_PATIENCE)

    def close(self) -> None:
        """Writes what is waiting, and leaves the database."""
        with suppress(queue.Full):
            self._writer.close(PATIENCE)
        self._database.engine.dispose()

    def _start(self) -> None:
        """All that belongs to this process alone."""
        self._reading = Circuit(f"the journal ({self._database.name}) cannot be read")
        self._writing = Circuit(f"the journal ({self._database.name}) cannot be written")
        self._writer = Writer(self._database.writing, self._ended)
        self._lock = Lock()
        self._asked: OrderedDict[str, float] = OrderedDict()
        self._prune_at = 0.0
        self._until_pruned = PRUNE_ENTRIES
        self._looking = None
        self._look_at = 0.0
        self._unwritten = None

    def _look(self) -> None:
        """Reads; and writes where writing was lost, so that it is found again though nobody has anything to write.

        If an entry was lost, that one: a disk that has no room for it may have some for a trifle.
        """
        with suppress(JournalError):
            self._read(queries.look)
        if self._writing.lost and self._writing.lets_through():
            with suppress(AdvisorError, queue.Full):
                self._result(self._writer.submit(self._unwritten or queries.touch), REPORT_SECONDS)

    def _written(self, work: Work[bool], event: Event) -> bool | None:
        """What came of it in the little time that an answer can wait; None where nothing did."""
        if not self._writing.lets_through():
            self._tell("left out")
            return None
        try:
            written = self._result(self._writer.submit(work), RECORD_SECONDS)
        except (AdvisorError, queue.Full):
            if event == "recorded" and self._writing.lost:
                self._unwritten = work
            self._tell("failed")
            return None
        if written:
            self._tell(event)
        return written

    def _confirmed(self, work: Work[Result]) -> Result:
        """What came of it, once it is committed."""
        if not self._writing.lets_through():
            raise self._error(str(self._writing.lost))
        try:
            return self._result(self._writer.submit(work), REPORT_SECONDS)
        except (JournalError, queue.Full) as error:
            self._tell("failed")
            raise self._error(str(error) or "too much is waiting") from error

    def _result(self, done: Future[Result], seconds: float) -> Result:
        try:
            return done.result(seconds)
        except TimeoutError:
            done.cancel()
            if self._writer.busy_seconds >= STUCK_SECONDS:  # else there is much to do, or no core for it
                self._writing.fail(f"no answer for {STUCK_SECONDS:g} s")
            raise JournalError(f"no answer in {seconds:g} s") from None
        except AdvisorError:
            raise
        except Exception as error:
            raise JournalError(what_went_wrong(error)) from error

    def _read(self, work: Work[Result]) -> Result:
        if not self._reading.lets_through():
            raise self._error(str(self._reading.lost))
        try:
            with self._database.reading() as connection:
                result = work(connection)
        except Exception as error:
            if not is_loss(error):
                raise
            self._database.doubt()
            self._reading.fail(what_went_wrong(error))
            raise self._error(what_went_wrong(error)) from error
        self._reading.succeed()
        return result

    def _ended(self, error: Exception | None) -> None:
        """The writer's transaction did, in its thread."""
        if error is None:
            self._writing.succeed()
            self._unwritten = None
        elif is_loss(error):
            self._database.doubt()
            with self._lock:
                self._asked.clear()  # another database may be there when it is back
            self._writing.fail(what_went_wrong(error))

    def _error(self, what: str) -> JournalError:
        return JournalError(f"the journal ({self._database.name}) does not answer: {what}")

    def _tell(self, event: Event) -> None:
        if self.on_event is not None:
            self.on_event(event)

    def _asked_lately(self, id: str, now: float) -> bool:
        """Whether this process has written so less than an hour ago, so that it need not again."""
        with self._lock:
            then = self._asked.get(id)
            return then is not None and 0 <= now - then < queries.RENEW_SECONDS

    def _remember(self, id: str, now: float) -> None:
        with self._lock:
            self._asked[id] = now
            self._asked.move_to_end(id)
            while len(self._asked) > REMEMBERED:
                self._asked.popitem(last=False)

    def _prune_in_passing(self, now: float, *, entry: bool = False) -> None:
        """Once an hour, and after so many new entries, without anybody waiting for it."""
        with self._lock:
            self._until_pruned -= entry
            if (now < self._prune_at and self._until_pruned > 0) or self._writing.lost:
                return
            self._prune_at, self._until_pruned = now + PRUNE_SECONDS, PRUNE_ENTRIES
        with suppress(queue.Full):
            self._writer.submit(self._remove)

    def _remove(self, connection: Connection) -> int:
        removed = queries.remove(connection, before=self._clock() - self._keep_seconds, most=self._most_entries)
        if removed >= queries.AT_ONCE:
            self._prune_at = 0.0  # there may be more
        return removed


def _start_over(reference: weakref.ref[Journal]) -> Callable[[], None]:
    """A forked process has neither its parent's threads nor a right to its connections."""

    def start_over() -> None:
        journal = reference()
        if journal is not None:
            journal._database.start_over_after_fork()
            journal._start()

    return start_over
