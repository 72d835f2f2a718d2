"""What was advised, and what it really brought when somebody came back to tell.

    journal = open_journal("postgresql+psycopg://advisor@db.example/advisor")
    id = journal.record(question, advice)              # None where it could not be kept
    journal.report(id, seconds=12.5)
    journal.outcomes()                                 # predicted against reported

The advice never depends on it: `record` takes a quarter of a second at most and raises nothing, whatever has become of
the database. What `report` returns, on the other hand, is in the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from advisor.errors import MissingExtraError

if TYPE_CHECKING:
    from advisor.journal.journal import Journal

__all__ = ["KEEP_DAYS", "OFF", "OWN", "open_journal"]

OFF = "off"  # the address of no journal
OWN = "own"  # that of the user's own file
KEEP_DAYS = 90.0


def open_journal(address: str = OWN, **options: Any) -> Journal:
    """The journal at an address: a file's path, `sqlite:///…`, `postgresql+psycopg://…`, or "own", the user's own file.

    The options are those of `Journal`. A database that is not there is no error: it is asked again
    from time to time. Raises UsageError for what is no address, MissingExtraError where a package is missing.
    """
    try:
        import alembic  # noqa: F401  # only to say what to install, before the modules that build on them
        import sqlalchemy  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("the journal", "journal") from error
    from advisor.journal.database import Database
    from advisor.journal.journal import Journal

    return Journal(Database(address), **options)
