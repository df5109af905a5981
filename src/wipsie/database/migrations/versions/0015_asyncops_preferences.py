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

_SQLITE_INDEX = """CREATE VIRTUAL TABLE search_index USING fts5(
  title_words, body_words, content='search_documents', content_rowid='id', {options}, prefix='2 3')"""
_SQLITE_TRIGGERS = (
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
_TRIGGER_NAMES = (
    "search_documents_are_indexed",
    "search_documents_are_forgotten",
    "search_documents_are_indexed_again",
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
    if op.get_bind().dialect.name == "sqlite":
        # Words come folded and with spaces between; whatever is not ASCII belongs to a word, as on PostgreSQL.
        _index_on_sqlite("tokenize='ascii', detail=column, columnsize=0")
        return
    # Words as they are: the text parser of PostgreSQL would take some apart in its own way. A lexeme has its limit.
    op.execute("DROP INDEX ix_search_documents_words")
    op.execute(
        r"""UPDATE search_documents SET
              title_words = regexp_replace(title_words, '(\S{60})\S+', '\1', 'g'),
              body_words = regexp_replace(body_words, '(\S{60})\S+', '\1', 'g')"""
    )
    op.execute(
        """CREATE INDEX ix_search_documents_words_of_title ON search_documents USING gin (
             array_to_tsvector(string_to_array(title_words, ' ')))"""
    )
    op.execute(
        """CREATE INDEX ix_search_documents_words_of_all ON search_documents USING gin (
             (array_to_tsvector(string_to_array(title_words, ' ')) || array_to_tsvector(string_to_array(body_words, ' '))))"""
    )


def downgrade() -> None:
    # What only the newer search knows would be taken for a record by the older one.
    op.execute("DELETE FROM search_documents WHERE parent_id IS NOT NULL")
    if op.get_bind().dialect.name == "sqlite":
        _index_on_sqlite("tokenize='unicode61'")
    else:
        op.execute("DROP INDEX ix_search_documents_words_of_title")
        op.execute("DROP INDEX ix_search_documents_words_of_all")
        op.execute(
            """CREATE INDEX ix_search_documents_words ON search_documents USING gin (
                 (setweight(to_tsvector('simple'::regconfig, title_words), 'A')
                  || setweight(to_tsvector('simple'::regconfig, body_words), 'B')))"""
        )
    for name, table, _ in reversed(_INDEXES):
        op.drop_index(name, table)
    op.drop_column("search_documents", "parent_id")
    op.drop_column("search_documents", "parent_kind")
    op.drop_table("asyncops_preferences")


def _index_on_sqlite(options: str) -> None:
    for name in _TRIGGER_NAMES:
        op.execute(f"DROP TRIGGER {name}")
    op.execute("DROP TABLE search_index")
    op.execute(_SQLITE_INDEX.format(options=options))
    for statement in _SQLITE_TRIGGERS:
        op.execute(statement)
    op.execute("INSERT INTO search_index (search_index) VALUES ('rebuild')")
