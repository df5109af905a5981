"""Links that were given out: each is good for a while and so many times, and may be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.signed_links import SignedLink
from wipsie.slices.vault.store.tables import links_table

_LINKS = links_table.c


class LinkRow(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a link."""

    nonce: str
    owner: str
    object: str
    purpose: str
    created_at_ms: int
    expires_at_ms: int
    revoked_at_ms: int | None
    opens: int
    opened_at_ms: int | None
    looks: int
    looked_at_ms: int | None


async def add_link(connection: AsyncConnection, link: SignedLink, *, now_ms: int) -> None:
    """Keep a link that is about to be given out."""
    await connection.execute(
        insert(links_table).values(
            nonce=link.nonce.hex(),
            owner=link.owner_id,
            object=link.object_id,
            purpose=link.purpose,
            created_at_ms=now_ms,
            expires_at_ms=link.expires_at_ms,
            opens=0,
            looks=0,
        )
    )


async def link_of(connection: AsyncConnection, link: SignedLink) -> LinkRow | None:
    """The row of a genuine link; None when there is none that says the same."""
    row = (await connection.execute(select(links_table).where(_LINKS.nonce == link.nonce.hex()))).one_or_none()
    if row is None or (row.owner, row.object, row.purpose) != (link.owner_id, link.object_id, link.purpose):
        return None
    return _link(row)


async def count_open(connection: AsyncConnection, nonce: str, *, opens_max: int, now_ms: int) -> int | None:
    """Note that a link is opened; how often it was, with this. None when it may not be opened any more."""
    found = await connection.execute(
        update(links_table)
        .where(_may_open(nonce, opens_max, now_ms))
        .values(opens=_LINKS.opens + 1, opened_at_ms=now_ms)
        .returning(_LINKS.opens)
    )
    return found.scalar_one_or_none()


async def count_look(
    connection: AsyncConnection, nonce: str, *, looks_max: int, opens_max: int, now_ms: int
) -> int | None:
    """Note that somebody looks at what a link leads to; how often it was looked at, with this. None when it may not be opened any
    more, or was looked at too often. The link cannot be opened or taken back before the commit."""
    found = await connection.execute(
        update(links_table)
        .where(_may_open(nonce, opens_max, now_ms), _LINKS.looks < looks_max)
        .values(looks=_LINKS.looks + 1, looked_at_ms=now_ms)
        .returning(_LINKS.looks)
    )
    return found.scalar_one_or_none()


async def revoke_links(
    connection: AsyncConnection, owner: str, *, objects: Sequence[str] | None = None, now_ms: int
) -> int:
    """Links of an owner open nothing any more: those to these objects, or all; how many did until now."""
    wanted = update(links_table).where(
        _LINKS.owner == owner, _LINKS.revoked_at_ms.is_(None), _LINKS.expires_at_ms > now_ms
    )
    if objects is not None:
        wanted = wanted.where(_LINKS.object.in_(objects))
    return (await connection.execute(wanted.values(revoked_at_ms=now_ms))).rowcount


async def links_of(connection: AsyncConnection, owner: str, object_id: str) -> list[LinkRow]:
    """Links to an owner's report or export, the newest first."""
    found = await connection.execute(
        select(links_table)
        .where(_LINKS.owner == owner, _LINKS.object == object_id)
        .order_by(_LINKS.created_at_ms.desc(), _LINKS.nonce)
    )
    return [_link(row) for row in found]


async def prune_links(connection: AsyncConnection, *, before_ms: int, count_max: int) -> int:
    """Forget links that ended before `before_ms`; how many. What was opened by them is in the audit log."""
    ended = select(_LINKS.nonce).where(_LINKS.expires_at_ms < before_ms).limit(count_max)
    return (await connection.execute(delete(links_table).where(_LINKS.nonce.in_(ended)))).rowcount


def _may_open(nonce: str, opens_max: int, now_ms: int) -> ColumnElement[bool]:
    return and_(
        _LINKS.nonce == nonce,
        _LINKS.revoked_at_ms.is_(None),
        _LINKS.expires_at_ms > now_ms,
        _LINKS.opens < opens_max,
    )


def _link(row: Any) -> LinkRow:
    return LinkRow(**{name: getattr(row, name) for name in LinkRow.__struct_fields__})
