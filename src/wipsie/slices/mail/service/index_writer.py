"""Writes to the index what all handlers of a process have ready at one moment, in one commit; whoever comes meanwhile is in the
next. A mail that cannot be written fails alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from sqlalchemy.exc import IntegrityError

from wipsie.database import Database
from wipsie.database.unit_of_work import UnitOfWork
from wipsie.kernel.errors import StorageUnavailable
from wipsie.slices.mail.store import census, index
from wipsie.slices.mail.store.entries import Arrival, Entry
from wipsie.slices.mail.store.index import Added, Replaced

BATCH_MAX = 128
_TRIES = 3

Hook = Callable[[UnitOfWork, Sequence[tuple[Entry, Added]]], Awaitable[None]]
"""Does what belongs into the same commit, for mails that are new."""


class StillErasing(Exception):
    """Objects of this mail are about to be erased, or were since they were stored: store them again after a while."""


class _Item(msgspec.Struct, frozen=True, eq=False):
    entry: Entry
    arrival: Arrival | None
    stored_since_ms: int
    future: asyncio.Future[Added]


class IndexWriter:
    """One per process."""

    def __init__(self, database: Database, *, on_new: Hook | None = None) -> None:
        self._database = database
        self._on_new = on_new
        self._waiting: list[_Item] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, entry: Entry, arrival: Arrival | None, *, stored_since_ms: int) -> Added:
        """Returns once it is committed; its objects were stored since then. StillErasing; StorageUnavailable: it may or may not be
        committed, and may be added again."""
        future: asyncio.Future[Added] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Item(entry, arrival, stored_since_ms, future))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all(), name="mail-index")
        return await future

    async def find_arrival(self, message_id: str) -> str | None:
        """The key of the mail a message brought, if it is in the index. StorageUnavailable."""
        async with self._database.read() as connection:
            return await index.find_arrival(connection, message_id)

    async def find_timestamp_s(self, raw_sha256: str) -> int | None:
        """The time of a mail with this original, if there is one. StorageUnavailable."""
        async with self._database.read() as connection:
            return await index.find_timestamp_s(connection, raw_sha256)

    async def knows(self, key: str) -> bool:
        """Whether the index has the mail of a document. StorageUnavailable."""
        async with self._database.read() as connection:
            return bool(await census.known_documents(connection, [key]))

    async def replace(self, entry: Entry, *, stored_since_ms: int) -> Replaced:
        """Write anew what the index says of a mail whose objects were stored anew since then; written, or gone. StillErasing;
        StorageUnavailable."""
        async with self._database.unit_of_work() as unit:
            now_ms = self._database.clock.now_ms()
            replaced = await index.replace(unit.connection, entry, stored_since_ms=stored_since_ms, now_ms=now_ms)
        if replaced.outcome == "erasing":
            raise StillErasing("Objects of this mail are being erased.")
        return replaced

    async def stop(self) -> None:
        """Wait until everything that was added is written, or failed."""
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)

    async def _write_all(self) -> None:
        while self._waiting:
            # Those who left would only make the batch larger.
            batch = [one for one in self._waiting[:BATCH_MAX] if not one.future.done()]
            del self._waiting[:BATCH_MAX]
            if batch:
                await self._write(batch)

    async def _write(self, batch: Sequence[_Item]) -> None:
        try:
            added = await self._commit(batch)
        except Exception as error:
            # Which of them it was shows when each is alone; a store that is away is away for all.
            if len(batch) > 1 and not isinstance(error, StorageUnavailable):
                for one in batch:
                    await self._write([one])
                return
            for item in batch:
                if not item.future.done():
                    item.future.set_exception(error)
            return
        for item, one in zip(batch, added, strict=True):
            if item.future.done():
                continue
            if one is None:
                item.future.set_exception(StillErasing("Objects of this mail are being erased."))
            else:
                item.future.set_result(one)

    async def _commit(self, batch: Sequence[_Item]) -> list[Added | None]:
        items = [(item.entry, item.arrival) for item in batch]
        stored_since_ms = min(item.stored_since_ms for item in batch)
        for left in reversed(range(_TRIES)):
            try:
                async with self._database.unit_of_work() as unit:
                    now_ms = self._database.clock.now_ms()
                    added = await index.add(unit.connection, items, now_ms=now_ms, stored_since_ms=stored_since_ms)
                    fresh = [
                        (item.entry, one)
                        for item, one in zip(batch, added, strict=True)
                        if one is not None and one.is_new
                    ]
                    if self._on_new is not None and fresh:
                        await self._on_new(unit, fresh)
                return added
            except IntegrityError:
                # Another process wrote the same mail at the same moment: now it is there to be seen.
                if not left:
                    raise
        raise AssertionError("unreachable")
