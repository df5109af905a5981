"""The index of the mail archive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_SQLITE = (
    # No columns and no places of words: the words say themselves where they stand.
    """CREATE VIRTUAL TABLE mail_words_index USING fts5(
         words, content='mail_words', content_rowid='number', tokenize='ascii', detail=none, columnsize=0, prefix='3')""",
    """CREATE TRIGGER mail_words_are_indexed AFTER INSERT ON mail_words BEGIN
         INSERT INTO mail_words_index (rowid, words) VALUES (NEW.number, NEW.words);
       END""",
    """CREATE TRIGGER mail_words_are_forgotten AFTER DELETE ON mail_words BEGIN
         INSERT INTO mail_words_index (mail_words_index, rowid, words) VALUES ('delete', OLD.number, OLD.words);
       END""",
)
_POSTGRESQL = (
    # Says what it costs to look through a mail without the index: about as much as reading a page. With the cost PostgreSQL
    # itself gives these functions it would look through all mails, the newest first, for a word that few have.
    """CREATE FUNCTION mail_words_vector(words text) RETURNS tsvector
         LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 400
         AS $$ BEGIN RETURN array_to_tsvector(string_to_array(words, ' ')); END $$""",
    "CREATE INDEX ix_mail_words_words ON mail_words USING gin (mail_words_vector(words))",
)


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("object_key", sa.Text, nullable=False),
        sa.Column("timestamp_s", sa.BigInteger, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("sender_address", sa.Text),
        sa.Column("preview", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("raw_sha256", sa.Text),
        sa.Column("raw_size", sa.BigInteger),
        sa.Column("message_id", sa.Text),
        sa.Column("in_reply_to", sa.Text),
        sa.Column("list_id", sa.Text),
        sa.Column("verdicts", sa.Text, nullable=False),
        sa.Column("defects", sa.Integer, nullable=False),
        sa.Column("attachments", sa.Integer, nullable=False),
        sa.Column("copies", sa.Integer, nullable=False),
        sa.Column("indexed_at_ms", sa.BigInteger, nullable=False),
        sa.Column("held_by", sa.Text),
        sa.Column("held_reason", sa.Text),
        sa.PrimaryKeyConstraint("number", name="pk_mails"),
    )
    op.create_index("uq_mails_id", "mails", ["id"], unique=True)
    op.create_index("uq_mails_object_key", "mails", ["object_key"], unique=True)
    op.create_index("ix_mails_sender_address", "mails", ["sender_address", "number"])
    op.create_index("ix_mails_message_id", "mails", ["message_id"])
    op.create_index("ix_mails_raw_sha256", "mails", ["raw_sha256"])
    op.create_index("ix_mails_indexed_at_ms", "mails", ["indexed_at_ms"])
    is_held = sa.text("held_by IS NOT NULL")
    op.create_index("ix_mails_held", "mails", ["number"], sqlite_where=is_held, postgresql_where=is_held)
    op.create_table(
        "mail_recipients",
        sa.Column("mail", _NUMBER, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("mail", "position", name="pk_mail_recipients"),
    )
    op.create_index("ix_mail_recipients_address", "mail_recipients", ["address", "mail"])
    op.create_table(
        "mail_attachments",
        sa.Column("mail", _NUMBER, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("content_id", sa.Text),
        sa.Column("is_inline", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("mail", "number", name="pk_mail_attachments"),
    )
    op.create_index("ix_mail_attachments_sha256", "mail_attachments", ["sha256"])
    op.create_table(
        "mail_arrivals",
        sa.Column("mail", _NUMBER, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("door", sa.Text, nullable=False),
        sa.Column("received_at_ms", sa.BigInteger, nullable=False),
        sa.Column("sender", sa.Text),
        sa.Column("recipients", sa.Text, nullable=False),
        sa.Column("remote", sa.Text),
        sa.Column("reference", sa.Text),
        sa.Column("raw_sha256", sa.Text),
        sa.Column("raw_size", sa.BigInteger),
        sa.Column("is_copy", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("mail", "message_id", name="pk_mail_arrivals"),
    )
    op.create_index("ix_mail_arrivals_raw_sha256", "mail_arrivals", ["raw_sha256"])
    op.create_index("ix_mail_arrivals_message_id", "mail_arrivals", ["message_id"])
    op.create_table(
        "mail_tags",
        sa.Column("mail", _NUMBER, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("tagged_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("mail", "tag", name="pk_mail_tags"),
    )
    op.create_index("ix_mail_tags_tag", "mail_tags", ["tag", "mail"])
    op.create_table(
        "mail_words",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_mail_words"),
    )
    op.create_table(
        "mail_erasures",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("object_key", sa.Text, nullable=False),
        sa.Column("erased_at_ms", sa.BigInteger, nullable=False),
        sa.Column("claimed_until_ms", sa.BigInteger, nullable=False),
        sa.Column("done_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_mail_erasures"),
    )
    op.create_index("ix_mail_erasures_object_key", "mail_erasures", ["object_key"])
    op.create_index("ix_mail_erasures_done_at_ms", "mail_erasures", ["done_at_ms"])
    op.create_table(
        "mail_erased_files",
        sa.Column("erasure", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("erasure", "kind", "sha256", name="pk_mail_erased_files"),
    )
    op.create_index("ix_mail_erased_files_sha256", "mail_erased_files", ["sha256"])
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # The triggers go with the table they stand on.
        op.execute("DROP TABLE mail_words_index")
    for table in (
        "mail_erased_files",
        "mail_erasures",
        "mail_words",
        "mail_tags",
        "mail_arrivals",
        "mail_attachments",
        "mail_recipients",
        "mails",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION mail_words_vector(text)")
