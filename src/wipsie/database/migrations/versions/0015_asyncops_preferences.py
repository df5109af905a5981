"""What people want to be told; comments and notes in the search; orders of timelines, followers and links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_timeline_events_object_id_at_ms", "timeline_events", ["object_id", "at_ms", "id"]),
    ("ix_followers_object_id", "followers", ["object_id", "since_ms", "user_id"]),
    ("ix_followers_user_id_since_ms", "followers", ["user_id", "since_ms", "object_id"]),
    ("ix_links_created_by", "links", ["created_by", "id"]),
    ("ix_search_documents_parent_id", "search_documents", ["parent_id"]),
    ("ix_search_documents_reference", "search_documents", ["reference"]),
)


def upgrade() -> None:
    op.create_table(
        "asyncops_preferences",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("mail_followed", sa.Boolean, nullable=False),
        sa.Column("mail_mentions", sa.Boolean, nullable=False),
        sa.Column("mail_summary", sa.Boolean, nullable=False),
        sa.Column("summary_sections", sa.Text),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_asyncops_preferences"),
    )
    op.add_column("search_documents", sa.Column("parent_kind", sa.Text))
    op.add_column("search_documents", sa.Column("parent_id", sa.Text))
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    # What only the newer search knows would be taken for a record by the older one.
    op.execute("DELETE FROM search_documents WHERE parent_id IS NOT NULL")
    for name, table, _ in reversed(_INDEXES):
        op.drop_index(name, table)
    op.drop_column("search_documents", "parent_id")
    op.drop_column("search_documents", "parent_kind")
    op.drop_table("asyncops_preferences")
