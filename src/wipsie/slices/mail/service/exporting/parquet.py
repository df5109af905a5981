"""Mails as one Parquet table: a row each, oldest first, in groups of rows that are small enough to be built in memory.

The table is written by a thread that asks the event loop for the next rows whenever it has room for them, so nothing piles up
between the two.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wipsie.blobs import BlobCorrupt, BlobNotFound, BlobStore
from wipsie.kernel.clock import utc_datetime
from wipsie.kernel.limits import MIB
from wipsie.slices.mail.domain.document import NotADocument
from wipsie.slices.mail.domain.mime.parsed import MailAddress
from wipsie.slices.mail.service.exporting.ahead import read_ahead
from wipsie.slices.mail.service.exporting.exported import Exported
from wipsie.slices.mail.service.stored_mail import StoredMail, read_stored
from wipsie.slices.mail.store.selection import SelectedMail

if TYPE_CHECKING:
    import polars as pl

GROUP_ROWS_MAX = 1_000
GROUP_BYTES_MAX = 64 * MIB
"""Of the documents of one group, unless one alone has more."""
_FRAME_BYTES = 8 * MIB

Rows = Callable[[], AsyncIterable[SelectedMail]]


async def export_parquet(rows: Rows, path: Path, *, blobs: BlobStore, report: Exported | None = None) -> Exported:
    """Write these mails into a file. `rows` gives them, and is called twice: once for their sizes. A mail whose document is
    gone or changed is left out and told in the report. OSError of the file; StorageUnavailable."""
    report = Exported() if report is None else report
    group_rows = await _rows_of_a_group(rows())
    async with aclosing(_records(rows(), blobs, report)) as records:
        pull = _Pull(records, asyncio.get_running_loop(), report)
        writing = asyncio.ensure_future(asyncio.to_thread(_write, pull, path, group_rows))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            # The thread asks once more, and is told.
            pull.stop()
            await asyncio.gather(writing, return_exceptions=True)
            raise
        except Exception as error:
            # The library wraps what its source raises.
            raise (pull.failure or error) from error
    return report


async def _rows_of_a_group(rows: AsyncIterable[SelectedMail]) -> int:
    """The largest number of rows for a group with which no group of these rows is larger than it may be."""
    numbers = [GROUP_ROWS_MAX >> halved for halved in range(GROUP_ROWS_MAX.bit_length())]
    sums = dict.fromkeys(numbers, 0)
    largest = dict.fromkeys(numbers, 0)
    count = 0
    async for row in rows:
        for number in numbers:
            sums[number] = row.size + (0 if count % number == 0 else sums[number])
            largest[number] = max(largest[number], sums[number])
        count += 1
    return next((number for number in numbers if largest[number] <= GROUP_BYTES_MAX), 1)


async def _records(
    rows: AsyncIterable[SelectedMail], blobs: BlobStore, report: Exported
) -> AsyncGenerator[tuple[dict[str, Any], int]]:
    """Each mail as a record of the table, and its size."""

    async def load(row: SelectedMail) -> StoredMail | None:
        try:
            return await read_stored(blobs, row.key, row.size)
        except (BlobNotFound, BlobCorrupt, NotADocument) as error:
            report.refuse(row.key, error)
            return None

    async with aclosing(read_ahead(rows, load, lambda row: row.size)) as mails:
        async for row, stored in mails:
            if stored is not None:
                yield _record(row, stored), len(stored.content)


class _Stopped(Exception):
    """Nobody waits for the table any more."""


class _Pull:
    """Gives frames of rows to the thread that writes, on its demand."""

    def __init__(
        self, records: AsyncIterator[tuple[dict[str, Any], int]], loop: asyncio.AbstractEventLoop, report: Exported
    ) -> None:
        self._records = records
        self._loop = loop
        self._report = report
        self._stopped = False
        self.failure: Exception | None = None

    def stop(self) -> None:
        """Give no more."""
        self._stopped = True

    def frames(self, schema: dict[str, Any]) -> Iterator[pl.DataFrame]:
        """For the thread."""
        import polars as pl

        while records := asyncio.run_coroutine_threadsafe(self._next(), self._loop).result():
            yield pl.DataFrame(records, schema=schema, orient="row")

    async def _next(self) -> list[dict[str, Any]]:
        some: list[dict[str, Any]] = []
        size = 0
        if self._stopped:
            raise _Stopped
        try:
            while size < _FRAME_BYTES and len(some) < GROUP_ROWS_MAX:
                found = await anext(self._records, None)
                if found is None:
                    break
                some.append(found[0])
                size += found[1]
        except Exception as error:
            self.failure = error
            raise
        self._report.mails += len(some)
        self._report.bytes += size
        return some


def _write(pull: _Pull, path: Path, group_rows: int) -> None:
    from polars.io.plugins import register_io_source

    schema = table_schema()

    def source(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        del with_columns, predicate, n_rows, batch_size  # nothing but the whole table is asked for
        yield from pull.frames(schema)

    table = register_io_source(source, schema=schema)
    table.sink_parquet(path, compression="zstd", row_group_size=group_rows, maintain_order=True, sync_on_close="all")


def table_schema() -> dict[str, Any]:
    """The columns of the table, and their types."""
    import polars as pl

    people = pl.List(pl.Struct({"name": pl.String, "address": pl.String}))
    return {
        "id": pl.String,
        "key": pl.String,
        "timestamp": pl.Datetime("ms", "UTC"),
        "subject": pl.String,
        "sender": pl.String,
        "sender_address": pl.String,
        "to": people,
        "cc": people,
        "text": pl.String,
        "attachment_names": pl.List(pl.String),
        "attachment_sizes": pl.List(pl.Int64),
        "attachment_digests": pl.List(pl.String),
        "message_id": pl.String,
        "verdicts": pl.List(pl.Struct({"name": pl.String, "verdict": pl.String})),
    }


def _record(row: SelectedMail, stored: StoredMail) -> dict[str, Any]:
    mail, mime = stored.mail, stored.mail.mime
    attachments = () if mime is None else mime.attachments
    return {
        "id": stored.name.id,
        "key": stored.name.key,
        "timestamp": utc_datetime(mail.timestamp_s * 1000),
        "subject": mail.subject,
        "sender": mail.sender,
        "sender_address": row.sender_address,
        "to": [] if mime is None else _people(mime.to),
        "cc": [] if mime is None else _people(mime.cc),
        "text": mail.content,
        "attachment_names": [one.name for one in attachments],
        "attachment_sizes": [one.size for one in attachments],
        "attachment_digests": [one.sha256 for one in attachments],
        "message_id": None if mime is None else mime.message_id,
        "verdicts": []
        if mime is None
        else [{"name": name, "verdict": verdict} for name, verdict in mime.verdicts.items()],
    }


def _people(addresses: tuple[MailAddress, ...]) -> list[dict[str, str]]:
    return [{"name": one.name, "address": one.address} for one in addresses]
