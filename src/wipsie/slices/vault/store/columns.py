"""Sealed columns: a struct or a text that opens in its own row and column, with the key ring, and nowhere else."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from sqlalchemy import Column

from wipsie.blobs.sealing import KeyRing, Place, SealBroken, open_value, reseal_value, seal_value

PURPOSE = "vault"

Content = TypeVar("Content")


def seal_column(ring: KeyRing, content: object, column: Column[Any], row_id: str) -> bytes:
    """A struct, or anything else msgspec writes as JSON, for `column` of the row `row_id`. InvalidInput when it is over 4 MiB."""
    return seal_value(ring, msgspec.json.encode(content), place_of(column, row_id), purpose=PURPOSE)


def open_column(ring: KeyRing, sealed: bytes, content_type: type[Content], column: Column[Any], row_id: str) -> Content:
    """What was sealed. SealBroken when it was changed, or belongs elsewhere; KeyMissing."""
    place = place_of(column, row_id)
    value = open_value(ring, sealed, place, purpose=PURPOSE)
    try:
        return msgspec.json.decode(value, type=content_type)
    except (msgspec.DecodeError, UnicodeError):
        # Its text would quote what nobody may read in a log.
        raise SealBroken(
            "A sealed value is of a form that is not known; a newer Wipsie wrote it, or its row is damaged.",
            details={"table": place.table, "row_id": place.row_id, "column": place.column},
        ) from None


def check_column(ring: KeyRing, sealed: bytes, column: Column[Any], row_id: str) -> None:
    """SealBroken when a value was changed, or belongs elsewhere; KeyMissing."""
    open_value(ring, sealed, place_of(column, row_id), purpose=PURPOSE)


def reseal_column(ring: KeyRing, sealed: bytes, column: Column[Any], row_id: str) -> bytes:
    """The same under the key in use. SealBroken, KeyMissing."""
    return reseal_value(ring, sealed, place_of(column, row_id), purpose=PURPOSE)


def place_of(column: Column[Any], row_id: str) -> Place:
    """Where a value stands. `row_id`: what names the row for good; never a number that the database gave."""
    return Place(str(column.table.name), row_id, column.name)
