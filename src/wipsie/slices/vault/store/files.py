"""Files that people sent, from the message that brought them to the report they became part of.

waiting ──► fetching ──► staged ──► saved ──► erased
   │            │  │        │
   └────────────┴──┼────────┴──► discarded
                   └──► refused

`waiting`: nobody agreed to anything yet, and the file is at Meta still. What is discarded or refused has no object any more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal, TypeVar

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyRing, keyed_token, keyed_tokens
from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.slices.vault.store.columns import open_column, seal_column
from wipsie.slices.vault.store.tables import files_table

FileState = Literal["waiting", "fetching", "staged", "refused", "saved", "discarded", "erased"]
OPEN: tuple[FileState, ...] = ("waiting", "fetching", "staged")
"""States of files that no report has yet."""
LOCKED = "locked"
"""What a locked PDF waits for: its owner, and nothing that the clock could bring."""

_FILES = files_table.c
_FILE = "vault file"
_CONTENT = "vault file content"

Reading = TypeVar("Reading")


class FileDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the message says of its file; a stranger wrote it."""

    message_id: str
    media_id: str
    media: Literal["document", "image"]
    mime_type: str | None = None
    sha256: str | None = None
    """64 hexadecimal digits."""
    caption: str | None = None
    file_name: str | None = None


class FileRow(msgspec.Struct, frozen=True, kw_only=True):
    """A file, without what was read from it."""

    id: str
    owner: str
    phone_number_id: str
    received_at_ms: int
    state: FileState
    kind: str | None
    size: int | None
    scan: str | None
    reason: str | None
    details: FileDetails
    attempts: int
    looked_up_at_ms: int | None


def file_id(ring: KeyRing, message_id: str) -> str:
    """The id of the file of a message: the same however often the message comes."""
    return f"vfl_{keyed_token(ring, message_id, owner='', purpose=_FILE)}"


async def note_file(
    connection: AsyncConnection,
    ring: KeyRing,
    id_: str,
    *,
    owner: str,
    phone_number_id: str,
    details: FileDetails,
    state: FileState,
    now_ms: int,
) -> bool:
    """Note that somebody sent a file; False when it was noted before."""
    row = {
        "id": id_,
        "owner": owner,
        "phone_number_id": phone_number_id,
        "received_at_ms": now_ms,
        "state": state,
        "details": seal_column(ring, details, _FILES.details, id_),
        "attempts": 0,
        "updated_at_ms": now_ms,
    }
    statement = insert_ignoring_conflicts(connection.dialect.name, files_table).values(**row)
    return (await connection.execute(statement)).rowcount > 0


async def file_of(connection: AsyncConnection, ring: KeyRing, id_: str) -> FileRow | None:
    """The file of this id."""
    found = (await connection.execute(select(files_table).where(_FILES.id == id_))).one_or_none()
    return None if found is None else _file(ring, found)


async def files_of(connection: AsyncConnection, ring: KeyRing, ids: Sequence[str]) -> list[FileRow]:
    """The files of these ids that are there, in this order."""
    found = await connection.execute(select(files_table).where(_FILES.id.in_(ids)))
    by_id = {row.id: row for row in found}
    return [_file(ring, by_id[id_]) for id_ in ids if id_ in by_id]


async def begin_fetching(connection: AsyncConnection, ids: Collection[str], *, now_ms: int) -> list[str]:
    """Those that waited are to be fetched from now on; their ids."""
    changed = await connection.execute(
        update(files_table)
        .where(_FILES.id.in_(ids), _FILES.state == "waiting")
        .values(state="fetching", updated_at_ms=now_ms)
        .returning(_FILES.id)
    )
    return list(changed.scalars())


async def count_look_up(connection: AsyncConnection, id_: str, *, now_ms: int) -> int:
    """Note that Meta is asked for a file, before it is; how often it was."""
    found = await connection.execute(
        update(files_table)
        .where(_FILES.id == id_)
        .values(attempts=_FILES.attempts + 1, looked_up_at_ms=now_ms)
        .returning(_FILES.attempts)
    )
    return found.scalar_one_or_none() or 0


async def forget_look_up(connection: AsyncConnection, id_: str) -> None:
    """Meta may be asked for a file at once, though the last time was a moment ago."""
    await connection.execute(update(files_table).where(_FILES.id == id_).values(looked_up_at_ms=None))


async def mark_staged(
    connection: AsyncConnection,
    ring: KeyRing,
    id_: str,
    *,
    owner: str,
    kind: str,
    size: int,
    sha256: str,
    scan: str,
    reading: object,
    now_ms: int,
) -> bool:
    """The file is checked, sealed and stored; `reading` is what was read from it. False when nobody wants it any more."""
    return await _leave(
        connection,
        id_,
        ("fetching",),
        state="staged",
        kind=kind,
        size=size,
        content_token=keyed_token(ring, sha256, owner=owner, purpose=_CONTENT),
        scan=scan,
        reason=None,
        reading=seal_column(ring, reading, _FILES.reading, id_),
        updated_at_ms=now_ms,
    )


