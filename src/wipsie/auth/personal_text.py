"""What the person of an account is called, to look for it in texts."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth.accounts import users_table
from wipsie.database.personal_text import PersonalText

_COLUMNS = users_table.c


async def person_named(connection: AsyncConnection, user_id: str) -> PersonalText | None:
    """Name and address of an account; None when it was erased, or never was."""
    wanted = select(_COLUMNS.name, _COLUMNS.email).where(_COLUMNS.id == user_id, _COLUMNS.erased_at_ms.is_(None))
    row = (await connection.execute(wanted)).one_or_none()
    return None if row is None else PersonalText(user_id=user_id, name=row.name, email=row.email)
