"""SQL statements of the journal. Each function runs in a transaction that the caller began."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, delete, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from advisor.errors import UsageError
from advisor.input_limits import MAX_OUTCOMES
from advisor.journal.records import JournalEntry, Outcome
from advisor.journal.tables import VERSION_TABLE, advice, outcome
from advisor.models import Advice

RENEW_SECONDS = 3600.0  # between two renewals of one entry
DELETE_BATCH = 500  # entries removed in one transaction, so that no other writer waits long


def upsert_advice(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Insert an entry, or renew the one with the same id. Return True."""
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


def renew_advice(connection: Connection, id: str, now: float) -> bool:
    """Set the time that an entry was last asked for. Return False if there is no such entry."""
    return connection.execute(update(advice).where(advice.c.id == id).values(last_asked=now)).rowcount > 0


def find_advice(connection: Connection, id: str) -> JournalEntry | None:
    row = connection.execute(select(advice).where(advice.c.id == id)).one_or_none()
    return None if row is None else _entry(row)


def insert_outcome(connection: Connection, reported: Outcome) -> bool:
    """Insert an outcome and renew its advice. Return False if there is no such advice."""
    if not renew_advice(connection, reported.advice_id, reported.reported):
        return False
    known = select(func.count()).select_from(outcome).where(outcome.c.advice_id == reported.advice_id)
    if connection.scalars(known).one() >= MAX_OUTCOMES:
        raise UsageError(f"this advice has {MAX_OUTCOMES:,} outcomes already, which is the maximum")
    predicted = reported.predicted.model_dump() if reported.predicted else {}
    connection.execute(outcome.insert().values(**reported.model_dump(exclude={"predicted"}), **predicted))
    return True


def probe_reading(connection: Connection) -> None:
    """Read next to nothing, to test the connection."""
    connection.execute(select(advice.c.id).limit(1)).first()


def probe_writing(connection: Connection) -> None:
    """Write without changing anything, to test the connection."""
    connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = version_num"))


def latest_outcomes(connection: Connection, limit: int) -> list[Outcome]:
    """Return the newest outcomes first."""
    newest = select(outcome).order_by(outcome.c.reported.desc(), outcome.c.id.desc()).limit(limit)
    return [_outcome(row) for row in connection.execute(newest).mappings()]


def advice_with_outcomes(connection: Connection) -> Iterator[tuple[JournalEntry, list[Outcome]]]:
    """Yield each entry that has outcomes, with all of them."""
    ordered = select(outcome).order_by(outcome.c.advice_id, outcome.c.id)
    rows = connection.execution_options(yield_per=DELETE_BATCH).execute(ordered).mappings()
    for id, group in groupby(rows, key=lambda row: str(row["advice_id"])):
        entry = find_advice(connection, id)
        assert entry is not None  # both tables are read in one transaction
        yield entry, [_outcome(row) for row in group]


def delete_old_advice(connection: Connection, *, before: float, max_entries: int) -> int:
    """Delete entries last asked for before a time, then the oldest beyond `max_entries`, with their outcomes.

    Returns:
        The number of entries deleted, at most `DELETE_BATCH`. Call again until it is 0.
    """
    late = select(advice.c.id).where(advice.c.last_asked < before).order_by(advice.c.last_asked).limit(DELETE_BATCH)
    deleted = connection.execute(delete(advice).where(advice.c.id.in_(late))).rowcount
    entries = connection.scalars(select(func.count()).select_from(advice)).one()
    excess = min(DELETE_BATCH - deleted, entries - max_entries)
    if excess > 0:
        oldest = select(advice.c.id).order_by(advice.c.last_asked).limit(excess)
        deleted += connection.execute(delete(advice).where(advice.c.id.in_(oldest))).rowcount
    return deleted


def _entry(row: Row[Any]) -> JournalEntry:
    return JournalEntry(
        id=row.id,
        first_asked=row.first_asked,
        last_asked=row.last_asked,
        version=row.version,
        question=json.loads(row.question),
        advice=Advice.model_validate_json(row.advice),
    )


def _outcome(row: RowMapping) -> Outcome:
    seconds = {name: row[name] for name in ("low", "expected", "high")}
    return Outcome.model_validate({**row, "predicted": None if row["expected"] is None else seconds})