async def mark_refused(connection: AsyncConnection, id_: str, *, reason: str, scan: str | None, now_ms: int) -> bool:
    """The file is not taken. False when nobody wants it any more anyway."""
    return await _leave(
        connection, id_, ("waiting", "fetching"), state="refused", reason=reason, scan=scan, updated_at_ms=now_ms
    )


async def note_waiting(connection: AsyncConnection, id_: str, *, reason: str, now_ms: int) -> bool:
    """Note what a file waits for; whether it is the first time that it waits for anything. `now_ms`: or when it is looked at again,
    if that is known: it stands still only once that is long ago."""
    changed = await connection.execute(
        update(files_table)
        .where(_FILES.id == id_, _FILES.state == "fetching", _FILES.reason.is_(None))
        .values(reason=reason, updated_at_ms=now_ms)
    )
    if changed.rowcount:
        return True
    await _leave(connection, id_, ("fetching",), reason=reason, updated_at_ms=now_ms)
    return False


async def mark_discarded(connection: AsyncConnection, ids: Collection[str], *, now_ms: int) -> list[str]:
    """Nobody wants these any more; those that were open until now."""
    changed = await connection.execute(
        update(files_table)
        .where(_FILES.id.in_(ids), _FILES.state.in_(OPEN))
        .values(state="discarded", reading=None, updated_at_ms=now_ms)
        .returning(_FILES.id)
    )
    return list(changed.scalars())


async def reading_of(
    connection: AsyncConnection, ring: KeyRing, id_: str, reading_type: type[Reading]
) -> Reading | None:
    """What was read from a file; None when nothing was."""
    sealed = (await connection.execute(select(_FILES.reading).where(_FILES.id == id_))).scalar_one_or_none()
    return None if sealed is None else open_column(ring, sealed, reading_type, _FILES.reading, id_)


async def write_reading(connection: AsyncConnection, ring: KeyRing, id_: str, reading: object, *, now_ms: int) -> bool:
    """More was read of a saved file. False when it is not saved any more."""
    return await _leave(
        connection,
        id_,
        ("saved",),
        reading=seal_column(ring, reading, _FILES.reading, id_),
        updated_at_ms=now_ms,
    )


async def same_content(connection: AsyncConnection, ring: KeyRing, owner: str, sha256: str) -> list[str]:
    """Ids of the owner's saved files with these very bytes. Never across owners: that would tell what somebody else has."""
    tokens = keyed_tokens(ring, sha256, owner=owner, purpose=_CONTENT)
    found = await connection.execute(
        select(_FILES.id).where(_FILES.owner == owner, _FILES.content_token.in_(tokens), _FILES.state == "saved")
    )
    return list(found.scalars())


async def rekey_content(connection: AsyncConnection, ring: KeyRing, id_: str, owner: str, sha256: str) -> bool:
    """Have the content of a saved file known by a token of the key in use; False when `sha256` is not that of its content."""
    tokens = keyed_tokens(ring, sha256, owner=owner, purpose=_CONTENT)
    changed = await connection.execute(
        update(files_table)
        .where(_FILES.id == id_, _FILES.content_token.in_(tokens))
        .values(content_token=keyed_token(ring, sha256, owner=owner, purpose=_CONTENT))
    )
    return changed.rowcount > 0


async def stalled_files(connection: AsyncConnection, *, before_ms: int, count_max: int) -> list[str]:
    """Files that are to be fetched, and that nobody touched since `before_ms`."""
    found = await connection.execute(
        select(_FILES.id)
        .where(
            _FILES.state == "fetching",
            _FILES.updated_at_ms < before_ms,
            func.coalesce(_FILES.reason, "") != LOCKED,
        )
        .order_by(_FILES.updated_at_ms)
        .limit(count_max)
    )
    return list(found.scalars())


async def touch_files(connection: AsyncConnection, ids: Collection[str], *, now_ms: int) -> None:
    """These were given a job anew: what comes of it may take its time."""
    await connection.execute(
        update(files_table).where(_FILES.id.in_(ids), _FILES.state == "fetching").values(updated_at_ms=now_ms)
    )


async def _leave(connection: AsyncConnection, id_: str, states: Sequence[FileState], **values: Any) -> bool:
    changed = await connection.execute(
        update(files_table).where(_FILES.id == id_, _FILES.state.in_(states)).values(**values)
    )
    return changed.rowcount > 0


def _file(ring: KeyRing, row: Any) -> FileRow:
    return FileRow(
        details=open_column(ring, row.details, FileDetails, _FILES.details, row.id),
        **{name: getattr(row, name) for name in FileRow.__struct_fields__ if name != "details"},
    )
