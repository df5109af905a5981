"""Small values and rates all processes share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shared_values",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text),
        sa.Column("version", sa.BigInteger),
        sa.Column("full_at_us", sa.Float),
        sa.Column("wait_us", sa.Float),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_shared_values"),
    )
    op.create_index("ix_shared_values_expires_at_ms", "shared_values", ["expires_at_ms"])


def downgrade() -> None:
    op.drop_table("shared_values")
