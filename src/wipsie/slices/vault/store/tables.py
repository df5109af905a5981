"""What the vault keeps in the database.

Three kinds of columns: plain ones, that say nothing of people (ids of ours, moments, states, counts); keyed ones (`*_token`), by which a
number, a user id, an id of WhatsApp (it has the number in it) or a word is found without standing there; and sealed ones (`LargeBinary`), that open with the key ring in
their own row and column only.

`owner` is the id of an identity, our own name for a person: it stands in logs, in the audit log, and in keys of objects.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text

from wipsie.database.metadata import metadata
from wipsie.database.outbox import RowId

identities_table = Table(
    "vault_identities",
    metadata,
    Column("id", Text, primary_key=True),
    Column("created_at_ms", BigInteger, nullable=False),
    # Of the business-scoped user id; NULL for somebody known by the number only.
    Column("user_token", Text),
    # Of the number; NULL where WhatsApp does not share it. Nobody has a number that somebody else has: whoever comes with it takes it.
    Column("number_token", Text),
    # User id, number, name and user name.
    Column("details", LargeBinary, nullable=False),
    # What staff see in the place of the number.
    Column("masked", Text, nullable=False),
    Column("language", Text, nullable=False),
    # Of ours: the one they wrote to last, from which answers go out.
    Column("phone_number_id", Text, nullable=False),
    # By the clock of WhatsApp: answers are free until a day after.
    Column("last_message_at_ms", BigInteger, nullable=False),
    # What they agreed to, and when; NULL before, and after STOP.
    Column("consent_version", Integer),
    Column("consented_at_ms", BigInteger),
    # Since when nothing is processed for them, and when everything of theirs is erased.
    Column("stopped_at_ms", BigInteger),
    Column("erase_at_ms", BigInteger),
    Column("pin_hash", Text),
    Column("pin_failures", Integer, nullable=False),
    Column("pin_blocked_until_ms", BigInteger, nullable=False),
    # The number or the telephone changed: nothing that was kept is shown before the PIN, or before staff let them in.
    Column("needs_step_up", Boolean, nullable=False),
    # Never given twice, whatever was deleted.
    Column("next_report", Integer, nullable=False),
    Column("stored_bytes", BigInteger, nullable=False),
)
_IDENTITIES = identities_table.c
Index("uq_vault_identities_user_token", _IDENTITIES.user_token, unique=True)
Index("uq_vault_identities_number_token", _IDENTITIES.number_token, unique=True)
Index(
    "ix_vault_identities_erase_at_ms",
    _IDENTITIES.erase_at_ms,
    sqlite_where=_IDENTITIES.erase_at_ms.is_not(None),
    postgresql_where=_IDENTITIES.erase_at_ms.is_not(None),
)
# For the lists of staff.
Index(
    "ix_vault_identities_stopped",
    _IDENTITIES.id,
    sqlite_where=_IDENTITIES.stopped_at_ms.is_not(None),
    postgresql_where=_IDENTITIES.stopped_at_ms.is_not(None),
)
Index(
    "ix_vault_identities_without_consent",
    _IDENTITIES.id,
    sqlite_where=_IDENTITIES.consent_version.is_(None),
    postgresql_where=_IDENTITIES.consent_version.is_(None),
)
Index(
    "ix_vault_identities_locked",
    _IDENTITIES.id,
    sqlite_where=_IDENTITIES.needs_step_up.is_(True),
    postgresql_where=_IDENTITIES.needs_step_up.is_(True),
)

consents_table = Table(
    "vault_consents",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("given_at_ms", BigInteger, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("language", Text, nullable=False),
    # Id of the message by which it was given.
    Column("message", LargeBinary, nullable=False),
    Column("withdrawn_at_ms", BigInteger),
)

inbox_table = Table(
    "vault_inbox",
    metadata,
    Column("number", RowId, primary_key=True, autoincrement=True),
    Column("phone_number_id", Text, nullable=False),
    # Of WhatsApp's id, in which the number of the sender stands. What comes with it again is the same message.
    Column("message_token", Text, nullable=False),
    # Whose it is: of the user id, or of the number where there is none.
    Column("sender_token", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sent_at_ms", BigInteger, nullable=False),
    Column("arrived_at_ms", BigInteger, nullable=False),
    # Keyed hash of the content: the same id with another content is somebody's doing.
    Column("content_token", Text, nullable=False),
    # NULL once it is handled.
    Column("body", LargeBinary),
    Column("attempts", Integer, nullable=False),
    Column("handled_at_ms", BigInteger),
    # Why it was given up.
    Column("error", Text),
    sqlite_autoincrement=True,
)
_INBOX = inbox_table.c
Index("uq_vault_inbox_message", _INBOX.phone_number_id, _INBOX.message_token, unique=True)
Index(
    "ix_vault_inbox_waiting",
    _INBOX.sender_token,
    _INBOX.sent_at_ms,
    _INBOX.number,
    sqlite_where=_INBOX.handled_at_ms.is_(None),
    postgresql_where=_INBOX.handled_at_ms.is_(None),
)
Index("ix_vault_inbox_handled_at_ms", _INBOX.handled_at_ms)

conversations_table = Table(
    "vault_conversations",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # When the conversation goes on by itself.
    Column("deadline_ms", BigInteger),
    Column("updated_at_ms", BigInteger, nullable=False),
)
Index(
    "ix_vault_conversations_deadline_ms",
    conversations_table.c.deadline_ms,
    sqlite_where=conversations_table.c.deadline_ms.is_not(None),
    postgresql_where=conversations_table.c.deadline_ms.is_not(None),
)

files_table = Table(
    "vault_files",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("phone_number_id", Text, nullable=False),
    Column("received_at_ms", BigInteger, nullable=False),
    # waiting, fetching, staged, refused, saved, discarded or erased.
    Column("state", Text, nullable=False),
    # pdf, jpeg or png, once it is known.
    Column("kind", Text),
    Column("size", BigInteger),
    # Keyed hash of the plain bytes, per owner.
    Column("content_token", Text),
    # clean, not_scanned or infected.
    Column("scan", Text),
    # Why it was refused.
    Column("reason", Text),
    # What the message says of the file: media id, name, caption, declared type and checksum.
    Column("details", LargeBinary, nullable=False),
    # What was read from it, and what is suggested.
    Column("reading", LargeBinary),
    Column("attempts", Integer, nullable=False),
    Column("looked_up_at_ms", BigInteger),
    Column("updated_at_ms", BigInteger, nullable=False),
)
_FILES = files_table.c
Index("ix_vault_files_owner", _FILES.owner, _FILES.content_token)
Index("ix_vault_files_state", _FILES.state, _FILES.updated_at_ms)
# For the lists of staff.
Index("ix_vault_files_received_at_ms", _FILES.received_at_ms, _FILES.id)
Index("ix_vault_files_of_owner", _FILES.owner, _FILES.received_at_ms, _FILES.id)
Index("ix_vault_files_in_state", _FILES.state, _FILES.received_at_ms, _FILES.id)

objects_table = Table(
    "vault_objects",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    # NULL for an export.
    Column("file", Text),
    # original, thumbnail or export.
    Column("role", Text, nullable=False),
    Column("object_key", Text, nullable=False),
    # The object's own key, sealed; NULL is erased: nobody opens the object any more.
    Column("wrapped_key", LargeBinary),
    Column("kek_id", Text),
    Column("size", BigInteger, nullable=False),
    Column("sealed_size", BigInteger, nullable=False),
    Column("sealed_sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("erased_at_ms", BigInteger),
    # When the bytes that nobody opens any more were removed from the store.
    Column("removed_at_ms", BigInteger),
)
_OBJECTS = objects_table.c
Index("ix_vault_objects_file", _OBJECTS.file)
Index("ix_vault_objects_owner", _OBJECTS.owner)
Index("ix_vault_objects_kek_id", _OBJECTS.kek_id, _OBJECTS.id)
Index(
    "ix_vault_objects_to_remove",
    _OBJECTS.erased_at_ms,
    sqlite_where=_OBJECTS.removed_at_ms.is_(None),
    postgresql_where=_OBJECTS.removed_at_ms.is_(None),
)

reports_table = Table(
    "vault_reports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    # Per owner, from 1.
    Column("number", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("saved_at_ms", BigInteger, nullable=False),
    # Date, hospital, type, for whom, note.
    Column("details", LargeBinary, nullable=False),
    Column("files", Integer, nullable=False),
    # clean or not_scanned: the worst of its files.
    Column("scan", Text, nullable=False),
    Column("deleted_at_ms", BigInteger),
    # When the keys of what was deleted are destroyed.
    Column("erase_at_ms", BigInteger),
    Column("erased_at_ms", BigInteger),
)
_REPORTS = reports_table.c
Index("uq_vault_reports_number", _REPORTS.owner, _REPORTS.number, unique=True)
Index(
    "ix_vault_reports_erase_at_ms",
    _REPORTS.erase_at_ms,
    sqlite_where=_REPORTS.erase_at_ms.is_not(None),
    postgresql_where=_REPORTS.erase_at_ms.is_not(None),
)

report_files_table = Table(
    "vault_report_files",
    metadata,
    Column("report", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("file", Text, nullable=False),
)
Index("uq_vault_report_files_file", report_files_table.c.file, unique=True)

words_table = Table(
    "vault_words",
    metadata,
    # Keyed with the owner: the words of two people never meet.
    Column("token", Text, primary_key=True),
    Column("report", Text, primary_key=True),
)
Index("ix_vault_words_report", words_table.c.report)

exports_table = Table(
    "vault_exports",
    metadata,
    # An archive that somebody waits for; of the object it becomes. Gone once they have it, or were told that it could not be made.
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("requested_at_ms", BigInteger, nullable=False),
    # When somebody began to make it last.
    Column("tried_at_ms", BigInteger, nullable=False),
)
Index("ix_vault_exports_owner", exports_table.c.owner)
Index("ix_vault_exports_tried_at_ms", exports_table.c.tried_at_ms)

links_table = Table(
    "vault_links",
    metadata,
    # Of the signed link, in hex.
    Column("nonce", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    # A report or an export.
    Column("object", Text, nullable=False),
    # get, share, export or break_glass.
    Column("purpose", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("revoked_at_ms", BigInteger),
    Column("opens", Integer, nullable=False),
    Column("opened_at_ms", BigInteger),
    # How often its pages were shown without a download, and when last: their pictures are given for a moment from then on.
    Column("looks", Integer, nullable=False, server_default="0"),
    Column("looked_at_ms", BigInteger),
)
Index("ix_vault_links_owner", links_table.c.owner, links_table.c.object)
Index("ix_vault_links_expires_at_ms", links_table.c.expires_at_ms)

accesses_table = Table(
    "vault_accesses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("report", Text, nullable=False),
    # Who of the staff, as the audit log names them.
    Column("actor", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    # Why, in their words.
    Column("reason", LargeBinary, nullable=False),
)
Index("ix_vault_accesses_owner", accesses_table.c.owner, accesses_table.c.at_ms)

deliveries_table = Table(
    "vault_deliveries",
    metadata,
    # In the order in which they are to arrive.
    Column("number", RowId, primary_key=True, autoincrement=True),
    # Goes out as callback data, and comes back with every status.
    Column("id", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("phone_number_id", Text, nullable=False),
    # text, buttons, list, document, read_receipt …
    Column("kind", Text, nullable=False),
    # The message; NULL once it arrived, or was given up long enough ago.
    Column("body", LargeBinary),
    # Not sent again when nobody knows whether it arrived.
    Column("is_sensitive", Boolean, nullable=False),
    # waiting, sending, unknown, accepted, failed or cancelled.
    Column("state", Text, nullable=False),
    # sent, delivered, read or failed: what WhatsApp says of it.
    Column("status", Text),
    Column("status_at_ms", BigInteger),
    # Of WhatsApp's id, once it took the message: the number of the recipient stands in it.
    Column("message_token", Text),
    Column("attempts", Integer, nullable=False),
    # How often nobody knew what became of an attempt.
    Column("unknowns", Integer, nullable=False),
    Column("next_at_ms", BigInteger, nullable=False),
    # Whoever sends it has it until then.
    Column("claimed_until_ms", BigInteger, nullable=False),
    Column("error_code", Integer),
    Column("error", Text),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("settled_at_ms", BigInteger),
    sqlite_autoincrement=True,
)
_DELIVERIES = deliveries_table.c
_open = _DELIVERIES.settled_at_ms.is_(None)
Index("uq_vault_deliveries_id", _DELIVERIES.id, unique=True)
Index("uq_vault_deliveries_message_token", _DELIVERIES.message_token, unique=True)
Index("ix_vault_deliveries_open", _DELIVERIES.owner, _DELIVERIES.number, sqlite_where=_open, postgresql_where=_open)
Index("ix_vault_deliveries_owner", _DELIVERIES.owner, _DELIVERIES.number)
Index("ix_vault_deliveries_due", _DELIVERIES.next_at_ms, sqlite_where=_open, postgresql_where=_open)
Index("ix_vault_deliveries_settled_at_ms", _DELIVERIES.settled_at_ms)
_failed = text("state = 'failed'")
Index("ix_vault_deliveries_failed", _DELIVERIES.number, sqlite_where=_failed, postgresql_where=_failed)

pauses_table = Table(
    "vault_pauses",
    metadata,
    # A number of ours from which nothing is sent.
    Column("phone_number_id", Text, primary_key=True),
    Column("error_code", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    # When it is tried again.
    Column("until_ms", BigInteger, nullable=False),
)
