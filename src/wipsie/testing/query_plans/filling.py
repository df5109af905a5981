"""A hundred thousand rows in seconds: with few, every plan is a good one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.bulk import bulk_insert

ROWS = 100_000
_CHUNK_ROWS = 5_000


async def fill_table(connection: AsyncConnection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, all with the same columns, in the transaction of `connection`, and let PostgreSQL count what is in the
    table now, as it does by itself after a while. SQLite never counts, so it plans here as it does at work."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK_ROWS)):
        await bulk_insert(connection, table, chunk)
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(f'ANALYZE "{table.name}"')
