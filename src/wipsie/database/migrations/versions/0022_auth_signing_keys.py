"""Keys that sign requests of Amazon SQS: their access key, the secret it follows from, and their rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("access_key_id", sa.Text))
    op.add_column("api_keys", sa.Column("secret_key_id", sa.Text))
    op.add_column("api_keys", sa.Column("allow", sa.Text))
    # Not unique: that would be a rule code of the release before does not know. 80 random bits do not meet.
    op.create_index("ix_api_keys_access_key_id", "api_keys", ["access_key_id"])


def downgrade() -> None:
    op.drop_index("ix_api_keys_access_key_id", "api_keys")
    op.drop_column("api_keys", "allow")
    op.drop_column("api_keys", "secret_key_id")
    op.drop_column("api_keys", "access_key_id")
