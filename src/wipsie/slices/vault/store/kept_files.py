"""Files as parts of reports: which became one, what can be read in them, and their end."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing
from wipsie.slices.vault.store.columns import open_column, seal_column
from wipsie.slices.vault.store.files import FileDetails
from wipsie.slices.vault.store.tables import files_table

_FILES = files_table.c
_NOBODYS = FileDetails(message_id="", media_id="", media="document")


class FileText(msgspec.Struct, frozen=True):
    """What `vault_files.reading` holds for the search, whatever else it holds."""

    text: str = ""


async def texts_of(connection: AsyncConnection, ring: KeyRing, files: Sequence[str]) -> list[str]:
    """What could be read in these files, in this order; '' where nothing could."""
    found = await connection.execute(select(_FILES.id, _FILES.reading).where(_FILES.id.in_(files)))
    sealed = {row.id: row.reading for row in found}
    return [
        "" if (one := sealed.get(id_)) is None else open_column(ring, one, FileText, _FILES.reading, id_).text
        for id_ in files
    ]


async def mark_saved(connection: AsyncConnection, owner: str, files: Sequence[str], *, now_ms: int) -> bool:
    """These staged files of the owner are a report's from now on. False when one of them is not staged any more, or not theirs."""
    changed = await connection.execute(
        update(files_table)
        .where(_FILES.id.in_(files), _FILES.owner == owner, _FILES.state == "staged")
        .values(state="saved", updated_at_ms=now_ms)
    )
    return changed.rowcount == len(files)


async def unwanted_files(connection: AsyncConnection, *, before_ms: int, count_max: int) -> list[str]:
    """Files that were refused or discarded before `before_ms`, and still have their names."""
    found = await connection.execute(
        select(_FILES.id)
        .where(_FILES.state.in_(("refused", "discarded")), _FILES.updated_at_ms < before_ms)
        .order_by(_FILES.updated_at_ms)
        .limit(count_max)
    )
    return list(found.scalars())


async def bury_files(
    connection: AsyncConnection, ring: KeyRing, condition: ColumnElement[bool], *, now_ms: int
) -> list[str]:
    """Leave nothing of these files but that they were; ids of those that were not erased before."""
    found = await connection.execute(select(_FILES.id).where(condition, _FILES.state != "erased"))
    buried = list(found.scalars())
    for id_ in buried:
        await connection.execute(
            update(files_table)
            .where(_FILES.id == id_)
            .values(
                state="erased",
                # Its row still reads like any other: nobody stumbles over it.
                details=seal_column(ring, _NOBODYS, _FILES.details, id_),
                reading=None,
                content_token=None,
                reason=None,
                updated_at_ms=now_ms,
            )
        )
    return buried


def of_owner(owner: str) -> ColumnElement[bool]:
    """All files of an owner."""
    return _FILES.owner == owner


def of_ids(ids: Collection[str]) -> ColumnElement[bool]:
    """These files."""
    return _FILES.id.in_(ids)
