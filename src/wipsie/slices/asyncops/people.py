"""Colleagues, as records name them: ids become names, and the ids people send are checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.accounts import users_table
from wipsie.auth.principal import Principal
from wipsie.kernel.errors import Forbidden, InvalidInput

_COLUMNS = users_table.c


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A colleague, as records show them."""

    id: str
    name: str


class Colleague(msgspec.Struct, frozen=True, kw_only=True):
    """A colleague, as rules about working time and mail need them."""

    id: str
    name: str
    email: str
    role: str
    is_active: bool
    timezone: str
    work_days: list[int]
    """0 is Monday."""
    reader_only: bool

    @property
    def zone(self) -> ZoneInfo:
        """Where their day begins and ends."""
        return ZoneInfo(self.timezone)


async def names_of(connection: AsyncConnection, ids: Iterable[str | None]) -> dict[str, Person]:
    """The people behind ids, those who left included."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    rows = await connection.execute(select(_COLUMNS.id, _COLUMNS.name).where(_COLUMNS.id.in_(sorted(wanted))))
    return {row.id: Person(id=row.id, name=row.name) for row in rows}


async def colleagues(connection: AsyncConnection, ids: Iterable[str] | None = None) -> list[Colleague]:
    """Active colleagues by name: all, or those of `ids`."""
    wanted = select(users_table).where(_COLUMNS.is_active.is_(True)).order_by(_COLUMNS.name, _COLUMNS.id)
    if ids is not None:
        wanted = wanted.where(_COLUMNS.id.in_(sorted(set(ids))))
    return [colleague_of(row) for row in (await connection.execute(wanted)).mappings()]


async def known_colleagues(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Colleague]:
    """The people behind ids with their working days, those who left included."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = await connection.execute(select(users_table).where(_COLUMNS.id.in_(wanted)))
    return {row["id"]: colleague_of(row) for row in rows.mappings()}


def colleague_of(row: Any) -> Colleague:
    """A row of the users as a colleague."""
    return Colleague(**{name: row[name] for name in Colleague.__struct_fields__})


async def check_colleague(connection: AsyncConnection, user_id: str | None, field: str) -> None:
    """InvalidInput unless `user_id` is an active colleague; None is nobody, and fine."""
    if user_id is not None and not await colleagues(connection, [user_id]):
        raise InvalidInput(
            f"Field '{field}' must be the id of an active colleague; see GET /api/users.",
            details={"field": field, "value": user_id[:60]},
        )


def person_behind(principal: Principal) -> str:
    """The user who asks; Forbidden when it is no person."""
    if principal.user_id is None:
        raise Forbidden("This is for people; log in as one.")
    return principal.user_id
