"""The accounts of people: the table, and what one transaction does with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    RowMapping,
    Table,
    Text,
    and_,
    func,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.rights import ADMIN
from wipsie.database.inserts import insert_ignoring_conflicts
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
Index("ix_users_role_is_active", _COLUMNS.role, _COLUMNS.is_active, _COLUMNS.id)
Index("ix_users_role_name", _COLUMNS.role, _COLUMNS.name, _COLUMNS.id)
Index("ix_users_name", _COLUMNS.name, _COLUMNS.id)
Index("ix_users_is_active", _COLUMNS.is_active, _COLUMNS.id)
Index("ix_users_is_active_name", _COLUMNS.is_active, _COLUMNS.name, _COLUMNS.id)


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

    @property
    def is_admin(self) -> bool:
        """One who can act as such."""
        return self.role == ADMIN and self.is_active


def email_key(email: str) -> str:
    """One form for all ways to write an address: in other case or composition, its domain in letters or in ASCII. Total: any
    text has one."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).casefold())
    local, at, domain = folded.rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return folded


def user_of(row: RowMapping) -> User:
    """A row as an account."""
    return User(**{name: row[name] for name in User.__struct_fields__})


async def find_by_email(connection: AsyncConnection, email: str) -> User | None:
    """The account of an address."""
    return await _find(connection, _COLUMNS.email_key == email_key(email))


async def find(connection: AsyncConnection, user_id: str) -> User | None:
    """The account of an id."""
    return await _find(connection, _COLUMNS.id == user_id)


async def get(connection: AsyncConnection, user_id: str) -> User:
    """`find`, or NotFound."""
    found = await find(connection, user_id)
    if found is None:
        raise _unknown(user_id)
    return found


async def hold(connection: AsyncConnection, user_id: str, *, with_admins: bool = False) -> User:
    """The account of an id, to be changed: nobody else changes it until this transaction ends. `with_admins`, where its role or
    activity may change: nor does anybody change whether there are other admins. NotFound."""
    condition = _COLUMNS.id == user_id
    if with_admins:
        condition |= and_(*_IS_ADMIN)
    # In one order: of two admins who demote each other, the second waits, and sees what the first did.
    wanted = select(users_table).where(condition).order_by(_COLUMNS.id).with_for_update()
    held = [user_of(row) for row in (await connection.execute(wanted)).mappings()]
    found = next((user for user in held if user.id == user_id), None)
    if found is None:
        raise _unknown(user_id)
    return found


async def add(connection: AsyncConnection, user: User) -> None:
    """Write a fresh account. Conflict when its address has one already."""
    fresh = insert_ignoring_conflicts(connection.dialect.name, users_table).values(msgspec.structs.asdict(user))
    if (await connection.execute(fresh)).rowcount != 1:
        raise _taken()


async def change(connection: AsyncConnection, before: User, now_ms: int, changes: dict[str, Any]) -> User:
    """Write `changes` over an account this transaction holds by `hold`. Conflict when it would be the last active admin that
    goes, or another account has its new address."""
    after = msgspec.structs.replace(before, **changes, updated_at_ms=now_ms, version=before.version + 1)
    if before.is_admin and not after.is_admin and not await _has_other_admin(connection, before.id):
        raise Conflict(
            "This is the last active admin: nobody could manage accounts any more. Make somebody else an admin first.",
            details={"user": before.id},
        )
    values = {**changes, "updated_at_ms": now_ms, "version": after.version}
    try:
        await connection.execute(update(users_table).where(_COLUMNS.id == before.id).values(values))
    except IntegrityError:
        raise _taken() from None
    return after


async def has_admin(connection: AsyncConnection) -> bool:
    """Whether there is an active admin who can log in."""
    wanted = select(_COLUMNS.id).where(*_IS_ADMIN, _COLUMNS.password_hash.is_not(None)).limit(1)
    return (await connection.execute(wanted)).first() is not None


async def passwords_by_key(connection: AsyncConnection) -> dict[str, int]:
    """How many active people's passwords were hashed with which secret, by its id."""
    wanted = (
        select(_COLUMNS.password_key_id, func.count())
        .where(_COLUMNS.is_active.is_(True), _COLUMNS.password_key_id.is_not(None))
        .group_by(_COLUMNS.password_key_id)
    )
    return {row[0]: row[1] for row in await connection.execute(wanted)}


async def active_ids(connection: AsyncConnection, roles: Sequence[str]) -> list[str]:
    """Ids of active people with one of these roles, by id."""
    wanted = select(_COLUMNS.id).where(_COLUMNS.role.in_(roles), _COLUMNS.is_active.is_(True)).order_by(_COLUMNS.id)
    return list((await connection.execute(wanted)).scalars())


_IS_ADMIN = (_COLUMNS.role == ADMIN, _COLUMNS.is_active.is_(True))


async def _has_other_admin(connection: AsyncConnection, user_id: str) -> bool:
    wanted = select(_COLUMNS.id).where(*_IS_ADMIN, _COLUMNS.id != user_id).limit(1)
    return (await connection.execute(wanted)).first() is not None


async def _find(connection: AsyncConnection, condition: ColumnElement[bool]) -> User | None:
    row = (await connection.execute(select(users_table).where(condition))).mappings().one_or_none()
    return None if row is None else user_of(row)


def _unknown(user_id: str) -> NotFound:
    return NotFound(
        f"There is no account '{user_id[:60]}'; see GET /api/users.", details={"kind": "user", "id": user_id[:60]}
    )


def _taken() -> Conflict:
    return Conflict("There is an account with this e-mail address already.", details={"field": "email"})
