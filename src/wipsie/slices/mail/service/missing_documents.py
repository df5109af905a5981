"""Finds mails of the index whose documents are gone, day by day: memory holds the keys of one day, however many mails there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime

from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.slices.mail.domain.archive_key import FOLDER, TIMESTAMP_S_MAX, number_from
from wipsie.slices.mail.store import census
from wipsie.slices.mail.store.census import IndexedDocument
from wipsie.slices.mail.store.portions import portions

DAY_S = 86_400
_PAGE = 256
_AT_ONCE = 8


async def missing_documents(
    database: Database, blobs: BlobStore, *, is_whole: Callable[[int, int], bool] = lambda day, rows: False
) -> AsyncGenerator[IndexedDocument]:
    """The mails, by number. Each was in the index, and its document was not in the store when it was asked for after that. Days
    for which `is_whole(day since 1970, mails of it)` are passed over. StorageUnavailable."""
    day = 0
    while day * DAY_S <= TIMESTAMP_S_MAX:
        async with database.read() as connection:
            timestamp_s = await census.next_timestamp_s(connection, number_from(day * DAY_S) - 1)
            if timestamp_s is None:
                return
            day = max(day, timestamp_s // DAY_S)
            after, last = number_from(day * DAY_S) - 1, number_from((day + 1) * DAY_S) - 1
            # The largest number of all is the largest a database has.
            last = min(last, number_from(TIMESTAMP_S_MAX + 1) - 1)
            rows = await census.count_between(connection, after, last)
        if not is_whole(day, rows):
            async for one in _of_day(database, blobs, day, after, last):
                yield one
        day += 1


async def _of_day(
    database: Database, blobs: BlobStore, day: int, after: int, last: int
) -> AsyncGenerator[IndexedDocument]:
    prefix = f"{FOLDER}/{datetime.fromtimestamp(day * DAY_S, UTC).strftime('%Y/%m/%d')}"
    there = {key async for key, _ in blobs.walk(prefix)}
    while True:
        async with database.read() as connection:
            page = await census.page_of_documents(connection, after, last, _PAGE)
        for some in portions([one for one in page if one.key not in there], _AT_ONCE):
            # What was stored since the listing is there.
            found = await asyncio.gather(*(blobs.exists(one.key) for one in some))
            for one, is_there in zip(some, found, strict=True):
                if not is_there:
                    yield one
        if len(page) < _PAGE:
            return
        after = page[-1].number
