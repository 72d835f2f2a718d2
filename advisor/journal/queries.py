"""What is written and read, each in a transaction that somebody else began."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from advisor.errors import UsageError
from advisor.journal.models import JournalEntry, Outcome
from advisor.journal.tables import VERSION_TABLE, advice, outcome
from advisor.limits import MAX_OUTCOMES
from advisor.models import Advice, Range

RENEW_SECONDS = 3600.0
AT_ONCE = 500  # entries removed in a transaction, so that nobody waits for long


def keep(connection: Connection, row: Mapping[str, Any]) -> bool:
    """A new entry; of one that is there already, only that it was asked for again. True: it is there."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(advice).values(**row)
    asked = insert.excluded.last_asked
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[advice.c.id],
            set_={"last_asked": asked},
            where=advice.c.last_asked <= asked - RENEW_SECONDS,
        )
    )
    return True


def renew(connection: Connection, id: str, now: float) -> bool:
    """Whether there is such an entry, which was asked for again."""
    return connection.execute(update(advice).where(advice.c.id == id).values(last_asked=now)).rowcount > 0


def find(connection: Connection, id: str) -> JournalEntry | None:
    row = connection.execute(select(advice).where(advice.c.id == id)).one_or_none()
    return None if row is None else _entry(row)


def add(connection: Connection, reported: Outcome) -> bool:
    """Whether there is the advice that it is an outcome of; it counts as asked for, and is kept for as long again."""
    if not renew(connection, reported.advice_id, reported.reported):
        return False
    known = select(func.count()).select_from(outcome).where(outcome.c.advice_id == reported.advice_id)
    if connection.scalars(known).one() >= MAX_OUTCOMES:
        raise UsageError(f"there are {MAX_OUTCOMES:,} outcomes of this advice already: more would tell nothing new")
    predicted = reported.predicted.model_dump() if reported.predicted else {}
    connection.execute(outcome.insert().values(**reported.model_dump(exclude={"predicted"}), **predicted))
    return True


def look(connection: Connection) -> None:
    """Reads hardly anything: a sign of life."""
    connection.execute(select(advice.c.id).limit(1)).first()


def touch(connection: Connection) -> None:
    """Writes hardly anything, and changes nothing."""
    connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = version_num"))


def latest(connection: Connection, limit: int) -> list[Outcome]:
    """The newest first."""
    newest = select(outcome).order_by(outcome.c.reported.desc(), outcome.c.id.desc()).limit(limit)
    return [_outcome(row) for row in connection.execute(newest)]


def with_outcomes(connection: Connection) -> Iterator[tuple[JournalEntry, list[Outcome]]]:
    """Each entry of which something was reported, with all of that."""
    found = select(outcome).order_by(outcome.c.advice_id, outcome.c.id)
    rows = connection.execution_options(yield_per=AT_ONCE).execute(found)
    for id, group in groupby(rows, key=lambda row: str(row.advice_id)):
        entry = find(connection, id)
        assert entry is not None  # the two tables are read in one transaction
        yield entry, [_outcome(row) for row in group]


def remove(connection: Connection, *, before: float, most: int) -> int:
    """How many entries went, with their outcomes: those last asked for before that time, then the oldest of too many.

    Not all at once: the rest is for the next transaction, until there is nothing left to do.
    """
    late = select(advice.c.id).where(advice.c.last_asked < before).order_by(advice.c.last_asked).limit(AT_ONCE)
    gone = connection.execute(delete(advice).where(advice.c.id.in_(late))).rowcount
    excess = min(AT_ONCE - gone, connection.scalars(select(func.count()).select_from(advice)).one() - most)
    if excess > 0:
        oldest = select(advice.c.id).order_by(advice.c.last_asked).limit(excess)
        gone += connection.execute(delete(advice).where(advice.c.id.in_(oldest))).rowcount
    return gone


def _entry(row: Row[Any]) -> JournalEntry:
    return JournalEntry(
        id=row.id,
        first_asked=row.first_asked,
        last_asked=row.last_asked,
        version=row.version,
        question=json.loads(row.question),
        advice=Advice.model_validate_json(row.advice),
    )


def _outcome(row: Row[Any]) -> Outcome:
    predicted = None if row.expected is None else Range(low=row.low, expected=row.expected, high=row.high)
    return Outcome.model_validate({**row._mapping, "predicted": predicted})
