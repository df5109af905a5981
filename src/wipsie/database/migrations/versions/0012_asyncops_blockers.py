"""Blockers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blockers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("blocked", sa.Text, nullable=False),
        sa.Column("waiting_kind", sa.Text, nullable=False),
        sa.Column("waiting_on", sa.Text, nullable=False),
        sa.Column("waiting_name", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("acknowledged_at_ms", sa.BigInteger),
        sa.Column("closed_at_ms", sa.BigInteger),
        sa.Column("resolution", sa.Text, nullable=False),
        sa.Column("stale_at_ms", sa.BigInteger, nullable=False),
        sa.Column("escalate_at_ms", sa.BigInteger, nullable=False),
        sa.Column("escalated_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_blockers"),
    )
    op.create_index("uq_blockers_number", "blockers", ["number"], unique=True)
    for column in (
        "blocked",
        "waiting_on",
        "waiting_kind",
        "severity",
        "status",
        "since_ms",
        "updated_at_ms",
        "created_at_ms",
        "closed_at_ms",
    ):
        op.create_index(f"ix_blockers_{column}", "blockers", [column, "id"])
    op.create_index("ix_blockers_status_stale_at_ms", "blockers", ["status", "stale_at_ms"])


def downgrade() -> None:
    op.drop_table("blockers")
