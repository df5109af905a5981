"""Incidents with what they affect, follow-ups, and postmortems."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def _record_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "incidents",
        *_record_columns(),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("impact_started_at_ms", sa.BigInteger),
        sa.Column("detected_at_ms", sa.BigInteger),
        sa.Column("declared_at_ms", sa.BigInteger),
        sa.Column("acknowledged_at_ms", sa.BigInteger),
        sa.Column("identified_at_ms", sa.BigInteger),
        sa.Column("mitigated_at_ms", sa.BigInteger),
        sa.Column("resolved_at_ms", sa.BigInteger),
        sa.Column("closed_at_ms", sa.BigInteger),
        sa.Column("opened_at_ms", sa.BigInteger, nullable=False),
        sa.Column("declared_by", sa.Text),
        sa.Column("lead", sa.Text),
        sa.Column("comms", sa.Text),
        sa.Column("scribe", sa.Text),
        sa.Column("affected", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("customer_impact", sa.Text, nullable=False),
        sa.Column("last_update_at_ms", sa.BigInteger),
        sa.Column("next_update_due_at_ms", sa.BigInteger),
        sa.Column("reminded_due_at_ms", sa.BigInteger),
        sa.Column("duplicate_of", sa.Text),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("dedupe_key", sa.Text),
        sa.Column("occurrences", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
    )
    op.create_index("uq_incidents_number", "incidents", ["number"], unique=True)
    op.create_index(
        "uq_incidents_open_dedupe_key",
        "incidents",
        ["dedupe_key"],
        unique=True,
        sqlite_where=sa.column("is_open").is_(True),
        postgresql_where=sa.column("is_open").is_(True),
    )
    for column in (
        "dedupe_key",
        "status",
        "severity",
        "is_open",
        "visibility",
        "source",
        "lead",
        "duplicate_of",
        "opened_at_ms",
        "declared_at_ms",
        "resolved_at_ms",
        "next_update_due_at_ms",
        "created_at_ms",
        "updated_at_ms",
    ):
        op.create_index(f"ix_incidents_{column}", "incidents", [column, "id"])
    op.create_table(
        "incident_components",
        sa.Column("component", sa.Text, nullable=False),
        sa.Column("incident_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("component", "incident_id", name="pk_incident_components"),
    )
    op.create_index("ix_incident_components_incident_id", "incident_components", ["incident_id"])
    op.create_table(
        "follow_ups",
        *_record_columns(),
        sa.Column("object_kind", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("due_on", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("done_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_follow_ups"),
    )
    op.create_index("ix_follow_ups_object_id", "follow_ups", ["object_id", "id"])
    op.create_index("ix_follow_ups_owner", "follow_ups", ["owner", "id"])
    op.create_index("ix_follow_ups_due_on", "follow_ups", ["due_on", "id"])
    op.create_index("ix_follow_ups_state", "follow_ups", ["state", "id"])
    op.create_index("ix_follow_ups_state_due_on", "follow_ups", ["state", "due_on", "id"])
    op.create_index("ix_follow_ups_updated_at_ms", "follow_ups", ["updated_at_ms", "id"])
    op.create_index("ix_follow_ups_created_at_ms", "follow_ups", ["created_at_ms", "id"])
    op.create_table(
        "postmortems",
        *_record_columns(),
        sa.Column("incident_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("due_at_ms", sa.BigInteger),
        sa.Column("sections", sa.Text, nullable=False),
        sa.Column("reviewed_at_ms", sa.BigInteger),
        sa.Column("closed_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_postmortems"),
    )
    op.create_index("uq_postmortems_incident_id", "postmortems", ["incident_id"], unique=True)
    op.create_index("ix_postmortems_state", "postmortems", ["state", "id"])
    op.create_index("ix_postmortems_owner", "postmortems", ["owner", "id"])


def downgrade() -> None:
    for table in ("postmortems", "follow_ups", "incident_components", "incidents"):
        op.drop_table(table)
