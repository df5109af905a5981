"""What the registry of workers tells besides their heartbeat: slots, tries since the start, a stop in good order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workers", sa.Column("slots", sa.Integer, nullable=False, server_default="0"))
    op.add_column("workers", sa.Column("processed", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("workers", sa.Column("failed", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("workers", sa.Column("stopped_at_ms", sa.BigInteger))


def downgrade() -> None:
    for column in ("stopped_at_ms", "failed", "processed", "slots"):
        op.drop_column("workers", column)
