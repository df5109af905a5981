"""How often what a link leads to was looked at, without being downloaded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("vault_links", sa.Column("looks", sa.Integer, nullable=False, server_default="0"))
    op.add_column("vault_links", sa.Column("looked_at_ms", sa.BigInteger))


def downgrade() -> None:
    op.drop_column("vault_links", "looked_at_ms")
    op.drop_column("vault_links", "looks")
