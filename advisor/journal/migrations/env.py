"""Entry point of Alembic: runs the migrations in the caller's transaction."""

from __future__ import annotations

from alembic import context

from advisor.journal.tables import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # SQLite too: `database` begins the transactions, not the driver
)
with context.begin_transaction():
    context.run_migrations()
