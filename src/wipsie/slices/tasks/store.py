"""What is remembered about each polled source: its validators, its last body and how the last poll went."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Integer, Table, Text, select

from wipsie.database import Database
from wipsie.database.inserts import conflict_insert
from wipsie.database.metadata import metadata

poll_sources_table = Table(
    "poll_sources",
    metadata,
    # The URL itself may hold a password or a token; its hash identifies the source as well.
    Column("source_key", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("http_status", Integer),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("content_type", Text),
    Column("content_sha256", Text),
    Column("content_bytes", BigInteger),
    Column("blob_key", Text),
    Column("item_count", BigInteger),
    Column("last_poll_time_ms", BigInteger, nullable=False),
    Column("last_changed_ms", BigInteger),
    Column("last_error", Text),
)


class PollSource(msgspec.Struct, frozen=True, kw_only=True):
    """One source as it was after its last poll."""

    source_key: str
    url: str
    """Without credentials."""
    status: str
    """fetched, not_modified or failed."""
    last_poll_time_ms: int
    http_status: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    content_type: str | None = None
    content_sha256: str | None = None
    content_bytes: int | None = None
    blob_key: str | None = None
    item_count: int | None = None
    last_changed_ms: int | None = None
    """When a poll last brought a body with another checksum."""
    last_error: str | None = None


def source_key(url: str) -> str:
    """The key of a source: SHA-256 hex of its URL as the message gave it."""
    return hashlib.sha256(url.encode()).hexdigest()


class PollSourceStore:
    """The table `poll_sources`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key: str) -> PollSource | None:
        """The source of a key, or None if it was never polled."""
        async with self._database.read() as connection:
            found = await connection.execute(select(poll_sources_table).where(poll_sources_table.c.source_key == key))
            row = found.mappings().one_or_none()
        return None if row is None else PollSource(**row)

    async def save(self, source: PollSource) -> None:
        """Write all fields; of two polls at the same time the later one stays."""
        values: dict[str, Any] = msgspec.to_builtins(source)
        statement = conflict_insert(self._database.dialect, poll_sources_table).values(values)
        updates: dict[str, Any] = {name: statement.excluded[name] for name in values if name != "source_key"}
        newer = poll_sources_table.c.last_poll_time_ms <= statement.excluded.last_poll_time_ms
        async with self._database.begin() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["source_key"], set_=updates, where=newer)
            )

    async def recent(self, limit: int = 50) -> list[PollSource]:
        """The sources polled last, newest first."""
        newest = poll_sources_table.c.last_poll_time_ms.desc()
        async with self._database.read() as connection:
            found = await connection.execute(select(poll_sources_table).order_by(newest).limit(limit))
            return [PollSource(**row) for row in found.mappings()]
