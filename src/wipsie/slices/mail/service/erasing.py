"""The end of mails: by hand, when a person is erased, or when their time is over.

The rows go first, in one commit that notes the objects; the objects go next, and again until they are gone. What other mails
have too (an attachment, the same original) stays. A mail that is held stays whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import Clock, iso_utc
from wipsie.kernel.errors import StorageUnavailable
from wipsie.slices.mail.domain.arrival import INCOMING_FOLDER, raw_key
from wipsie.slices.mail.domain.document import attachment_key
from wipsie.slices.mail.store import erasures, index
from wipsie.slices.mail.store.erasures import Erasure
from wipsie.slices.mail.store.portions import PORTION_MAX
from wipsie.slices.mail.store.rules import forget_hits
from wipsie.slices.mail.store.tables import mails_table

ROWS_MAX = PORTION_MAX
"""Mails in one commit."""
SWEEPS_MAX = 200
CLAIM_MS = 600_000
"""Whoever carries an erasure out has it alone so long, and stops at half of it."""
AWAY_MS = 60_000
"""When removing fails for so long without a success, it is the store and not an object: the rest waits for the next time."""
INCOMING_KEPT_S = 90 * 86_400
"""A message lives for 14 days in a queue and as long again with each time it is a dead letter or is sent back."""
_MAILS = mails_table.c


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long mails are kept."""

    age_s: float | None = None
    """Since they were archived; None for ever."""
    count: int | None = None
    """The so many that were archived last; None for all."""


class CarriedOut(msgspec.Struct, frozen=True, kw_only=True):
    """What became of several erasures."""

    count: int
    """Those whose objects are gone; somebody else may have carried out others."""
    failure: StorageUnavailable | None = None
    """Of the last one that did not work."""
    is_away: bool = False
    """Not all were tried."""


