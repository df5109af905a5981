"""Daily summaries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "daily_summaries",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("window_start_ms", sa.BigInteger, nullable=False),
        sa.Column("window_end_ms", sa.BigInteger, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("for_date", sa.Text, nullable=False),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("schema_version", sa.Text, nullable=False),
        sa.Column("generator", sa.Text, nullable=False),
        sa.Column("headline", sa.Text, nullable=False),
        sa.Column("all_quiet", sa.Boolean, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("sent_at_ms", sa.BigInteger),
        sa.Column("sent_to", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_daily_summaries"),
    )
    op.create_index(
        "uq_daily_summaries_window_end_ms", "daily_summaries", ["window_end_ms", "timezone", "edition"], unique=True
    )
    op.create_index("ix_daily_summaries_window_end_ms_id", "daily_summaries", ["window_end_ms", "id"])
    op.create_index("ix_daily_summaries_for_date", "daily_summaries", ["for_date", "id"])
    op.create_index("ix_daily_summaries_generator", "daily_summaries", ["generator", "window_end_ms", "id"])


def downgrade() -> None:
    op.drop_table("daily_summaries")
