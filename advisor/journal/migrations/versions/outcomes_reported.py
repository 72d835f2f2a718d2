"""Create the table of reported outcomes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    op.create_table(
        "journal_outcome",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("advice_id", sa.String(24), sa.ForeignKey("journal_advice.id", ondelete="CASCADE"), nullable=False),
        sa.Column("reported", sa.Double, nullable=False),
        sa.Column("strategy", sa.String(20), nullable=False),
        sa.Column("workers", sa.Integer, nullable=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("sequential_seconds", sa.Double),
        sa.Column("note", sa.Text),
        sa.Column("low", sa.Double),
        sa.Column("expected", sa.Double),
        sa.Column("high", sa.Double),
    )
    op.create_index("journal_outcome_advice_id", "journal_outcome", ["advice_id"])
    op.create_index("journal_outcome_reported", "journal_outcome", ["reported"])
