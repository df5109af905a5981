"""The end of mails: their rows go in one commit, which also notes the objects that go next.

noted ─► claimed ─► who else has its files? ─► objects go ─► done
  ▲         │
  └─ later ◄┘ the store refused

A document is in the way of its mail from the note on: nobody writes that mail until it is gone. A file (an original, an
attachment) is other mails' too, and is in their way only where somebody was at the erasure since they stored it: it may be gone.
Whoever writes a mail and whoever claims an erasure wait for each other, so the question who else has a file misses nobody. So a
mail never has rows without objects, and no object goes that a mail has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import BigInteger, ColumnElement, delete, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.bulk import bulk_insert
from wipsie.kernel.ids import ObjectId, new_object_id
from wipsie.slices.mail.store.portions import portions
from wipsie.slices.mail.store.tables import (
    arrivals_table,
    attachments_table,
    erased_files_table,
    erasures_table,
    mails_table,
)

ID_PREFIX = "mera"
RAW, ATTACHMENT = "raw", "attachment"
MARGIN_MS = 60_000
"""The clocks of two processes are not further apart."""
KEPT_MS = 86_400_000
_CLAIM_LOCK = 0x6D61696C
"""Key of PostgreSQL's advisory lock between those who write mails and those who claim erasures; any number no other program of
the same database uses."""
_ERASURES = erasures_table.c
_FILES = erased_files_table.c
_MAILS = mails_table.c
_ARRIVALS = arrivals_table.c
_ATTACHMENTS = attachments_table.c


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """Objects of a mail that has no rows any more."""

    id: ObjectId
    object_key: str
    raws: Sequence[str]
    """SHA-256 of the originals of all its copies; other mails may have the same."""
    attachments: Sequence[str]
    """SHA-256 of each."""


async def note(connection: AsyncConnection, mails: Mapping[int, str], *, now_ms: int) -> list[Erasure]:
    """Note the objects of these mails (number to key), before their rows go."""
    raws: dict[int, set[str]] = {number: set() for number in mails}
    files: dict[int, set[str]] = {number: set() for number in mails}
    for column, mail, found in (
        (_MAILS.raw_sha256, _MAILS.number, raws),
        (_ARRIVALS.raw_sha256, _ARRIVALS.mail, raws),
        (_ATTACHMENTS.sha256, _ATTACHMENTS.mail, files),
    ):
        wanted = select(mail, column).where(mail.in_(list(mails)), column.is_not(None))
        for number, sha256 in await connection.execute(wanted):
            found[number].add(sha256)
    noted = [
        Erasure(
            id=new_object_id(ID_PREFIX, now_ms),
            object_key=key,
            raws=sorted(raws[number]),
            attachments=sorted(files[number]),
        )
        for number, key in mails.items()
    ]
    await _write(connection, noted, now_ms=now_ms)
    return noted


async def note_again(
    connection: AsyncConnection, key: str, *, raws: Sequence[str], attachments: Sequence[str], now_ms: int
) -> Erasure | None:
    """Note what somebody stored of a mail that was erased meanwhile. None, and nothing is noted, when no erasure of it is known:
    that the index does not have it says nothing then."""
    known = await connection.execute(select(_ERASURES.id).where(_ERASURES.object_key == key).limit(1))
    if known.first() is None:
        return None
    erasure = Erasure(id=new_object_id(ID_PREFIX, now_ms), object_key=key, raws=raws, attachments=attachments)
    await _write(connection, [erasure], now_ms=now_ms)
    return erasure


async def _write(connection: AsyncConnection, noted: Sequence[Erasure], *, now_ms: int) -> None:
    await bulk_insert(
        connection,
        erasures_table,
        [{"id": one.id, "object_key": one.object_key, "erased_at_ms": now_ms, "claimed_until_ms": 0} for one in noted],
    )
    await bulk_insert(
        connection,
        erased_files_table,
        [
            {"erasure": one.id, "kind": kind, "sha256": sha256}
            for one in noted
            for kind, digests in ((RAW, one.raws), (ATTACHMENT, one.attachments))
            for sha256 in digests
        ],
    )


async def let_none_begin(connection: AsyncConnection) -> None:
    """Until this transaction ends nobody claims an erasure: what it finds in nobody's way, and writes, is seen by the next one."""
    # SQLite has one writer at a time.
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock_shared(literal(_CLAIM_LOCK, BigInteger))))


async def documents_in_the_way(connection: AsyncConnection, keys: Sequence[str], *, since_ms: int) -> set[str]:
    """Which of these documents are about to go, or went since they were stored."""
    wanted = select(_ERASURES.object_key).where(
        _ERASURES.object_key.in_(keys),
        or_(_ERASURES.done_at_ms.is_(None), _ERASURES.done_at_ms >= since_ms - MARGIN_MS),
    )
    return {row[0] for row in await connection.execute(wanted)}


