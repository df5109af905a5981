"""Sealed objects: where each lies, and the key that opens it, for as long as somebody may.

staging/{owner}/{object} ──(its report is saved)──► vault/{owner}/{year}/{object} ──(erased: its key is gone)──► bytes removed
exports/{owner}/{object} ───────────────────────────────────────────────────────────────┘

An object's id is the only thing that its bytes are bound to: they are copied as they are. Rows stay when the bytes are gone, and say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import Sealed, WrappedKey
from wipsie.slices.vault.store.tables import objects_table

STAGING_FOLDER = "staging"
VAULT_FOLDER = "vault"
EXPORTS_FOLDER = "exports"
OBJECT_PREFIX = "obj"
ObjectRole = Literal["original", "thumbnail", "export"]

_OBJECTS = objects_table.c


class StoredObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object that opens."""

    id: str
    owner: str
    file: str | None
    role: ObjectRole
    object_key: str
    wrapped: WrappedKey
    size: int
    sealed_size: int
    sealed_sha256: str
    media_type: str
    created_at_ms: int


class ErasedObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object nobody opens any more, whose bytes are still to be removed."""

    id: str
    keys: tuple[str, ...]
    """Where its bytes may be."""


def staging_key(owner: str, object_id: str) -> str:
    """Where an object lies that no report has yet."""
    return f"{STAGING_FOLDER}/{owner}/{object_id}"


def vault_key(owner: str, object_id: str, created_at_ms: int) -> str:
    """Where the object of a saved report lies: the same place at every attempt to save it."""
    return f"{VAULT_FOLDER}/{owner}/{datetime.fromtimestamp(created_at_ms / 1000, UTC).year:04}/{object_id}"


def export_key(owner: str, object_id: str) -> str:
    """Where the archive of an owner lies."""
    return f"{EXPORTS_FOLDER}/{owner}/{object_id}"


async def add_object(
    connection: AsyncConnection,
    sealed: Sealed,
    *,
    owner: str,
    file: str | None,
    role: ObjectRole,
    media_type: str,
    now_ms: int,
) -> None:
    """Keep the key of an object that was stored: only from now on it opens."""
    info = sealed.info
    await connection.execute(
        insert(objects_table).values(
            id=info.object_id,
            owner=owner,
            file=file,
            role=role,
            object_key=info.key,
            wrapped_key=sealed.wrapped.encode(),
            kek_id=sealed.wrapped.kek_id,
            size=info.size,
            sealed_size=info.sealed_size,
            sealed_sha256=info.sealed_sha256,
            media_type=media_type,
            created_at_ms=now_ms,
        )
    )


async def objects_of_files(
    connection: AsyncConnection, files: Sequence[str], *, role: ObjectRole | None = None
) -> list[StoredObject]:
    """Objects of these files that open, the files in this order. SealBroken for a row that was damaged."""
    wanted = select(objects_table).where(_OBJECTS.file.in_(files), _OBJECTS.wrapped_key.is_not(None))
    if role is not None:
        wanted = wanted.where(_OBJECTS.role == role)
    found = [_stored(row) for row in await connection.execute(wanted.order_by(_OBJECTS.id))]
    place = {file: at for at, file in enumerate(files)}
    return sorted(found, key=lambda one: place[one.file or ""])


async def object_of(connection: AsyncConnection, object_id: str) -> StoredObject | None:
    """The object of this id, as long as it opens. SealBroken for a row that was damaged."""
    wanted = select(objects_table).where(_OBJECTS.id == object_id, _OBJECTS.wrapped_key.is_not(None))
    row = (await connection.execute(wanted)).one_or_none()
    return None if row is None else _stored(row)


async def exports_of(connection: AsyncConnection, owner: str) -> list[str]:
    """Ids of archives of this owner that open."""
    found = await connection.execute(
        select(_OBJECTS.id).where(_OBJECTS.owner == owner, _OBJECTS.role == "export", _OBJECTS.wrapped_key.is_not(None))
    )
    return list(found.scalars())


async def move_object(connection: AsyncConnection, object_id: str, object_key: str) -> bool:
    """The object lies under this key from now on, to which its bytes were copied. False when it was erased meanwhile."""
    changed = await connection.execute(
        update(objects_table)
        .where(_OBJECTS.id == object_id, _OBJECTS.wrapped_key.is_not(None))
        .values(object_key=object_key)
    )
    return changed.rowcount > 0


async def erase_objects(connection: AsyncConnection, condition: ColumnElement[bool], *, now_ms: int) -> int:
    """Destroy the keys of objects; how many had one. Their bytes are noise from the commit on."""
    changed = await connection.execute(
        update(objects_table)
        .where(condition, _OBJECTS.wrapped_key.is_not(None))
        .values(wrapped_key=None, kek_id=None, erased_at_ms=now_ms)
    )
    return changed.rowcount


async def objects_to_remove(connection: AsyncConnection, *, count_max: int, after_id: str = "") -> list[ErasedObject]:
    """Erased objects whose bytes are still to be removed, in the order of their ids."""
    found = await connection.execute(
        select(_OBJECTS.id, _OBJECTS.owner, _OBJECTS.role, _OBJECTS.object_key, _OBJECTS.created_at_ms)
        .where(_OBJECTS.erased_at_ms.is_not(None), _OBJECTS.removed_at_ms.is_(None), _OBJECTS.id > after_id)
        .order_by(_OBJECTS.id)
        .limit(count_max)
    )
    return [ErasedObject(id=row.id, keys=_keys(row)) for row in found]


async def mark_removed(connection: AsyncConnection, object_ids: Sequence[str], *, now_ms: int) -> None:
    """The bytes of these are gone from the store."""
    await connection.execute(
        update(objects_table)
        .where(_OBJECTS.id.in_(object_ids), _OBJECTS.removed_at_ms.is_(None))
        .values(removed_at_ms=now_ms)
    )


def _keys(row: Any) -> tuple[str, ...]:
    if row.role == "export":
        return (row.object_key,)
    # A save that did not come to its commit left a copy; one that did may have left what it was copied from.
    places = (row.object_key, staging_key(row.owner, row.id), vault_key(row.owner, row.id, row.created_at_ms))
    return tuple(dict.fromkeys(places))


def _stored(row: Any) -> StoredObject:
    return StoredObject(
        wrapped=WrappedKey.decode(bytes(row.wrapped_key)),
        **{name: getattr(row, name) for name in StoredObject.__struct_fields__ if name != "wrapped"},
    )
