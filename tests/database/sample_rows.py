"""Rows for any table, made from what the database says of it: every kind of value, NULL wherever it may stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from schema_shapes import ColumnShape, Schema, TableShape
from sqlalchemy import BigInteger, Boolean, Float, Integer, LargeBinary, Text, column, insert, table
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import TableClause
from sqlalchemy.types import TypeEngine

ROWS = 4
SPECIAL: Mapping[tuple[str, str], Sequence[Any]] = {
    # What is found by its parent is unknown to older code, which would take it for a record: going down forgets it.
    ("search_documents", "parent_id"): (None,),
}
"""By table and column: values to take in turn, for columns that refuse what is made up here."""

_TYPES: Mapping[str, type[TypeEngine[Any]]] = {
    "TEXT": Text,
    "INTEGER": Integer,
    "BIGINT": BigInteger,
    "FLOAT": Float,
    "DOUBLE PRECISION": Float,
    "BOOLEAN": Boolean,
    "BLOB": LargeBinary,
    "BYTEA": LargeBinary,
}
_ONE_OF = re.compile(r"'((?:[^']|'')*)'")


def as_table(name: str, shape: TableShape, columns: Sequence[ColumnShape] | None = None) -> TableClause:
    """To build statements with, for exactly these columns, as code of that time would send them."""
    return table(name, *(column(one.name, _type(name, one)) for one in columns or shape.written))


def sample_rows(schema: Schema, name: str, *, count: int = ROWS, start: int = 0) -> list[dict[str, Any]]:
    """Rows with a value for every column that code writes; every second one has NULL where it may."""
    shape = schema.tables[name]
    return [
        {one.name: _value(schema, name, one, number) for one in shape.written} for number in range(start, start + count)
    ]


async def fill(connection: AsyncConnection, schema: Schema) -> None:
    """Put sample rows into every table."""
    for name in in_order(schema):
        try:
            await connection.execute(insert(as_table(name, schema.tables[name])), sample_rows(schema, name))
        except Exception as error:
            error.add_note(f"The sample rows of {name} do not fit; say in SPECIAL of this file which values do.")
            raise


def in_order(schema: Schema) -> list[str]:
    """The tables, those that others refer to first."""
    ordered: list[str] = []

    def take(name: str) -> None:
        if name not in ordered:
            for _, other, _ in schema.tables[name].foreign_keys:
                if other != name:
                    take(other)
            ordered.append(name)

    for name in schema.tables:
        take(name)
    return ordered


def _type(name: str, one: ColumnShape) -> TypeEngine[Any]:
    try:
        return _TYPES[one.type.upper()]()
    except KeyError:
        raise AssertionError(
            f"{name}.{one.name} is {one.type}; say in _TYPES of this file how that is written."
        ) from None


def _value(schema: Schema, name: str, one: ColumnShape, number: int) -> Any:
    shape = schema.tables[name]
    if one.nullable and number % 2:
        return None
    if (special := SPECIAL.get((name, one.name))) is not None:
        return special[number % len(special)]
    for column_name, other, other_column in shape.foreign_keys:
        if column_name == one.name:
            referred = schema.tables[other].column(other_column)
            assert referred is not None
            return _value(schema, other, referred, number)
    if (choices := _choices(shape, one.name)) is not None:
        return choices[number % len(choices)]
    kind = _type(name, one)
    if isinstance(kind, Text):
        return f"{one.name} {number}: Ünï ☂ 'quoted' \"twice\" \\ \t{'x' * (number % 7)}"
    if isinstance(kind, LargeBinary):
        return bytes(range(256)) + number.to_bytes(4, "big")
    if isinstance(kind, Boolean):
        return number % 4 < 2
    if isinstance(kind, Float):
        return 0.1 + number / 3
    return (2**53 if isinstance(kind, BigInteger) else 2**20) + number


def _choices(shape: TableShape, column_name: str) -> list[str] | None:
    """What a check allows in a column, when it is a list."""
    for name, text in shape.rules.items():
        named = re.search(rf"\b{column_name}\b", text)
        if named and ("check" in name.lower() or text.upper().startswith("CHECK")) and re.search(r"\bIN\b|ANY", text):
            return [word.replace("''", "'") for word in _ONE_OF.findall(text)]
    return None
