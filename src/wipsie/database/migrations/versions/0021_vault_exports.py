"""Archives of reports that people wait for; and who is locked out, for the list of staff."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vault_exports",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("requested_at_ms", sa.BigInteger, nullable=False),
        sa.Column("tried_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vault_exports"),
    )
    op.create_index("ix_vault_exports_owner", "vault_exports", ["owner"])
    op.create_index("ix_vault_exports_tried_at_ms", "vault_exports", ["tried_at_ms"])
    op.create_index(
        "ix_vault_identities_locked",
        "vault_identities",
        ["id"],
        sqlite_where=sa.text("needs_step_up IS 1"),
        postgresql_where=sa.text("needs_step_up IS true"),
    )


def downgrade() -> None:
    op.drop_index("ix_vault_identities_locked", "vault_identities")
    op.drop_table("vault_exports")
