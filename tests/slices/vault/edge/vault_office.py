"""A team that runs a vault, and people whose reports it keeps: rows as the workers leave them, and the API over them."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import update

from wipsie.blobs.sealing import KeyRing, SealedStore
from wipsie.slices.vault.domain.conversation.rendering import HistoryLine, history
from wipsie.slices.vault.domain.dates import PartialDate
from wipsie.slices.vault.domain.reports import ReportDetails
from wipsie.slices.vault.domain.sending.body import DeliveryBody
from wipsie.slices.vault.domain.whatsapp.outgoing import TextMessage
from wipsie.slices.vault.domain.whatsapp.updates import Sender
from wipsie.slices.vault.service.keeping.events import Viewer
from wipsie.slices.vault.service.keeping.indexing import ReportIndexer
from wipsie.slices.vault.service.keeping.reading_room import ReadingRoom
from wipsie.slices.vault.service.keeping.saving import ReportSaver
from wipsie.slices.vault.store.deliveries import NewDelivery, enqueue
from wipsie.slices.vault.store.files import FileDetails, FileState, mark_staged, note_file
from wipsie.slices.vault.store.identities import give_consent, resolve
from wipsie.slices.vault.store.objects import add_object, staging_key
from wipsie.slices.vault.store.tables import deliveries_table, identities_table
from wipsie.testing.office import Answer, Desk, Office

NUMBER_ID = "420000000000088"
HOSPITAL, NOTE = "Marmalade Hill Clinic", "ask about tangerine pills"
WHY = "The patient asked for it at the desk."
PDF = b"%PDF-1.7 a report of somebody"


class VaultOffice:
    """An office, and those it serves."""

    def __init__(self, office: Office, folder: Path) -> None:
        self.office = office
        self.clock = office.clock
        self.database = office.parts.database
        self._sealed = SealedStore(office.parts.blobs, office.parts.vault_keys, work_dir=folder / "sealed")
        self._saver = ReportSaver(self.database, self._sealed, office.clock, ReportIndexer(lambda _: ""))
        self._numbers = count(1)

    def __getitem__(self, name: str) -> Desk:
        return self.office[name]

    async def ring(self) -> KeyRing:
        return await self.office.parts.vault_keys.ring()

    async def meet(self, *, consented: bool = True, **sender: Any) -> str:
        """Somebody new; our name for them."""
        number = next(self._numbers)
        await self.clock.advance(1)
        owner, now_ms = f"vid_{number:032}", self.clock.now_ms()
        given = {"user_id": f"IN.4812007731{number:04}", "wa_id": f"9112345601{number:02}", "name": "Asha Example"}
        ring = await self.ring()
        async with self.database.begin() as connection:
            await resolve(
                connection,
                ring,
                Sender(**{**given, **sender}),
                new_id=owner,
                phone_number_id=NUMBER_ID,
                sent_at_ms=now_ms,
                now_ms=now_ms,
            )
            if consented:
                await give_consent(
                    connection, ring, owner, version=1, language="en", message_id="wamid.YES", now_ms=now_ms
                )
        return owner

    async def receive(self, owner: str, *, state: FileState = "fetching") -> str:
        """A file they sent, which nobody looked at yet; its id."""
        file, now_ms = f"vfl_{next(self._numbers):032}", self.clock.now_ms()
        details = FileDetails(message_id="wamid.FILE", media_id="970000000000201", media="document", file_name="My.pdf")
        async with self.database.begin() as connection:
            assert await note_file(
                connection,
                await self.ring(),
                file,
                owner=owner,
                phone_number_id=NUMBER_ID,
                details=details,
                state=state,
                now_ms=now_ms,
            )
        return file

    async def save(self, owner: str) -> int:
        """A report of theirs, all the way; its number."""
        ring, now_ms = await self.ring(), self.clock.now_ms()
        file = await self.receive(owner)
        object_id = f"obj_{file[4:]}"
        sealed = await self._sealed.put(staging_key(owner, object_id), object_id, PDF)
        async with self.database.begin() as connection:
            assert await mark_staged(
                connection,
                ring,
                file,
                owner=owner,
                kind="pdf",
                size=len(PDF),
                sha256="00" * 32,
                scan="clean",
                reading={"text": "haemoglobin"},
                now_ms=now_ms,
            )
            await add_object(
                connection, sealed, owner=owner, file=file, role="original", media_type="application/pdf", now_ms=now_ms
            )
        prepared = await self._saver.prepare(owner, f"drf_{file}", [file])
        details = ReportDetails(date=PartialDate(2025, 11, 3), hospital=HOSPITAL, type="blood_test", note=NOTE)
        async with self.database.unit_of_work() as unit:
            return (await self._saver.save(unit, ring, prepared, details, Viewer.owner(owner))).number

    async def say(
        self, owner: str, *, state: str = "waiting", words: str = "Saved as report 1.", **columns: Any
    ) -> str:
        """A message to them, in a state; its id."""
        ring, now_ms = await self.ring(), self.clock.now_ms()
        async with self.database.unit_of_work() as unit:
            (id_,) = await enqueue(
                unit,
                ring,
                owner=owner,
                phone_number_id=NUMBER_ID,
                deliveries=[NewDelivery(body=DeliveryBody(message=TextMessage(body=words)))],
                now_ms=now_ms,
            )
            settled = now_ms if state in ("accepted", "failed", "cancelled") else None
            values = {"state": state, "settled_at_ms": settled, **columns}
            await unit.connection.execute(update(deliveries_table).where(deliveries_table.c.id == id_).values(**values))
        return id_

    async def break_glass(self, owner: str, number: object = 1, body: Any = None) -> Answer:
        """The admin opens a report, for a reason."""
        given = {"reason": WHY} if body is None else body
        return await self["ada"].post(f"/api/vault/owners/{owner}/reports/{number}/break-glass", given)

    async def lock(self, owner: str, **columns: Any) -> None:
        """Their telephone is another one, and nobody knows whose."""
        async with self.database.begin() as connection:
            changed = {"needs_step_up": True, **columns}
            await connection.execute(update(identities_table).where(identities_table.c.id == owner).values(**changed))

    async def unlock(self, owner: str, body: Any = None) -> Answer:
        """The admin lets them in again, for a reason."""
        given = {"reason": WHY} if body is None else body
        return await self["ada"].post(f"/api/vault/owners/{owner}/unlock", given)

    async def history(self, owner: str) -> str:
        """What they read with HISTORY."""
        room = ReadingRoom(self.database, self._sealed)
        async with self.database.unit_of_work() as unit:
            entries = await room.history(unit, await self.ring(), Viewer.owner(owner), owner)
        lines = [HistoryLine(at_ms=one.at_ms, action=one.action, actor=one.actor) for one in entries or ()]
        message = history(lines, "en")
        assert isinstance(message, TextMessage)
        return message.body

    async def intrude(self, *statements: str) -> None:
        """What somebody with all rights in the database does to the audit log: its triggers are taken away first."""
        async with self.database.begin() as connection:
            if self.database.dialect == "sqlite":
                names = await connection.exec_driver_sql(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit_%'"
                )
                for (name,) in names.fetchall():
                    await connection.exec_driver_sql(f"DROP TRIGGER {name}")
            else:
                for table in ("audit_events", "audit_head"):
                    await connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for statement in statements:
                await connection.exec_driver_sql(statement)
