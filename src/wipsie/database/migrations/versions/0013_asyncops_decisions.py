"""Decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("context", sa.Text, nullable=False),
        sa.Column("drivers", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("chosen", sa.Integer),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("consequences", sa.Text, nullable=False),
        sa.Column("confirmation", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("decision_makers", sa.Text, nullable=False),
        sa.Column("consulted", sa.Text, nullable=False),
        sa.Column("informed", sa.Text, nullable=False),
        sa.Column("decided_on", sa.Text),
        sa.Column("revisit_on", sa.Text),
        sa.Column("proposed_at_ms", sa.BigInteger),
        sa.Column("supersedes", sa.Text, nullable=False),
        sa.Column("superseded_by", sa.Text),
        sa.Column("superseded_text", sa.Text, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("source_digest", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("uq_decisions_number", "decisions", ["number"], unique=True)
    op.create_index("uq_decisions_source", "decisions", ["source"], unique=True)
    for column in (
        "status",
        "created_by",
        "superseded_by",
        "decided_on",
        "updated_at_ms",
        "created_at_ms",
    ):
        op.create_index(f"ix_decisions_{column}", "decisions", [column, "id"])
    op.create_index("ix_decisions_status_proposed_at_ms", "decisions", ["status", "proposed_at_ms"])
    op.create_index("ix_decisions_status_revisit_on", "decisions", ["status", "revisit_on"])


def downgrade() -> None:
    op.drop_table("decisions")
