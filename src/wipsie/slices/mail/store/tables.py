"""The index of the archive. The objects are the archive; all of this but arrivals, tags and holds can be made again from them.

Mails are numbered by their own time, so that the newest stand last, in the table and in the index of words: a page of the newest
is read from the end without sorting, with words and without.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from wipsie.database.metadata import metadata
from wipsie.database.outbox import RowId

mails_table = Table(
    "mails",
    metadata,
    Column("number", RowId, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("object_key", Text, nullable=False),
    Column("timestamp_s", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("sender_address", Text),
    Column("preview", Text, nullable=False),
    # Of the document.
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    # Of what came as MIME; NULL for letters.
    Column("raw_sha256", Text),
    Column("raw_size", BigInteger),
    Column("message_id", Text),
    Column("in_reply_to", Text),
    Column("list_id", Text),
    Column("verdicts", Text, nullable=False),
    Column("defects", Integer, nullable=False),
    Column("attachments", Integer, nullable=False),
    Column("copies", Integer, nullable=False),
    # Since when the archive has it, as far as this index knows: its time to be kept counts from here.
    Column("indexed_at_ms", BigInteger, nullable=False),
    Column("held_by", Text),
    Column("held_reason", Text),
)
_MAILS = mails_table.c
Index("uq_mails_id", _MAILS.id, unique=True)
Index("uq_mails_object_key", _MAILS.object_key, unique=True)
Index("ix_mails_sender_address", _MAILS.sender_address, _MAILS.number)
Index("ix_mails_message_id", _MAILS.message_id)
Index("ix_mails_raw_sha256", _MAILS.raw_sha256)
Index("ix_mails_indexed_at_ms", _MAILS.indexed_at_ms)
Index(
    "ix_mails_held",
    _MAILS.number,
    sqlite_where=_MAILS.held_by.is_not(None),
    postgresql_where=_MAILS.held_by.is_not(None),
)

recipients_table = Table(
    "mail_recipients",
    metadata,
    Column("mail", RowId, primary_key=True),
    Column("position", Integer, primary_key=True),
    # to, cc, or envelope: whom a copy was for.
    Column("role", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("name", Text, nullable=False),
)
Index("ix_mail_recipients_address", recipients_table.c.address, recipients_table.c.mail)

attachments_table = Table(
    "mail_attachments",
    metadata,
    Column("mail", RowId, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content_id", Text),
    Column("is_inline", Boolean, nullable=False),
)
Index("ix_mail_attachments_sha256", attachments_table.c.sha256)

arrivals_table = Table(
    "mail_arrivals",
    metadata,
    Column("mail", RowId, primary_key=True),
    # Of the queue's message: a message that is delivered again is the same arrival.
    Column("message_id", Text, primary_key=True),
    Column("door", Text, nullable=False),
    Column("received_at_ms", BigInteger, nullable=False),
    Column("sender", Text),
    Column("recipients", Text, nullable=False),
    Column("remote", Text),
    Column("reference", Text),
    # Of the original of this copy; NULL for a letter.
    Column("raw_sha256", Text),
    Column("raw_size", BigInteger),
    Column("is_copy", Boolean, nullable=False),
)
Index("ix_mail_arrivals_raw_sha256", arrivals_table.c.raw_sha256)
Index("ix_mail_arrivals_message_id", arrivals_table.c.message_id)

tags_table = Table(
    "mail_tags",
    metadata,
    Column("mail", RowId, primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("tagged_by", Text, nullable=False),
)
Index("ix_mail_tags_tag", tags_table.c.tag, tags_table.c.mail)

words_table = Table(
    "mail_words",
    metadata,
    Column("number", RowId, primary_key=True, autoincrement=False),
    Column("words", Text, nullable=False),
    Column("text", Text, nullable=False),
)

erasures_table = Table(
    "mail_erasures",
    metadata,
    Column("id", Text, primary_key=True),
    # Of the document. A mail that is erased has left every other table already; its objects go next.
    Column("object_key", Text, nullable=False),
    Column("erased_at_ms", BigInteger, nullable=False),
    # Who carries it out has it until then; when that is past, somebody was at it until then. 0: nobody was yet.
    Column("claimed_until_ms", BigInteger, nullable=False),
    # Kept for a while after: whoever stored an object meanwhile must know.
    Column("done_at_ms", BigInteger),
)
Index("ix_mail_erasures_object_key", erasures_table.c.object_key)
Index("ix_mail_erasures_done_at_ms", erasures_table.c.done_at_ms)

erased_files_table = Table(
    "mail_erased_files",
    metadata,
    Column("erasure", Text, primary_key=True),
    # raw or attachment.
    Column("kind", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
)
Index("ix_mail_erased_files_sha256", erased_files_table.c.sha256)
