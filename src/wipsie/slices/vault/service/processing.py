"""Handles what waits in the inbox, sender by sender, in the order in which it was sent; each message in one commit with all that
comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wipsie.blobs.sealing import KeyHolder, KeyRing
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Unavailable
from wipsie.kernel.ids import new_object_id
from wipsie.slices.vault.domain.catalogue import texts_of
from wipsie.slices.vault.domain.sending.body import DeliveryBody
from wipsie.slices.vault.domain.whatsapp.outgoing import TextMessage
from wipsie.slices.vault.domain.whatsapp.updates import Media, SystemChange
from wipsie.slices.vault.metrics import VaultMetrics
from wipsie.slices.vault.service.conversing.conversing import Begun, Conversing
from wipsie.slices.vault.service.conversing.events import event_of, file_kind
from wipsie.slices.vault.service.renumbering import Renumbering, owner_event
from wipsie.slices.vault.store import identities, inbox
from wipsie.slices.vault.store.deliveries import NewDelivery, enqueue
from wipsie.slices.vault.store.files import FileDetails, file_id, note_file
from wipsie.slices.vault.store.identities import Resolved
from wipsie.slices.vault.store.inbox import InboxRow
from wipsie.telemetry.logging import get_logger

TRIES_MAX: Final = 5
BROKEN: Final = "SEAL_BROKEN"
BATCHES_MAX: Final = 100
"""Of one job; another one goes on."""
ID_PREFIX: Final = "vid"

_log = get_logger(__name__)


class InboxProcessor:
    """One per process."""

    def __init__(
        self,
        database: Database,
        keys: KeyHolder,
        clock: Clock,
        conversing: Conversing,
        renumbering: Renumbering,
        metrics: VaultMetrics,
        *,
        owner_bytes_max: int,
    ) -> None:
        """`owner_bytes_max`: of what is kept for one person."""
        self._database = database
        self._keys = keys
        self._clock = clock
        self._conversing = conversing
        self._renumbering = renumbering
        self._metrics = metrics
        self._owner_bytes_max = owner_bytes_max

    async def process(self, sender: str, *, is_repeat: bool) -> int:
        """Handle what waits of one sender; how many messages. `is_repeat`: an earlier run of the job did not come to its end, perhaps by
        the message it was at. KeyMissing, StorageUnavailable; and what a message raised that is tried again."""
        handled = 0
        for _ in range(BATCHES_MAX):
            ring = await self._keys.ring()
            try:
                async with self._database.read() as connection:
                    waiting = await inbox.waiting_of(connection, ring, sender)
            except inbox.MessagesBroken as broken:
                await self._give_up_unread(broken.numbers)
                continue
            if not waiting:
                return handled
            for row in waiting:
                await self._process_one(row, count_first=is_repeat and handled == 0)
                handled += 1
        return handled

    async def _process_one(self, row: InboxRow, *, count_first: bool) -> None:
        if count_first and await self._count(row) > TRIES_MAX:
            await self._give_up(row, "KILLED_ITS_WORKER")
            return
        try:
            is_new = await self._conversing.go_on(lambda unit, ring: self._begin(unit, ring, row))
        except Unavailable:
            if count_first:
                # Nothing died of it.
                await self._count(row, -1)
            raise
        except Exception as error:
            tries = row.attempts + 1 if count_first else await self._count(row)
            _log.error(
                "vault_message_failed",
                kind=row.message.content.__class__.__name__,
                error=type(error).__name__,
                tries=tries,
            )
            if tries < TRIES_MAX:
                raise
            await self._give_up(row, type(error).__name__)
            return
        if is_new:
            self._metrics.processed.labels("ok").inc()
            self._metrics.latency_s.observe((self._clock.now_ms() - row.arrived_at_ms) / 1000)

    async def _begin(self, unit: UnitOfWork, ring: KeyRing, row: InboxRow) -> Begun | None:
        if not await inbox.mark_handled(unit.connection, row.number, now_ms=self._clock.now_ms()):
            return None
        message = row.message
        if isinstance(message.content, SystemChange):
            return await self._renumbering.begin(unit, ring, row, message.content)
        identity = (await self._resolve(unit, ring, row)).identity
        file = await self._note_file(unit, ring, identity.id, row)
        event = event_of(message, file_id=file, quota_ok=identity.stored_bytes < self._owner_bytes_max)
        return Begun(identity=identity, events=[event], sent_at_ms=row.sent_at_ms)

    async def _resolve(self, unit: UnitOfWork, ring: KeyRing, row: InboxRow) -> Resolved:
        now_ms = self._clock.now_ms()
        resolved = await identities.resolve(
            unit.connection,
            ring,
            row.message.sender,
            new_id=str(new_object_id(ID_PREFIX, now_ms)),
            phone_number_id=row.phone_number_id,
            sent_at_ms=row.sent_at_ms,
            now_ms=now_ms,
        )
        if resolved.is_new:
            unit.record(owner_event("vault:identity:meet", resolved.identity.id))
        if resolved.displaced is not None:
            # Somebody else has this number now, or the same person came as another one.
            unit.record(owner_event("vault:identity:displace", resolved.displaced))
        return resolved

    async def _note_file(self, unit: UnitOfWork, ring: KeyRing, owner: str, row: InboxRow) -> str | None:
        message = row.message
        content = message.content
        if file_kind(message) is None or not isinstance(content, Media):
            return None
        id_ = file_id(ring, message.id)
        await note_file(
            unit.connection,
            ring,
            id_,
            owner=owner,
            phone_number_id=row.phone_number_id,
            details=FileDetails(
                message_id=message.id,
                media_id=content.id,
                media="document" if content.media == "document" else "image",
                mime_type=content.mime_type,
                sha256=content.sha256,
                caption=content.caption,
                file_name=content.file_name,
            ),
            state="waiting",
            now_ms=self._clock.now_ms(),
        )
        unit.record(owner_event("vault:file:receive", owner))
        return id_

    async def _count(self, row: InboxRow, count: int = 1) -> int:
        async with self._database.begin() as connection:
            return await inbox.count_attempt(connection, row.number, count)

    async def _give_up(self, row: InboxRow, reason: str) -> None:
        """Let the messages after it go on. Its sender is asked to send it again, unless that is what cannot be done."""
        _log.error("vault_message_given_up", reason=reason)
        self._metrics.processed.labels("given_up").inc()
        ring = await self._keys.ring()
        try:
            async with self._database.unit_of_work() as unit:
                if await self._mark_given_up(unit, row.number, reason):
                    await self._ask_again(unit, ring, row)
        except Unavailable:
            raise
        except Exception as error:
            _log.error("vault_sender_not_told", error=type(error).__name__)
            async with self._database.unit_of_work() as unit:
                await self._mark_given_up(unit, row.number, reason)

    async def _give_up_unread(self, numbers: Sequence[int]) -> None:
        """Of messages that were changed nobody knows what they said; those of the same sender go on."""
        _log.error("vault_messages_broken", count=len(numbers))
        self._metrics.processed.labels("given_up").inc(len(numbers))
        async with self._database.unit_of_work() as unit:
            for number in numbers:
                await self._mark_given_up(unit, number, BROKEN)

    async def _mark_given_up(self, unit: UnitOfWork, number: int, reason: str) -> bool:
        if not await inbox.mark_handled(unit.connection, number, now_ms=self._clock.now_ms(), error=reason):
            return False
        unit.record(AuditEvent(actor="system:vault", action="vault:message:give_up", object="vault:inbox"))
        return True

    async def _ask_again(self, unit: UnitOfWork, ring: KeyRing, row: InboxRow) -> None:
        if isinstance(row.message.content, SystemChange):
            return
        identity = (await self._resolve(unit, ring, row)).identity
        body = DeliveryBody(message=TextMessage(body=texts_of(identity.language).repeat_please))
        await enqueue(
            unit,
            ring,
            owner=identity.id,
            phone_number_id=identity.phone_number_id,
            deliveries=[NewDelivery(body=body)],
            now_ms=self._clock.now_ms(),
        )
