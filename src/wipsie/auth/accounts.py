"""The accounts of people: the table, and what one transaction does with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, RowMapping, Table, Text, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.rights import ADMIN
from wipsie.database.json_column import Json
from wipsie.database.metadata import metadata
from wipsie.kernel.errors import Conflict, NotFound
from wipsie.kernel.ids import ObjectId

ID_PREFIX = "usr"
WORK_DAYS = [0, 1, 2, 3, 4]
"""Monday to Friday."""

users_table = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("work_days", Json(list[int]), nullable=False),
    Column("reader_only", Boolean, nullable=False),
    Column("password_hash", Text),
    Column("password_key_id", Text),
    Column("password_changed_at_ms", BigInteger),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("created_by", Text),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("erased_at_ms", BigInteger),
)
_COLUMNS = users_table.c
Index("uq_users_email_key", _COLUMNS.email_key, unique=True)
Index("ix_users_role", _COLUMNS.role, _COLUMNS.id)
Index("ix_users_name", _COLUMNS.name, _COLUMNS.id)


class User(msgspec.Struct, frozen=True, kw_only=True):
    """One account."""

    id: ObjectId
    email: str
    email_key: str
    """What makes it unique: see `email_key`."""
    name: str
    role: str
    is_active: bool
    timezone: str
    """IANA name: where their day begins and ends."""
    work_days: list[int]
    """0 is Monday."""
    reader_only: bool
    """Gets summaries, is not asked for updates."""
    password_hash: str | None
    """None until a password is set."""
    password_key_id: str | None
    """Of the secret the hash was made with."""
    password_changed_at_ms: int | None
    created_at_ms: int
    created_by: str | None
    updated_at_ms: int
    version: int
    erased_at_ms: int | None = None


def email_key(email: str) -> str:
    """One form for all ways to write an address in other case or composition."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).casefold())


def user_of(row: RowMapping) -> User:
    """A row as an account."""
    return User(**{name: row[name] for name in User.__struct_fields__})


async def find_by_email(connection: AsyncConnection, email: str) -> User | None:
    """The account of an address."""
    return await _find(connection, _COLUMNS.email_key == email_key(email))


async def find(connection: AsyncConnection, user_id: str, *, hold: bool = False) -> User | None:
    """The account of an id. `hold`: nobody else changes it until this transaction ends."""
    return await _find(connection, _COLUMNS.id == user_id, hold=hold)


async def get(connection: AsyncConnection, user_id: str, *, hold: bool = False) -> User:
    """`find`, or NotFound."""
    found = await find(connection, user_id, hold=hold)
    if found is None:
        raise NotFound(
            f"There is no account '{user_id[:60]}'; see GET /api/users.", details={"kind": "user", "id": user_id[:60]}
        )
    return found


async def add(connection: AsyncConnection, user: User) -> None:
    """Write a fresh account. Conflict when its address has one already."""
    if await find_by_email(connection, user.email) is not None:
        raise Conflict("There is an account with this e-mail address already.", details={"field": "email"})
    await connection.execute(insert(users_table).values(msgspec.structs.asdict(user)))


async def change(connection: AsyncConnection, before: User, now_ms: int, changes: dict[str, Any]) -> User:
    """Write `changes` over an account this transaction holds. Conflict when it would be the last active admin that goes."""
    after = msgspec.structs.replace(before, **changes, updated_at_ms=now_ms, version=before.version + 1)
    if _is_admin(before) and not _is_admin(after):
        await _check_other_admin(connection, before.id)
    if after.email_key != before.email_key and await find_by_email(connection, after.email) is not None:
        raise Conflict("There is an account with this e-mail address already.", details={"field": "email"})
    await connection.execute(
        update(users_table)
        .where(_COLUMNS.id == before.id)
        .values(**changes, updated_at_ms=now_ms, version=after.version)
    )
    return after


async def has_admin(connection: AsyncConnection) -> bool:
    """Whether there is an active admin who can log in."""
    wanted = select(_COLUMNS.id).where(*_ADMINS, _COLUMNS.password_hash.is_not(None)).limit(1)
    return (await connection.execute(wanted)).first() is not None


async def active_ids(connection: AsyncConnection, roles: Sequence[str]) -> list[str]:
    """Ids of active people with one of these roles, by id."""
    wanted = select(_COLUMNS.id).where(_COLUMNS.role.in_(roles), _COLUMNS.is_active.is_(True)).order_by(_COLUMNS.id)
    return list((await connection.execute(wanted)).scalars())


_ADMINS = (_COLUMNS.role == ADMIN, _COLUMNS.is_active.is_(True))


def _is_admin(user: User) -> bool:
    return user.role == ADMIN and user.is_active


async def _check_other_admin(connection: AsyncConnection, user_id: str) -> None:
    # All admins are held, in one order: of two who demote each other, the second sees what the first did.
    held = (await connection.execute(select(_COLUMNS.id).where(*_ADMINS).order_by(_COLUMNS.id).with_for_update())).all()
    if not any(row.id != user_id for row in held):
        raise Conflict(
            "This is the last active admin: nobody could manage accounts any more. Make somebody else an admin first.",
            details={"user": user_id},
        )


async def _find(connection: AsyncConnection, condition: Any, *, hold: bool = False) -> User | None:
    wanted = select(users_table).where(condition)
    if hold:
        wanted = wanted.with_for_update()
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return None if row is None else user_of(row)
