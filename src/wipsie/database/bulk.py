"""Many rows in one statement with one parameter.

The rows travel as one JSON text and the database takes it apart. The driver steps once, in C, with the interpreter lock
free, where `executemany` takes the lock for every row: a writer that stores results must not slow the event loop that
produces them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Column, Dialect, LargeBinary, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.kernel import json


async def bulk_insert(
    connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]], *, ignore_conflicts: bool = False
) -> None:
    """Insert `rows` into `table` in the transaction of `connection`; one statement, whatever their number.

    All rows have the same keys, which are column names; ValueError otherwise. A column no row names gets its constant
    Python default, its server default, or NULL. With `ignore_conflicts` rows that exist already are left as they are.
    Tables with binary columns are refused (ValueError): JSON cannot carry bytes.
    """
    if not rows:
        return
    names = list(rows[0])
    columns = [_column(table, name) for name in names]
    for default_name, value in _constant_defaults(table):
        if default_name not in rows[0]:
            rows = [{**row, default_name: value} for row in rows]
            names.append(default_name)
            columns.append(table.c[default_name])
    width = len(names)
    for row in rows:
        if len(row) != width:
            raise ValueError(f"Rows for {table.name} differ in their keys; give every row the same ones.")
    dialect = connection.dialect
    statement = _statement(table, tuple(names), dialect.name, ignore_conflicts)
    try:
        if dialect.name == "postgresql":
            parameter = _records(rows, names)
        else:
            parameter = _arrays(rows, names, columns, dialect)
    except KeyError as missing:
        raise ValueError(f"Rows for {table.name} differ in their keys; one has no {missing}.") from None
    await connection.exec_driver_sql(statement, (parameter,))


def _arrays(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], columns: Sequence[Column[Any]], dialect: Dialect
) -> str:
    processors = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    if any(processors):
        pairs = list(zip(names, processors, strict=True))
        values = [[row[name] if process is None else process(row[name]) for name, process in pairs] for row in rows]
    else:
        values = [[row[name] for name in names] for row in rows]
    return json.encode_text(values)


def _records(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    # PostgreSQL reads times, decimals and JSON out of JSON by itself, by the types the statement names.
    return json.encode_text([{name: row[name] for name in names} for row in rows])


def _column(table: Table, name: str) -> Column[Any]:
    column = table.c.get(name)
    if column is None:
        raise ValueError(f"Table {table.name} has no column '{name}'.")
    if isinstance(column.type, LargeBinary):
        raise ValueError(f"Column '{name}' of {table.name} is binary; insert its rows with connection.execute.")
    return column


def _constant_defaults(table: Table) -> list[tuple[str, Any]]:
    return [
        (column.name, column.default.arg)  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
        for column in table.columns
        if column.default is not None and column.default.is_scalar
    ]


@lru_cache(maxsize=256)
def _statement(table: Table, names: tuple[str, ...], dialect: str, ignore_conflicts: bool) -> str:
    # The names in these texts come from Table objects, never from callers' data.
    quoted = [f'"{name}"' for name in names]
    target = f'INSERT INTO "{table.name}" ({", ".join(quoted)})'
    # WHERE true: without it SQLite reads ON CONFLICT as the condition of a join.
    tail = " WHERE true ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        typed = ", ".join(
            f"{quoted[index]} {_record_type(table.c[name], postgresql.dialect())}" for index, name in enumerate(names)
        )
        return f"{target} SELECT {', '.join(quoted)} FROM jsonb_to_recordset($1::jsonb) AS r({typed}){tail}"  # noqa: S608
    fields = ", ".join(f"value ->> {index}" for index in range(len(names)))
    return f"{target} SELECT {fields} FROM json_each(?){tail}"  # noqa: S608


def _record_type(column: Column[Any], dialect: Dialect) -> str:
    if isinstance(column.type, JSON):
        return "jsonb"
    return column.type.compile(dialect)
