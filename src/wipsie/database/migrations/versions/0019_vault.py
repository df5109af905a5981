"""The report vault: people, what they sent, what is kept for them, and what is sent to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "vault_identities",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("user_token", sa.Text),
        sa.Column("number_token", sa.Text),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("masked", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("phone_number_id", sa.Text, nullable=False),
        sa.Column("last_message_at_ms", sa.BigInteger, nullable=False),
        sa.Column("consent_version", sa.Integer),
        sa.Column("consented_at_ms", sa.BigInteger),
        sa.Column("stopped_at_ms", sa.BigInteger),
        sa.Column("erase_at_ms", sa.BigInteger),
        sa.Column("pin_hash", sa.Text),
        sa.Column("pin_failures", sa.Integer, nullable=False),
        sa.Column("pin_blocked_until_ms", sa.BigInteger, nullable=False),
        sa.Column("needs_step_up", sa.Boolean, nullable=False),
        sa.Column("next_report", sa.Integer, nullable=False),
        sa.Column("stored_bytes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vault_identities"),
    )
    op.create_index(
        "ix_vault_identities_erase_at_ms",
        "vault_identities",
        ["erase_at_ms"],
        sqlite_where=sa.text("erase_at_ms IS NOT NULL"),
        postgresql_where=sa.text("erase_at_ms IS NOT NULL"),
    )
    op.create_index(
        "ix_vault_identities_stopped",
        "vault_identities",
        ["id"],
        sqlite_where=sa.text("stopped_at_ms IS NOT NULL"),
        postgresql_where=sa.text("stopped_at_ms IS NOT NULL"),
    )
    op.create_index(
        "ix_vault_identities_without_consent",
        "vault_identities",
        ["id"],
        sqlite_where=sa.text("consent_version IS NULL"),
        postgresql_where=sa.text("consent_version IS NULL"),
    )
    op.create_index("uq_vault_identities_number_token", "vault_identities", ["number_token"], unique=True)
    op.create_index("uq_vault_identities_user_token", "vault_identities", ["user_token"], unique=True)
    op.create_table(
        "vault_consents",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("given_at_ms", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("message", sa.LargeBinary, nullable=False),
        sa.Column("withdrawn_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("owner", "given_at_ms", name="pk_vault_consents"),
    )
    op.create_table(
        "vault_inbox",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("phone_number_id", sa.Text, nullable=False),
        sa.Column("message_token", sa.Text, nullable=False),
        sa.Column("sender_token", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sent_at_ms", sa.BigInteger, nullable=False),
        sa.Column("arrived_at_ms", sa.BigInteger, nullable=False),
        sa.Column("content_token", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("handled_at_ms", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("number", name="pk_vault_inbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_vault_inbox_handled_at_ms", "vault_inbox", ["handled_at_ms"])
    op.create_index(
        "ix_vault_inbox_waiting",
        "vault_inbox",
        ["sender_token", "sent_at_ms", "number"],
        sqlite_where=sa.text("handled_at_ms IS NULL"),
        postgresql_where=sa.text("handled_at_ms IS NULL"),
    )
    op.create_index("uq_vault_inbox_message", "vault_inbox", ["phone_number_id", "message_token"], unique=True)
    op.create_table(
        "vault_conversations",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("deadline_ms", sa.BigInteger),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_vault_conversations"),
    )
    op.create_index(
        "ix_vault_conversations_deadline_ms",
        "vault_conversations",
        ["deadline_ms"],
        sqlite_where=sa.text("deadline_ms IS NOT NULL"),
        postgresql_where=sa.text("deadline_ms IS NOT NULL"),
    )
    op.create_table(
        "vault_files",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("phone_number_id", sa.Text, nullable=False),
        sa.Column("received_at_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("size", sa.BigInteger),
        sa.Column("content_token", sa.Text),
        sa.Column("scan", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("reading", sa.LargeBinary),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("looked_up_at_ms", sa.BigInteger),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vault_files"),
    )
    op.create_index("ix_vault_files_in_state", "vault_files", ["state", "received_at_ms", "id"])
    op.create_index("ix_vault_files_of_owner", "vault_files", ["owner", "received_at_ms", "id"])
    op.create_index("ix_vault_files_owner", "vault_files", ["owner", "content_token"])
    op.create_index("ix_vault_files_received_at_ms", "vault_files", ["received_at_ms", "id"])
    op.create_index("ix_vault_files_state", "vault_files", ["state", "updated_at_ms"])
    op.create_table(
        "vault_objects",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("file", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("object_key", sa.Text, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary),
        sa.Column("kek_id", sa.Text),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sealed_size", sa.BigInteger, nullable=False),
        sa.Column("sealed_sha256", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("erased_at_ms", sa.BigInteger),
        sa.Column("removed_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_vault_objects"),
    )
    op.create_index("ix_vault_objects_file", "vault_objects", ["file"])
    op.create_index("ix_vault_objects_kek_id", "vault_objects", ["kek_id", "id"])
    op.create_index("ix_vault_objects_owner", "vault_objects", ["owner"])
    op.create_index(
        "ix_vault_objects_to_remove",
        "vault_objects",
        ["erased_at_ms"],
        sqlite_where=sa.text("removed_at_ms IS NULL"),
        postgresql_where=sa.text("removed_at_ms IS NULL"),
    )
    op.create_table(
        "vault_reports",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("saved_at_ms", sa.BigInteger, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("scan", sa.Text, nullable=False),
        sa.Column("deleted_at_ms", sa.BigInteger),
        sa.Column("erase_at_ms", sa.BigInteger),
        sa.Column("erased_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_vault_reports"),
    )
    op.create_index(
        "ix_vault_reports_erase_at_ms",
        "vault_reports",
        ["erase_at_ms"],
        sqlite_where=sa.text("erase_at_ms IS NOT NULL"),
        postgresql_where=sa.text("erase_at_ms IS NOT NULL"),
    )
    op.create_index("uq_vault_reports_number", "vault_reports", ["owner", "number"], unique=True)
    op.create_table(
        "vault_report_files",
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("report", "position", name="pk_vault_report_files"),
    )
    op.create_index("uq_vault_report_files_file", "vault_report_files", ["file"], unique=True)
    op.create_table(
        "vault_words",
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("token", "report", name="pk_vault_words"),
    )
    op.create_index("ix_vault_words_report", "vault_words", ["report"])
    op.create_table(
        "vault_links",
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("revoked_at_ms", sa.BigInteger),
        sa.Column("opens", sa.Integer, nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("nonce", name="pk_vault_links"),
    )
    op.create_index("ix_vault_links_expires_at_ms", "vault_links", ["expires_at_ms"])
    op.create_index("ix_vault_links_owner", "vault_links", ["owner", "object"])
    op.create_table(
        "vault_accesses",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vault_accesses"),
    )
    op.create_index("ix_vault_accesses_owner", "vault_accesses", ["owner", "at_ms"])
    op.create_table(
        "vault_deliveries",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("phone_number_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("is_sensitive", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("status", sa.Text),
        sa.Column("status_at_ms", sa.BigInteger),
        sa.Column("message_token", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("unknowns", sa.Integer, nullable=False),
        sa.Column("next_at_ms", sa.BigInteger, nullable=False),
        sa.Column("claimed_until_ms", sa.BigInteger, nullable=False),
        sa.Column("error_code", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("settled_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("number", name="pk_vault_deliveries"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_vault_deliveries_due",
        "vault_deliveries",
        ["next_at_ms"],
        sqlite_where=sa.text("settled_at_ms IS NULL"),
        postgresql_where=sa.text("settled_at_ms IS NULL"),
    )
    op.create_index(
        "ix_vault_deliveries_failed",
        "vault_deliveries",
        ["number"],
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index(
        "ix_vault_deliveries_open",
        "vault_deliveries",
        ["owner", "number"],
        sqlite_where=sa.text("settled_at_ms IS NULL"),
        postgresql_where=sa.text("settled_at_ms IS NULL"),
    )
    op.create_index("ix_vault_deliveries_owner", "vault_deliveries", ["owner", "number"])
    op.create_index("ix_vault_deliveries_settled_at_ms", "vault_deliveries", ["settled_at_ms"])
    op.create_index("uq_vault_deliveries_id", "vault_deliveries", ["id"], unique=True)
    op.create_index("uq_vault_deliveries_message_token", "vault_deliveries", ["message_token"], unique=True)
    op.create_table(
        "vault_pauses",
        sa.Column("phone_number_id", sa.Text, nullable=False),
        sa.Column("error_code", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("phone_number_id", name="pk_vault_pauses"),
    )


def downgrade() -> None:
    op.drop_table("vault_pauses")
    op.drop_table("vault_deliveries")
    op.drop_table("vault_accesses")
    op.drop_table("vault_links")
    op.drop_table("vault_words")
    op.drop_table("vault_report_files")
    op.drop_table("vault_reports")
    op.drop_table("vault_objects")
    op.drop_table("vault_files")
    op.drop_table("vault_conversations")
    op.drop_table("vault_inbox")
    op.drop_table("vault_consents")
    op.drop_table("vault_identities")
