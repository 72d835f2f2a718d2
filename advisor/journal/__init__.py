"""What was advised, and what it really brought when somebody came back to tell.

    journal = open_journal("postgresql+psycopg://advisor@db.example/advisor")
    id = journal.record(question, advice)              # None where it could not be kept
    journal.report(id, seconds=12.5)
    journal.outcomes()                                 # predicted against reported

The advice never depends on it: `record` takes a quarter of a second at most and raises nothing, whatever has become of
the database. What `report` returns, on the other hand, is in the database.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from advisor.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from advisor.journal.book import Journal

__all__ = ["KEEP_DAYS", "OFF", "OWN", "journal_of", "open_journal"]

OFF = "off"  # the address of no journal
OWN = "own"  # that of the user's own file
KEEP_DAYS = 90.0


def journal_of(address: str | None = None, descriptions: bool | None = None) -> Journal | None:
    """The journal of a server, or None where there is to be none; what is left out is as the environment says.

    ADVISOR_JOURNAL is its address or "off", ADVISOR_JOURNAL_DESCRIPTIONS=1 keeps descriptions too, ADVISOR_JOURNAL_DAYS
    is how long. Raises what `open_journal` raises.
    """
    address = address or os.environ.get("ADVISOR_JOURNAL") or OFF
    if address == OFF:
        return None
    if descriptions is None:
        descriptions = os.environ.get("ADVISOR_JOURNAL_DESCRIPTIONS", "") not in ("", "0")
    return open_journal(address, descriptions=descriptions, keep_days=_days(os.environ.get("ADVISOR_JOURNAL_DAYS")))


def _days(text: str | None) -> float:
    if not text:
        return KEEP_DAYS
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not 0 < days < 1e6:
        raise UsageError(f"ADVISOR_JOURNAL_DAYS is {text!r}, which is no number of days")
    return days


def open_journal(address: str = OWN, **options: Any) -> Journal:
    """The journal at an address: a file's path, `sqlite:///…`, `postgresql+psycopg://…`, or "own", the user's own file.

    The options are those of `advisor.journal.book.Journal`. A database that is not there is no error: it is asked again
    from time to time. Raises UsageError for what is no address, MissingExtraError where a package is missing.
    """
    try:
        import alembic  # noqa: F401  # only to say what to install, before the modules that build on them
        import sqlalchemy  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("the journal", "journal") from error
    from advisor.journal.book import Journal
    from advisor.journal.database import Database

    return Journal(Database(address), **options)
