"""Accounts of people, their sessions, API keys and one-time links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("work_days", sa.Text, nullable=False),
        sa.Column("reader_only", sa.Boolean, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("password_key_id", sa.Text),
        sa.Column("password_changed_at_ms", sa.BigInteger),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("erased_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_index("uq_users_email_key", "users", ["email_key"], unique=True)
    op.create_index("ix_users_role", "users", ["role", "id"])
    op.create_index("ix_users_role_is_active", "users", ["role", "is_active", "id"])
    op.create_index("ix_users_role_name", "users", ["role", "name", "id"])
    op.create_index("ix_users_name", "users", ["name", "id"])
    op.create_index("ix_users_is_active", "users", ["is_active", "id"])
    op.create_index("ix_users_is_active_name", "users", ["is_active", "name", "id"])
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("issued_at_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("last_seen_at_ms", sa.BigInteger, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("user_agent", sa.Text),
        sa.Column("revoked_at_ms", sa.BigInteger),
        sa.Column("revoked_because", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id", "id"])
    op.create_index("ix_sessions_expires_at_ms", "sessions", ["expires_at_ms"])
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger),
        sa.Column("last_used_at_ms", sa.BigInteger),
        sa.Column("revoked_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_index("uq_api_keys_secret_hash", "api_keys", ["secret_hash"], unique=True)
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id", "id"])
    op.create_table(
        "one_time_links",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("role", sa.Text),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("used_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_one_time_links"),
    )
    op.create_index("uq_one_time_links_token_hash", "one_time_links", ["token_hash"], unique=True)
    op.create_index("ix_one_time_links_kind", "one_time_links", ["kind", "id"])
    op.create_index("ix_one_time_links_created_by", "one_time_links", ["created_by", "id"])
    op.create_index("ix_one_time_links_user_id", "one_time_links", ["user_id", "id"])
    op.create_index("ix_one_time_links_expires_at_ms", "one_time_links", ["expires_at_ms"])


def downgrade() -> None:
    for table in ("one_time_links", "api_keys", "sessions", "users"):
        op.drop_table(table)
