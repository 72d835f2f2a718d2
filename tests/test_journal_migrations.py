"""Migrations create and upgrade the tables."""

from __future__ import annotations

from contextlib import closing

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from advisor.errors import JournalError
from advisor.journal import open_journal
from advisor.journal.database import MIGRATIONS, Database, current_revision
from advisor.journal.tables import REVISION, VERSION_TABLE, metadata
from tests.journals import NOW, address, advice, cluster, question

__all__ = ["address", "cluster"]  # fixtures


def scripts() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def migrate(database: Database, revision: str) -> None:
    with database.engine.execution_options(writing=True).begin() as connection:
        config = scripts()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_the_newest_revision_is_the_constant() -> None:
    """The constant saves loading Alembic, which takes longer than opening the journal."""
    assert ScriptDirectory.from_config(scripts()).get_heads() == [REVISION]


def test_they_create_the_tables_of_this_version(address: str) -> None:
    """Alembic finds no difference."""
    database = Database(address)
    assert database.upgrade() is None
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    assert database.upgrade() == REVISION
    database.engine.dispose()


def test_advice_from_the_first_revision_is_kept(address: str) -> None:
    """Outcomes can be reported on advice of the first revision."""
    old = Database(address)
    migrate(old, "1")
    given = advice()
    with old.engine.execution_options(writing=True).begin() as connection:
        columns = "id, version, question, advice, first_asked, last_asked"
        values = {"advice": given.model_dump_json(), "now": NOW}
        connection.execute(
            text(f"INSERT INTO journal_advice ({columns}) VALUES ('old', '0.0', '{{}}', :advice, :now, :now)"), values
        )
    old.engine.dispose()
    with closing(open_journal(address, clock=lambda: NOW)) as journal:
        entry = journal.advice("old")
        assert entry is not None
        assert (entry.advice, entry.version) == (given, "0.0")
        assert journal.report("old", seconds=1.0) is not None
        assert journal.upgrade() == REVISION


def test_a_migration_that_fails_is_rolled_back(address: str) -> None:
    """DDL is transactional, in SQLite too."""
    database = Database(address)
    migrate(database, "1")
    with database.engine.execution_options(writing=True).begin() as connection:
        connection.execute(text("CREATE TABLE journal_outcome (id INTEGER)"))
    with closing(open_journal(address)) as journal, pytest.raises(JournalError, match="journal_outcome"):
        journal.upgrade()
    with database.engine.connect() as connection:
        assert current_revision(connection) == "1"
    database.engine.dispose()


def test_a_newer_journal_is_left_alone(address: str) -> None:
    """An older server on the same database works without a journal."""
    database = Database(address)
    database.upgrade()
    with database.engine.execution_options(writing=True).begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '99'"))
    database.engine.dispose()
    with closing(open_journal(address)) as journal:
        assert journal.record(question(), advice()) is None
        assert journal.lost == "the journal was written by a newer version of advisor"
        with pytest.raises(JournalError, match="newer version"):
            journal.upgrade()


def test_a_database_may_have_other_tables(address: str) -> None:
    """Including the version table of another application that uses Alembic."""
    database = Database(address)
    with database.engine.execution_options(writing=True).begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))
    database.engine.dispose()
    with closing(open_journal(address)) as journal:
        assert journal.record(question(), advice()) is not None
