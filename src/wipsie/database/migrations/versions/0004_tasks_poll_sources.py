"""What is remembered about each polled source."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "poll_sources",
        sa.Column("source_key", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("http_status", sa.Integer),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("content_type", sa.Text),
        sa.Column("content_sha256", sa.Text),
        sa.Column("content_bytes", sa.BigInteger),
        sa.Column("blob_key", sa.Text),
        sa.Column("item_count", sa.BigInteger),
        sa.Column("last_poll_time_ms", sa.BigInteger, nullable=False),
        sa.Column("last_changed_ms", sa.BigInteger),
        sa.Column("last_error", sa.Text),
        sa.PrimaryKeyConstraint("source_key", name="pk_poll_sources"),
    )


def downgrade() -> None:
    op.drop_table("poll_sources")
