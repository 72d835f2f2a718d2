"""Create the table of advice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "journal_advice",
        sa.Column("id", sa.String(24), primary_key=True),
        sa.Column("version", sa.String(50), nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("advice", sa.Text, nullable=False),
        sa.Column("first_asked", sa.Double, nullable=False),
        sa.Column("last_asked", sa.Double, nullable=False),
    )
    op.create_index("journal_advice_last_asked", "journal_advice", ["last_asked"])
