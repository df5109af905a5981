"""Somebody who writes, and several processes that let the conversation go on."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import select

from wipsie.blobs import BlobStore
from wipsie.blobs.sealing import KeyHolder
from wipsie.database import Database
from wipsie.database.shared_store import DatabaseSharedStore
from wipsie.slices.vault.building import VaultParts, VaultSettings, build_parts
from wipsie.slices.vault.domain.conversation import Conversation
from wipsie.slices.vault.domain.whatsapp.updates import IncomingMessage, OurNumber, Sender, Text
from wipsie.slices.vault.service.conversing.sessions import LocalSessions, Sessions
from wipsie.slices.vault.store.columns import open_column
from wipsie.slices.vault.store.inbox import sender_token, take_in
from wipsie.slices.vault.store.tables import conversations_table, deliveries_table, identities_table
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.clock import FakeClock

ASHA = Sender(user_id="IN.48120077315502", wa_id="15550100123", name="Asha Example")
OURS = OurNumber(phone_number_id="420000000000088")


class Crowd:
    """The database they share, and what people write."""

    def __init__(self, database: Database, keys: KeyHolder, clock: FakeClock, folder: Path) -> None:
        self.database = database
        self.keys = keys
        self.clock = clock
        self._folder = folder
        self._blobs = BlobStore("memory://")
        self._numbers = count(1)

    def process(self, sessions: Sessions | None = None) -> VaultParts:
        """One more; with copies of conversations of its own, unless it shares them."""
        return build_parts(
            VaultSettings(public_url=lambda: "https://vault.example", work_path=self._folder),
            database=self.database,
            blobs=self._blobs,
            keys=self.keys,
            shared=DatabaseSharedStore(self.database, clock=self.clock, follow_server_time=False),
            sessions=sessions or LocalSessions(self.clock),
            clock=self.clock,
            metrics=Metrics(),
            run_cpu=_no_cpu,
        )

    async def write(self, *texts: str, sender: Sender = ASHA, message_id: str | None = None) -> str:
        """Have these in the inbox, in this order; the token of who sent them. `message_id`: of a single one."""
        ring, now_ms = await self.keys.ring(), self.clock.now_ms()
        messages = [
            IncomingMessage(
                id=message_id or f"wamid.{next(self._numbers)}",
                sender=sender,
                content=Text(body=words),
                number=OURS,
                sent_at_s=now_ms // 1000,
            )
            for words in texts
        ]
        async with self.database.begin() as connection:
            await take_in(connection, ring, messages, now_ms=now_ms)
        return sender_token(ring, messages[0])

    async def say(self, process: VaultParts, *texts: str, sender: Sender = ASHA) -> str:
        """Write them one after the other, each handled before the next."""
        token = ""
        for one in texts:
            token = await self.write(one, sender=sender)
            assert await process.processor.process(token, is_repeat=False) == 1
        return token

    async def one(self, table: Any) -> Any:
        """The only row of a table."""
        async with self.database.read() as connection:
            return (await connection.execute(select(table))).one()

    async def conversation(self) -> tuple[Conversation, int]:
        """As it stands, and its version."""
        row = await self.one(conversations_table)
        ring = await self.keys.ring()
        return open_column(ring, row.body, Conversation, conversations_table.c.body, row.owner), row.version

    async def identity(self) -> Any:
        return await self.one(identities_table)

    async def said(self) -> int:
        """How many messages to people were made."""
        async with self.database.read() as connection:
            kinds = (await connection.execute(select(deliveries_table.c.kind))).scalars().all()
        return sum(kind != "read_receipt" for kind in kinds)


async def _no_cpu(*_: Any, **__: Any) -> Any:
    raise AssertionError("nobody sends files here")
