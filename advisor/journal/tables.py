"""The tables of this version; `migrations/` creates and upgrades them.

Documents are JSON in text columns: they are never searched. Times are seconds since the epoch.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, MetaData, String, Table, Text

REVISION = "2"
"""The newest migration."""
VERSION_TABLE = "journal_version"
"""Alembic's version table. Not the default name, since another application may use the database too."""

metadata = MetaData()

advice = Table(
    "journal_advice",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("version", String(50), nullable=False),
    Column("question", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("first_asked", Double, nullable=False),
    Column("last_asked", Double, nullable=False),
    Index("journal_advice_last_asked", "last_asked"),
)

outcome = Table(
    "journal_outcome",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("advice_id", String(24), ForeignKey("journal_advice.id", ondelete="CASCADE"), nullable=False),
    Column("reported", Double, nullable=False),
    Column("strategy", String(20), nullable=False),
    Column("workers", Integer, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("sequential_seconds", Double),
    Column("note", Text),
    Column("low", Double),
    Column("expected", Double),
    Column("high", Double),
    Index("journal_outcome_advice_id", "advice_id"),
    Index("journal_outcome_reported", "reported"),
)
