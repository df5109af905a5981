"""Many rows in few statements: the way rows are written in numbers.

On SQLite the rows go as ``INSERT … VALUES (…), (…), …``. One statement is one step of the driver, with the interpreter
lock free, where `executemany` takes and gives the lock for every row and waits for it behind a busy event loop.

On PostgreSQL they go as one COPY, see `wipsie.database.copying_connection`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.ext.asyncio import AsyncConnection

_ROWS_MAX = 128
"""Chunks are powers of two up to this: eight statements per table, which the driver keeps compiled."""
_PARAMETERS_MAX = 32_000
"""SQLite takes 32,766 parameters in one statement."""


async def bulk_insert(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows` into `table`, in order, in the transaction of `connection`.

    All rows have the same keys, which are column names; ValueError otherwise. A column no row names gets its constant
    Python default, its server default, or NULL.
    """
    if not rows:
        return
    dialect = connection.dialect
    names = tuple(rows[0])
    columns = [_column(table, name) for name in names]
    constants = _constant_defaults(table, names)
    processors = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    all_names = names + tuple(name for name, _ in constants)
    constant_values = [value for _, value in constants]
    start = 0
    for size in _chunk_sizes(len(rows), len(all_names)) if dialect.name == "sqlite" else (len(rows),):
        parameters: list[Any] = []
        for row in rows[start : start + size]:
            if len(row) != len(names):
                raise ValueError(f"Rows for {table.name} differ in their keys; give every row the same ones.")
            try:
                values = [row[name] for name in names]
            except KeyError as missing:
                raise ValueError(f"Rows for {table.name} differ in their keys; one has no {missing}.") from None
            parameters += values
            parameters += constant_values
        _convert(parameters, processors, len(all_names))
        if dialect.name == "sqlite":
            await connection.exec_driver_sql(_statement(table.name, all_names, size), tuple(parameters))
        else:
            width = len(all_names)
            await copy_in(connection, table.name, all_names, list(zip(*[iter(parameters)] * width, strict=True)))
        start += size


async def copy_in(
    connection: AsyncConnection, table_name: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert `rows`, in order, into a PostgreSQL table, in the transaction of `connection`. The values go to the driver as
    they are; columns not named get their server default or NULL."""
    from wipsie.database.copying_connection import copy_statement

    await connection.exec_driver_sql(copy_statement(table_name, columns), (rows,))


def _convert(parameters: list[Any], processors: Sequence[Any], width: int) -> None:
    # By column, and only columns whose type needs it: most hold text and numbers, which go as they are.
    for index, process in enumerate(processors):
        if process is not None:
            parameters[index::width] = [process(value) for value in parameters[index::width]]


def _chunk_sizes(rows: int, width: int) -> Iterator[int]:
    size = _ROWS_MAX
    while size * width > _PARAMETERS_MAX:
        size //= 2
    while rows:
        while size > rows:
            size //= 2
        yield size
        rows -= size


def _column(table: Table, name: str) -> Column[Any]:
    column = table.c.get(name)
    if column is None:
        raise ValueError(f"Table {table.name} has no column '{name}'.")
    return column


def _constant_defaults(table: Table, names: Sequence[str]) -> list[tuple[str, Any]]:
    return [
        (column.name, column.default.arg)  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
        for column in table.columns
        if column.name not in names and column.default is not None and column.default.is_scalar
    ]


@lru_cache(maxsize=512)
def _statement(table_name: str, names: tuple[str, ...], rows: int) -> str:
    # The names come from Table objects, never from data.
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join([f"({', '.join('?' * len(names))})"] * rows)
    return f'INSERT INTO "{table_name}" ({columns}) VALUES {values}'  # noqa: S608  see above