async def files_in_the_way(connection: AsyncConnection, digests: Sequence[str], *, since_ms: int) -> set[str]:
    """Which of these files may go, or may be gone since they were stored: somebody is or was at an erasure of them. One that
    nobody is at takes no file that a mail has when it is claimed."""
    joined = erased_files_table.join(erasures_table, _FILES.erasure == _ERASURES.id)
    found: set[str] = set()
    for some in portions(digests):
        wanted = select(_FILES.sha256).select_from(joined).where(_FILES.sha256.in_(some))
        rows = await connection.execute(wanted.where(_ERASURES.claimed_until_ms >= since_ms - MARGIN_MS))
        found |= {row[0] for row in rows}
    return found


async def pending_among(connection: AsyncConnection, keys: Sequence[str]) -> set[str]:
    """Which of these documents are about to go."""
    wanted = select(_ERASURES.object_key).where(_ERASURES.object_key.in_(list(keys)), _ERASURES.done_at_ms.is_(None))
    return {row[0] for row in await connection.execute(wanted)}


async def pending(connection: AsyncConnection, *, now_ms: int, limit: int) -> list[ObjectId]:
    """Those that are not carried out and that nobody was at since then: first those nobody was at yet, the oldest of them first,
    then those whose last try is the longest ago."""
    wanted = select(_ERASURES.id).where(_is_free(now_ms))
    rows = await connection.execute(wanted.order_by(_ERASURES.claimed_until_ms, _ERASURES.erased_at_ms).limit(limit))
    return [row[0] for row in rows]


async def claim(connection: AsyncConnection, erasure_id: str, *, now_ms: int, until_ms: int) -> Erasure | None:
    """Have it alone until then; None when somebody else has it, or it is carried out."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(literal(_CLAIM_LOCK, BigInteger))))
    claimed = await connection.execute(
        update(erasures_table)
        .where(_ERASURES.id == erasure_id, _is_free(now_ms))
        .values(claimed_until_ms=until_ms)
        .returning(_ERASURES.object_key)
    )
    key = claimed.scalar_one_or_none()
    if key is None:
        return None
    found: dict[str, list[str]] = {RAW: [], ATTACHMENT: []}
    wanted = select(_FILES.kind, _FILES.sha256).where(_FILES.erasure == erasure_id)
    for kind, sha256 in await connection.execute(wanted):
        found[kind].append(sha256)
    return Erasure(id=ObjectId(erasure_id), object_key=key, raws=found[RAW], attachments=found[ATTACHMENT])


async def give_up(connection: AsyncConnection, erasure_id: str, *, now_ms: int) -> None:
    """Let somebody else have it, after a while: a removal that was not answered may still be under way."""
    await _leave(connection, erasure_id, claimed_until_ms=now_ms + MARGIN_MS)


async def done(connection: AsyncConnection, erasure_id: str, *, now_ms: int) -> None:
    """The objects are gone."""
    await _leave(connection, erasure_id, claimed_until_ms=now_ms, done_at_ms=now_ms)


async def _leave(connection: AsyncConnection, erasure_id: str, **values: int) -> None:
    await connection.execute(update(erasures_table).where(_ERASURES.id == erasure_id).values(values))


async def prune(connection: AsyncConnection, *, now_ms: int, limit: int) -> int:
    """Forget those that were carried out long ago; how many."""
    old = select(_ERASURES.id).where(_ERASURES.done_at_ms < now_ms - KEPT_MS).limit(limit)
    ids = [row[0] for row in await connection.execute(old)]
    await connection.execute(delete(erased_files_table).where(_FILES.erasure.in_(ids)))
    await connection.execute(delete(erasures_table).where(_ERASURES.id.in_(ids)))
    return len(ids)


async def still_used(connection: AsyncConnection, erasure: Erasure) -> tuple[set[str], bool]:
    """What other mails have of the objects of an erased one: the SHA-256 of files, and whether there is a mail with its very
    document."""
    used: set[str] = set()
    for column, digests in (
        (_ATTACHMENTS.sha256, erasure.attachments),
        (_MAILS.raw_sha256, erasure.raws),
        (_ARRIVALS.raw_sha256, erasure.raws),
    ):
        for some in portions(digests):
            rows = await connection.execute(select(column).where(column.in_(some)).distinct())
            used |= {row[0] for row in rows}
    same = await connection.execute(select(_MAILS.number).where(_MAILS.object_key == erasure.object_key))
    return used, same.first() is not None


def _is_free(now_ms: int) -> ColumnElement[bool]:
    return _ERASURES.done_at_ms.is_(None) & (_ERASURES.claimed_until_ms <= now_ms)
