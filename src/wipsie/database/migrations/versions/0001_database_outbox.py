"""Outbox and inbox: messages stored with the rows they belong to, and the messages handlers have handled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "outbox",
        sa.Column("id", row_id, autoincrement=True, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("attributes", sa.Text),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("delay_s", sa.Float),
        sa.Column("group_id", sa.Text),
        sa.Column("deduplication_id", sa.Text),
        sa.Column("deduplication_window_s", sa.Float),
        sa.Column("fingerprint", sa.Text),
        sa.Column("origin", sa.Text),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("refused_at_ms", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    is_waiting = sa.text("refused_at_ms IS NULL")
    op.create_index("ix_outbox_waiting", "outbox", ["id"], sqlite_where=is_waiting, postgresql_where=is_waiting)
    op.create_table(
        "handled_messages",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("handler", sa.Text, nullable=False),
        sa.Column("handled_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "handler", name="pk_handled_messages"),
    )
    op.create_index("ix_handled_messages_handled_at_ms", "handled_messages", ["handled_at_ms"])


def downgrade() -> None:
    op.drop_table("handled_messages")
    op.drop_table("outbox")
