"""Store advice under an id, and the reported outcomes of its jobs.

    journal = open_journal("postgresql+psycopg://advisor@db.example/advisor")
    id = journal.record(question, advice)              # None if it could not be stored
    journal.report(id, seconds=12.5)
    journal.outcomes()                                 # predicted against reported

Advice never depends on the journal: `record` takes a quarter of a second at most and raises nothing, whatever the state
of the database. `report`, on the other hand, returns after the commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from advisor.errors import MissingExtraError

if TYPE_CHECKING:
    from advisor.journal.journal import Journal

__all__ = ["DISABLED", "KEEP_DAYS", "USER_FILE", "open_journal"]

DISABLED = "off"  # the address that stands for no journal
USER_FILE = "own"  # the address of the file in the user's data directory
KEEP_DAYS = 90.0


def open_journal(address: str = USER_FILE, **options: Any) -> Journal:
    """Open the journal at an address, without connecting to the database yet.

    A database that cannot be reached is no error: it is tried again from time to time.

    Args:
        address: A file's path, `sqlite:///…`, `postgresql+psycopg://…`, or "own", the user's own file.
        options: The options of `Journal`.

    Returns:
        The journal; close it after use.

    Raises:
        UsageError: The address is not valid.
        MissingExtraError: A package is not installed.
    """
    try:
        import alembic  # noqa: F401  # to name the extra before importing the modules that need it
        import sqlalchemy  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("the journal", "journal") from error
    from advisor.journal.database import Database
    from advisor.journal.journal import Journal

    return Journal(Database(address), **options)
