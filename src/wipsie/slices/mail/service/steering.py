"""What people do with archived mails: send them through the archive again, tag, hold and erase them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.principal import Principal
from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore
from wipsie.database import Database, UnitOfWork
from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.kernel import json
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Conflict, InvalidInput
from wipsie.kernel.ids import MessageId
from wipsie.slices.mail.domain.archive_key import TIMESTAMP_S_MAX
from wipsie.slices.mail.domain.arrival import Envelope, RawMail, raw_key
from wipsie.slices.mail.domain.document import NotADocument
from wipsie.slices.mail.domain.letter import Letter, check_letter
from wipsie.slices.mail.domain.rules.rule import TAG_CHARACTERS_MAX
from wipsie.slices.mail.schemas.mails import Erased
from wipsie.slices.mail.service.erasing import MailEraser
from wipsie.slices.mail.service.intake import MailIntake
from wipsie.slices.mail.service.stored_mail import read_stored, whole_document
from wipsie.slices.mail.store import reading
from wipsie.slices.mail.store.entries import storable
from wipsie.slices.mail.store.tables import mails_table, tags_table

_MAILS = mails_table.c
_TAGS = tags_table.c


class MailSteering:
    """One per process."""

    def __init__(
        self, database: Database, blobs: BlobStore, intake: MailIntake, eraser: MailEraser, clock: Clock
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._intake = intake
        self._eraser = eraser
        self._clock = clock

    async def replay(self, principal: Principal, mail_id: str, *, again: bool = False) -> MessageId:
        """Put a mail on the queue once more, as it came: it is archived as a copy of itself. `again`: its original is read anew, and
        its document is written over the one there is. NotFound; Conflict for a letter, which has no other original."""
        async with self._database.read() as connection:
            row = await reading.get(connection, mail_id)
            arrivals = await reading.arrivals_of(connection, row["number"])
        if row["raw_sha256"] is None:
            if again:
                raise Conflict(
                    "The mail came as a letter: its document is the original.", details={"mail_id": row["id"]}
                )
            letter = await self._letter_of(row["object_key"])
            message_id = (await self._intake.accept_letter(letter, door="replay")).message_id
        else:
            sha256: str = row["raw_sha256"]
            source = RawMail(key=raw_key(sha256), sha256=sha256, size=row["raw_size"])
            envelope = await self._envelope_of(row["object_key"], arrivals)
            if not again:
                # With its first time: a mail without a date would be another mail with this one's.
                envelope = Envelope(door="replay", received_at_ms=envelope.received_at_ms)
            message_id = await self._intake.accept_stored(source, envelope, again=again)
        async with self._database.unit_of_work() as unit:
            unit.record(_event(principal, "rearchive" if again else "replay", row["id"]))
        return message_id

    async def _letter_of(self, key: str) -> Letter:
        stored = await whole_document(self._blobs, key)
        return check_letter(json.decode(stored.content), oldest_s=0, newest_s=TIMESTAMP_S_MAX, keep_unknown=True)

    async def _envelope_of(self, key: str, arrivals: Sequence[RowMapping]) -> Envelope:
        """Of the copy that came first: as its document has it, or, where that is damaged, as the index does."""
        try:
            mime = (await read_stored(self._blobs, key)).mail.mime
        except (BlobCorrupt, BlobNotFound, NotADocument):
            mime = None
        if mime is not None:
            return mime.envelope
        first = next((one for one in arrivals if not one["is_copy"]), None)
        if first is None:
            return Envelope(door="replay", received_at_ms=self._clock.now_ms())
        return Envelope(
            door=first["door"],
            received_at_ms=first["received_at_ms"],
            sender=first["sender"],
            recipients=tuple(json.decode(first["recipients"])),
            remote=first["remote"],
            reference=first["reference"],
        )

    async def tag(self, connection: AsyncConnection, principal: Principal, mail_id: str, tag: str) -> None:
        """Tag a mail; done twice it changes nothing. NotFound, InvalidInput."""
        row = await reading.get(connection, mail_id)
        text = tag.strip()
        if not 0 < len(text) <= TAG_CHARACTERS_MAX or not text.isprintable() or "/" in text:
            raise InvalidInput(
                f"A tag has 1 to {TAG_CHARACTERS_MAX} printable characters, and no slash.", details={"field": "tag"}
            )
        await connection.execute(
            insert_ignoring_conflicts(connection.dialect.name, tags_table),
            [{"mail": row["number"], "tag": text, "tagged_by": principal.actor}],
        )

    async def untag(self, connection: AsyncConnection, mail_id: str, tag: str) -> None:
        """Take a tag away; one that is not there is fine. NotFound."""
        row = await reading.get(connection, mail_id)
        if not tag.isprintable():
            return
        await connection.execute(delete(tags_table).where(_TAGS.mail == row["number"], _TAGS.tag == tag.strip()))

    async def hold(self, unit: UnitOfWork, principal: Principal, mail_id: str, reason: str) -> None:
        """Keep a mail from being erased, whoever wants to. NotFound."""
        row = await reading.get(unit.connection, mail_id)
        values = {"held_by": principal.actor, "held_reason": storable(reason)}
        held = await unit.connection.execute(
            update(mails_table).where(_MAILS.number == row["number"], _MAILS.id == row["id"]).values(values)
        )
        if not held.rowcount:
            raise reading.no_such_mail(mail_id)
        unit.record(_event(principal, "hold", row["id"]))

    async def release(self, unit: UnitOfWork, principal: Principal, mail_id: str) -> None:
        """Let it be erased again. NotFound."""
        row = await reading.get(unit.connection, mail_id)
        values = {"held_by": None, "held_reason": None}
        await unit.connection.execute(update(mails_table).where(_MAILS.number == row["number"]).values(values))
        unit.record(_event(principal, "release", row["id"]))

    async def erase(self, principal: Principal, mail_id: str) -> Erased:
        """Erase a mail: out of the index at once, and its objects with it unless the store is away. NotFound; Conflict while it is
        held."""
        async with self._database.unit_of_work() as unit:
            row = await reading.get(unit.connection, mail_id)
            noted = await self._eraser.erase_rows(unit.connection, [row["number"]])
            if not noted:
                # Unless somebody else erased it in this moment.
                await reading.get(unit.connection, mail_id)
                raise Conflict(
                    "The mail is held, so it cannot be erased; release it first.", details={"mail_id": row["id"]}
                )
            unit.record(_event(principal, "erase", row["id"]))
        done = await self._eraser.carry_out_all([one.id for one in noted])
        # Noted in the commit: what is left, the upkeep removes, or is about to.
        return Erased(id=row["id"], objects="gone" if done.count == len(noted) else "going")


def _event(principal: Principal, verb: str, mail_id: str) -> AuditEvent:
    return AuditEvent(actor=principal.actor, action=f"mail:mail:{verb}", object=f"mail:{mail_id}")