class MailEraser:
    """One per process."""

    def __init__(self, database: Database, blobs: BlobStore, clock: Clock, retention: Retention) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._retention = retention

    async def erase_rows(self, connection: AsyncConnection, numbers: Sequence[int]) -> list[Erasure]:
        """In the caller's transaction: mails leave the index, but for those that are held or gone; what is left to remove of each.
        `carry_out` does that, from after the commit on; `sweep` for whoever does not come to it."""
        rows = (
            await connection.execute(
                # Nobody holds one, or brings a copy of it, while it goes.
                select(_MAILS.number, _MAILS.id, _MAILS.object_key)
                .where(_MAILS.number.in_(numbers), _MAILS.held_by.is_(None))
                .order_by(_MAILS.number)
                .with_for_update()
            )
        ).all()
        await forget_hits(connection, [row.id for row in rows])
        noted = await erasures.note(
            connection, {row.number: row.object_key for row in rows}, now_ms=self._clock.now_ms()
        )
        await index.remove(connection, [row.number for row in rows])
        return noted

    async def upkeep(self) -> None:
        """Erase mails whose time is over, remove the objects of all that were erased, and what arrivals left behind.
        StorageUnavailable, once everything was tried."""
        await self.retire()
        try:
            await self.sweep()
        finally:
            # An object that cannot be removed is no reason to keep others.
            await self.tidy_incoming()

    async def retire(self) -> int:
        """Erase the rows of mails whose time is over; how many."""
        condition = await self._overdue()
        total = 0
        while condition is not None:
            async with self._database.unit_of_work() as unit:
                wanted = select(_MAILS.number).where(condition, _MAILS.held_by.is_(None)).limit(ROWS_MAX)
                numbers = [row[0] for row in await unit.connection.execute(wanted)]
                count = len(await self.erase_rows(unit.connection, numbers))
                if count:
                    unit.record(
                        AuditEvent(
                            actor="system:retention",
                            action="mail:mail:retire",
                            object="mail:overdue",
                            facts={"count": count},
                        )
                    )
            total += count
            if len(numbers) < ROWS_MAX:
                break
        return total

    async def _overdue(self) -> ColumnElement[bool] | None:
        """The condition of mails whose time is over; None when none has an end."""
        over: list[ColumnElement[bool]] = []
        if self._retention.age_s is not None:
            # What a mail says of its time is its sender's to write: a wrong clock must not end it.
            over.append(_MAILS.indexed_at_ms < int((self._clock.now() - self._retention.age_s) * 1000))
        if self._retention.count is not None:
            wanted = select(_MAILS.indexed_at_ms, _MAILS.number)
            newest_first = wanted.order_by(_MAILS.indexed_at_ms.desc(), _MAILS.number.desc())
            async with self._database.read() as connection:
                last_kept = (await connection.execute(newest_first.offset(self._retention.count - 1).limit(1))).first()
            if last_kept is not None:
                indexed_at_ms, number = last_kept
                is_same = _MAILS.indexed_at_ms == indexed_at_ms
                over.append(or_(_MAILS.indexed_at_ms < indexed_at_ms, is_same & (_MAILS.number < number)))
        return or_(*over) if over else None

    async def sweep(self) -> int:
        """Remove the objects of erased mails; of how many. StorageUnavailable, once all were tried: some wait for the next time."""
        began_ms = self._clock.now_ms()
        total, failure = 0, None
        for _ in range(SWEEPS_MAX):
            async with self._database.read() as connection:
                # Each once: one that fails was tried after the beginning.
                found = await erasures.pending(connection, now_ms=began_ms, limit=ROWS_MAX)
            done = await self.carry_out_all(found)
            total += done.count
            failure = done.failure or failure
            if len(found) < ROWS_MAX or not done.count or done.is_away:
                break
        async with self._database.begin() as connection:
            await erasures.prune(connection, now_ms=self._clock.now_ms(), limit=ROWS_MAX)
        if failure is not None:
            raise failure
        return total

    async def carry_out_all(self, erasure_ids: Sequence[str]) -> CarriedOut:
        """`carry_out` each, whatever becomes of the others, until the store seems to be away. What is not carried out is for the
        upkeep."""
        count, failure, failing_since_ms = 0, None, 0
        for erasure_id in erasure_ids:
            now_ms = self._clock.now_ms()
            failing_since_ms = failing_since_ms or now_ms
            if now_ms - failing_since_ms > AWAY_MS:
                return CarriedOut(count=count, failure=failure, is_away=True)
            try:
                count += await self.carry_out(erasure_id)
                failing_since_ms = 0
            except StorageUnavailable as error:
                failure = error
        return CarriedOut(count=count, failure=failure)

    async def carry_out(self, erasure_id: str) -> bool:
        """Remove the objects of one erased mail; False when somebody else does, or did. StorageUnavailable."""
        until_ms = self._clock.now_ms() + CLAIM_MS
        async with self._database.begin() as connection:
            erasure = await erasures.claim(connection, erasure_id, now_ms=self._clock.now_ms(), until_ms=until_ms)
        if erasure is None:
            return False
        try:
            async with self._database.read() as connection:
                # Whoever wrote a mail before the claim is seen here, and from the claim on nobody writes one with these files.
                used, document_is_used = await erasures.still_used(connection, erasure)
            keys = [attachment_key(one) for one in erasure.attachments if one not in used]
            keys += [raw_key(one) for one in erasure.raws if one not in used]
            # The document last: as long as it is there, the rest can be found again.
            for key in keys if document_is_used else (*keys, erasure.object_key):
                if self._clock.now_ms() > until_ms - CLAIM_MS // 2:
                    raise StorageUnavailable("Removing the objects of a mail takes long; it goes on later.")
                await self._blobs.delete(key)
        except StorageUnavailable:
            async with self._database.begin() as connection:
                await erasures.give_up(connection, erasure.id, now_ms=self._clock.now_ms())
            raise
        async with self._database.begin() as connection:
            await erasures.done(connection, erasure.id, now_ms=self._clock.now_ms())
        return True

    async def tidy_incoming(self) -> int:
        """Remove bytes of mails whose messages cannot be anywhere any more; how many."""
        before = iso_utc(self._clock.now() - INCOMING_KEPT_S)[:10]
        total = 0
        async for key, _ in self._blobs.walk(INCOMING_FOLDER):
            if key.removeprefix(f"{INCOMING_FOLDER}/")[:10] < before:
                total += await self._blobs.delete(key)
        return total
