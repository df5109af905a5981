"""Message move tasks of the endpoint for Amazon SQS."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sqs_move_tasks",
        sa.Column("task_id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_arn", sa.Text, nullable=False),
        sa.Column("destination", sa.Text),
        sa.Column("destination_arn", sa.Text),
        sa.Column("rate_per_s", sa.Integer),
        sa.Column("to_move", sa.BigInteger, nullable=False),
        sa.Column("moved", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("started_at_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger),
        sa.Column("holder", sa.Text),
        sa.Column("lease_until_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("task_id", name="pk_sqs_move_tasks"),
    )
    op.create_index(
        "ix_sqs_move_tasks_open",
        "sqs_move_tasks",
        ["source"],
        unique=True,
        sqlite_where=sa.text("ended_at_ms IS NULL"),
        postgresql_where=sa.text("ended_at_ms IS NULL"),
    )
    op.create_index("ix_sqs_move_tasks_source", "sqs_move_tasks", ["source", "started_at_ms"])
    op.create_index("ix_sqs_move_tasks_ended_at_ms", "sqs_move_tasks", ["ended_at_ms"])


def downgrade() -> None:
    op.drop_table("sqs_move_tasks")
