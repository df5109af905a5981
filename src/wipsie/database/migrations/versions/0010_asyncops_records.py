"""What all records of the asyncops slice share (numbers, timeline, followers, comments, links, search), and status updates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SQLITE = (
    # Words come folded, with spaces between: whatever is not ASCII belongs to a word, as on PostgreSQL.
    """CREATE VIRTUAL TABLE search_index USING fts5(
         title_words, body_words, content='search_documents', content_rowid='id', tokenize='ascii', detail=column,
         columnsize=0, prefix='2 3')""",
    """CREATE TRIGGER search_documents_are_indexed AFTER INSERT ON search_documents BEGIN
         INSERT INTO search_index (rowid, title_words, body_words) VALUES (NEW.id, NEW.title_words, NEW.body_words);
       END""",
    """CREATE TRIGGER search_documents_are_forgotten AFTER DELETE ON search_documents BEGIN
         INSERT INTO search_index (search_index, rowid, title_words, body_words)
         VALUES ('delete', OLD.id, OLD.title_words, OLD.body_words);
       END""",
    """CREATE TRIGGER search_documents_are_indexed_again AFTER UPDATE OF title_words, body_words ON search_documents BEGIN
         INSERT INTO search_index (search_index, rowid, title_words, body_words)
         VALUES ('delete', OLD.id, OLD.title_words, OLD.body_words);
         INSERT INTO search_index (rowid, title_words, body_words) VALUES (NEW.id, NEW.title_words, NEW.body_words);
       END""",
)
_POSTGRESQL = (
    # The words as they are: the text parser of PostgreSQL would take some apart in its own way.
    """CREATE INDEX ix_search_documents_words_of_title ON search_documents USING gin (
         array_to_tsvector(string_to_array(title_words, ' ')))""",
    """CREATE INDEX ix_search_documents_words_of_all ON search_documents USING gin (
         (array_to_tsvector(string_to_array(title_words, ' ')) || array_to_tsvector(string_to_array(body_words, ' '))))""",
)


def upgrade() -> None:
    op.create_table(
        "object_numbers",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_object_numbers"),
    )
    op.create_table(
        "timeline_events",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("object_kind", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("body", sa.Text),
        sa.Column("data", sa.Text),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("corrects", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_timeline_events"),
    )
    op.create_index("ix_timeline_events_object_id", "timeline_events", ["object_id", "id"])
    op.create_index("ix_timeline_events_kind", "timeline_events", ["object_kind", "kind", "at_ms"])
    op.create_index("ix_timeline_events_actor", "timeline_events", ["actor", "id"])
    op.create_table(
        "followers",
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("object_kind", sa.Text, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("object_id", "user_id", name="pk_followers"),
    )
    op.create_index("ix_followers_user_id", "followers", ["user_id", "object_id"])
    op.create_table(
        "comments",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("object_kind", sa.Text, nullable=False),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
    )
    op.create_index("ix_comments_object_id", "comments", ["object_id", "id"])
    op.create_index("ix_comments_created_by", "comments", ["created_by", "id"])
    op.create_table(
        "links",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("from_kind", sa.Text, nullable=False),
        sa.Column("from_id", sa.Text, nullable=False),
        sa.Column("relation", sa.Text, nullable=False),
        sa.Column("to_kind", sa.Text, nullable=False),
        sa.Column("to_id", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
    )
    op.create_index(
        "uq_links_from_id_relation_to_kind_to_id", "links", ["from_id", "relation", "to_kind", "to_id"], unique=True
    )
    op.create_index("ix_links_to", "links", ["to_kind", "to_id", "id"])
    op.create_table(
        "search_documents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("object_id", sa.Text, nullable=False),
        sa.Column("object_kind", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("title_words", sa.Text, nullable=False),
        sa.Column("body_words", sa.Text, nullable=False),
        sa.Column("restricted", sa.Boolean, nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_documents"),
        sa.UniqueConstraint("object_id", name="uq_search_documents_object_id"),
    )
    op.create_index("ix_search_documents_object_kind", "search_documents", ["object_kind", "object_id"])
    op.create_table(
        "status_updates",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("for_date", sa.Text, nullable=False),
        sa.Column("health", sa.Text, nullable=False),
        sa.Column("done", sa.Text, nullable=False),
        sa.Column("next", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("mood", sa.Text),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_status_updates"),
    )
    op.create_index("uq_status_updates_author_for_date", "status_updates", ["author", "for_date"], unique=True)
    for column in ("author", "health", "for_date", "updated_at_ms", "late"):
        op.create_index(f"ix_status_updates_{column}", "status_updates", [column, "id"])
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # The triggers go with the table they stand on.
        op.execute("DROP TABLE search_index")
    for table in (
        "status_updates",
        "search_documents",
        "links",
        "comments",
        "followers",
        "timeline_events",
        "object_numbers",
    ):
        op.drop_table(table)
