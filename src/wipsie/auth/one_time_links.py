"""One-time links: to set up the first admin, to accept an invitation, to set a new password. The token is shown once; its hash
is kept, and whoever uses it first has used it."""

from __future__ import annotations

import hashlib
import secrets
from typing import Literal

import msgspec
from sqlalchemy import BigInteger, Column, ColumnElement, Index, Table, Text, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.metadata import metadata
from wipsie.kernel.errors import Unauthorized
from wipsie.kernel.ids import ObjectId, first_object_id

ID_PREFIX = "otl"
LinkKind = Literal["setup", "invitation", "reset"]
LIFETIME_S: dict[LinkKind, int] = {"setup": 24 * 3600, "invitation": 7 * 86_400, "reset": 3600}

one_time_links_table = Table(
    "one_time_links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("token_hash", Text, nullable=False),
    Column("user_id", Text),
    Column("email", Text),
    Column("role", Text),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("created_by", Text),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("used_at_ms", BigInteger),
)
COLUMNS = one_time_links_table.c
Index("uq_one_time_links_token_hash", COLUMNS.token_hash, unique=True)
Index("ix_one_time_links_kind", COLUMNS.kind, COLUMNS.id)
Index("ix_one_time_links_created_by", COLUMNS.created_by, COLUMNS.id)
Index("ix_one_time_links_user_id", COLUMNS.user_id, COLUMNS.id)
Index("ix_one_time_links_expires_at_ms", COLUMNS.expires_at_ms)


class OneTimeLink(msgspec.Struct, frozen=True, kw_only=True):
    """One link, without its token."""

    id: ObjectId
    kind: LinkKind
    token_hash: str
    user_id: str | None = None
    """Whose password a reset sets."""
    email: str | None = None
    """Whom an invitation is for; None: whoever holds it."""
    role: str | None = None
    """What an invitation makes of them."""
    created_at_ms: int
    created_by: str | None = None
    expires_at_ms: int
    used_at_ms: int | None = None


def new_token() -> str:
    """A fresh token: 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


async def add(connection: AsyncConnection, link: OneTimeLink) -> None:
    """Write a fresh link."""
    await connection.execute(insert(one_time_links_table).values(msgspec.structs.asdict(link)))


async def use(connection: AsyncConnection, token: str, kinds: tuple[LinkKind, ...], now_ms: int) -> OneTimeLink:
    """Use a link up in this transaction. Unauthorized when it is unknown, expired or used: of two at once, one gets it."""
    hashed = token_hash(token)
    used = await connection.execute(
        update(one_time_links_table)
        .where(
            COLUMNS.token_hash == hashed,
            COLUMNS.kind.in_(kinds),
            COLUMNS.used_at_ms.is_(None),
            COLUMNS.expires_at_ms > now_ms,
        )
        .values(used_at_ms=now_ms)
    )
    if used.rowcount != 1:
        raise spent()
    row = (await connection.execute(select(one_time_links_table).where(COLUMNS.token_hash == hashed))).mappings().one()
    return OneTimeLink(**row)


def live(kind: LinkKind, now_ms: int) -> tuple[ColumnElement[bool], ...]:
    """The conditions of links that could be used now."""
    # Ids are in the order of their making: those older than any lifetime need not be looked at.
    oldest = first_object_id(ID_PREFIX, now_ms - LIFETIME_S[kind] * 1000)
    return (COLUMNS.kind == kind, COLUMNS.id >= oldest, COLUMNS.used_at_ms.is_(None), COLUMNS.expires_at_ms > now_ms)


async def hold(connection: AsyncConnection, *, kind: LinkKind) -> None:
    """Let nobody else use a link of this kind until this transaction ends."""
    await connection.execute(select(COLUMNS.id).where(COLUMNS.kind == kind).order_by(COLUMNS.id).with_for_update())


async def get(connection: AsyncConnection, link_id: str) -> OneTimeLink | None:
    """The link of an id, ended or not."""
    row = (await connection.execute(select(one_time_links_table).where(COLUMNS.id == link_id))).mappings().one_or_none()
    return None if row is None else OneTimeLink(**row)


async def find(connection: AsyncConnection, token: str, now_ms: int) -> OneTimeLink:
    """A link that could be used now. Unauthorized."""
    wanted = select(one_time_links_table).where(
        COLUMNS.token_hash == token_hash(token), COLUMNS.used_at_ms.is_(None), COLUMNS.expires_at_ms > now_ms
    )
    row = (await connection.execute(wanted)).mappings().one_or_none()
    if row is None:
        raise spent()
    return OneTimeLink(**row)


async def revoke(
    connection: AsyncConnection,
    *,
    kind: LinkKind | None = None,
    user_id: str | None = None,
    link_id: str | None = None,
) -> int:
    """Remove links that were not used: of a kind, of somebody, or one; how many."""
    wanted = delete(one_time_links_table).where(COLUMNS.used_at_ms.is_(None))
    for column, value in ((COLUMNS.kind, kind), (COLUMNS.user_id, user_id), (COLUMNS.id, link_id)):
        if value is not None:
            wanted = wanted.where(column == value)
    return (await connection.execute(wanted)).rowcount


async def prune(connection: AsyncConnection, *, ended_before_ms: int, limit: int = 5_000) -> int:
    """Forget up to `limit` links that ended before a time; how many."""
    oldest = (
        select(COLUMNS.id).where(COLUMNS.expires_at_ms < ended_before_ms).order_by(COLUMNS.expires_at_ms).limit(limit)
    )
    pruned = await connection.execute(delete(one_time_links_table).where(COLUMNS.id.in_(oldest.scalar_subquery())))
    return pruned.rowcount


def spent() -> Unauthorized:
    """What is told of every link that cannot be used."""
    return Unauthorized("This link is unknown, used already or too old; ask for a new one.")
