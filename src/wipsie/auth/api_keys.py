"""API keys: for scripts that act for their owner, within scopes. The secret is shown once; its hash is kept.

A key of the other kind signs requests of Amazon SQS, within rules: it has an access key id beside its own, and no scopes.
"""

from __future__ import annotations

import hashlib
import secrets

import msgspec
from sqlalchemy import BigInteger, Column, Index, Table, Text, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata
from wipsie.kernel.ids import ObjectId

ID_PREFIX = "key"
SCHEME = "wipsie_"
KEYS_MAX = 50
"""Of one person."""

api_keys_table = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Json(list[str]), nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger),
    Column("last_used_at_ms", BigInteger),
    Column("revoked_at_ms", BigInteger),
    Column("access_key_id", Text),
    Column("secret_key_id", Text),
    Column("allow", Json(list[str])),
)
COLUMNS = api_keys_table.c
Index("uq_api_keys_secret_hash", COLUMNS.secret_hash, unique=True)
Index("ix_api_keys_user_id", COLUMNS.user_id, COLUMNS.id)
Index("ix_api_keys_access_key_id", COLUMNS.access_key_id)


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key, without its secret."""

    id: ObjectId
    user_id: str
    name: str
    scopes: list[str]
    """Permissions; it may what its owner may now and these name."""
    secret_hash: str
    created_at_ms: int
    expires_at_ms: int | None = None
    last_used_at_ms: int | None = None
    """Written at most once a minute."""
    revoked_at_ms: int | None = None
    access_key_id: str | None = None
    """By which clients of Amazon SQS name it; None for a key of the other kind."""
    secret_key_id: str | None = None
    """Of the secret in the keyring that its own follows from."""
    allow: list[str] | None = None
    """Rules of `queue_rights`."""


def new_secret() -> str:
    """A fresh secret: 256 random bits behind a prefix that tells scanners what they found."""
    return f"{SCHEME}{secrets.token_urlsafe(32)}"


def secret_hash(secret: str) -> str:
    """What is kept of it. Random as it is, it needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def add(connection: AsyncConnection, key: ApiKey) -> None:
    """Write a fresh key."""
    await connection.execute(insert(api_keys_table).values(msgspec.structs.asdict(key)))


async def find_by_secret(connection: AsyncConnection, secret: str) -> ApiKey | None:
    """The key of a secret, ended or not."""
    wanted = select(api_keys_table).where(COLUMNS.secret_hash == secret_hash(secret))
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return None if row is None else ApiKey(**row)


async def find_by_access_key(connection: AsyncConnection, access_key_id: str) -> ApiKey | None:
    """The key that signs under an access key id, ended or not."""
    wanted = select(api_keys_table).where(COLUMNS.access_key_id == access_key_id)
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return None if row is None else ApiKey(**row)


async def find(connection: AsyncConnection, key_id: str) -> ApiKey | None:
    """The key of an id, ended or not."""
    row = (await connection.execute(select(api_keys_table).where(COLUMNS.id == key_id))).mappings().one_or_none()
    return None if row is None else ApiKey(**row)


async def unrevoked(connection: AsyncConnection, user_id: str | None = None) -> list[ApiKey]:
    """The keys of somebody, or of all, that were not revoked, the newest first."""
    wanted = select(api_keys_table).where(COLUMNS.revoked_at_ms.is_(None)).order_by(COLUMNS.id.desc())
    if user_id is not None:
        wanted = wanted.where(COLUMNS.user_id == user_id)
    return [ApiKey(**row) for row in (await connection.execute(wanted)).mappings()]


async def revoke(connection: AsyncConnection, key_id: str, now_ms: int) -> bool:
    """Take a key back; False when that was done already."""
    revoked = await connection.execute(
        update(api_keys_table).where(COLUMNS.id == key_id, COLUMNS.revoked_at_ms.is_(None)).values(revoked_at_ms=now_ms)
    )
    return revoked.rowcount == 1


async def note_used(connection: AsyncConnection, used_at_ms: dict[str, int]) -> None:
    """Write when keys were last used."""
    for key_id, at_ms in used_at_ms.items():
        await connection.execute(update(api_keys_table).where(COLUMNS.id == key_id).values(last_used_at_ms=at_ms))
