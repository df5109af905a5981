"""What accounts hold of a person, and the end of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.auth import accounts
from wipsie.auth.accounts import WORK_DAYS, email_key
from wipsie.auth.api_keys import api_keys_table
from wipsie.auth.one_time_links import one_time_links_table
from wipsie.auth.sessions import sessions_table
from wipsie.kernel.clock import iso_utc_ms

FORMER_MEMBER = "Former member"
_SECRETS = ("password_hash", "password_key_id", "email_key", "secret_hash", "secret_key_id", "token_hash")
_TIME = "_at_ms"


class AccountData:
    """A `PersonalData` of the account itself, its sessions, keys and links. Whoever erases forgets, once that is committed,
    what the authenticator remembers of the person."""

    async def export(self, connection: AsyncConnection, user_id: str) -> dict[str, Any]:
        """The account with its sessions and keys, and the links made for it, without what they are checked by."""
        user = await accounts.find(connection, user_id)
        if user is None:
            return {}
        found: dict[str, Any] = {
            "account": await _shown(connection, accounts.users_table, accounts.users_table.c.id == user_id)
        }
        for name, table in (("sessions", sessions_table), ("api_keys", api_keys_table)):
            found[name] = await _shown(connection, table, table.c.user_id == user_id)
        theirs = one_time_links_table.c.id.in_(await _their_links(connection, user_id, user.email))
        found["one_time_links"] = await _shown(connection, one_time_links_table, theirs)
        return found

    async def erase(self, connection: AsyncConnection, user_id: str, *, now_ms: int) -> dict[str, int]:
        """The row stays, so that what they wrote has an author; nothing in it tells who that was. NotFound; Conflict for the
        last active admin."""
        before = await accounts.hold(connection, user_id, with_admins=True)
        if before.erased_at_ms is not None:
            return {}
        # Nobody gets mail under `.invalid` (RFC 2606), and nobody registers with it.
        address = f"{user_id}@erased.invalid"
        counts: dict[str, int] = {}
        for table in (sessions_table, api_keys_table):
            counts[table.name] = (await connection.execute(delete(table).where(table.c.user_id == user_id))).rowcount
        theirs = await _their_links(connection, user_id, before.email)
        links = delete(one_time_links_table).where(one_time_links_table.c.id.in_(theirs))
        counts[one_time_links_table.name] = (await connection.execute(links)).rowcount
        await accounts.change(
            connection,
            before,
            now_ms,
            {
                "name": FORMER_MEMBER,
                "email": address,
                "email_key": email_key(address),
                "is_active": False,
                "timezone": "UTC",
                "work_days": list(WORK_DAYS),
                "reader_only": False,
                "password_hash": None,
                "password_key_id": None,
                "password_changed_at_ms": None,
                "erased_at_ms": now_ms,
            },
        )
        return {**counts, accounts.users_table.name: 1}


async def _their_links(connection: AsyncConnection, user_id: str, email: str) -> list[str]:
    """Ids of the links to their account, and of invitations to their address in whatever way it was written."""
    columns = one_time_links_table.c
    wanted = select(columns.id, columns.user_id, columns.email).where(
        (columns.user_id == user_id) | columns.email.is_not(None)
    )
    key = email_key(email)
    return [
        row.id
        for row in await connection.execute(wanted)
        if row.user_id == user_id or (row.email is not None and email_key(row.email) == key)
    ]


async def _shown(connection: AsyncConnection, table: Table, condition: Any) -> list[dict[str, Any]]:
    rows = (await connection.execute(select(table).where(condition).order_by(table.c.id))).mappings()
    return [_plain(row) for row in rows]


def _plain(row: RowMapping) -> dict[str, Any]:
    """Without secrets, and with times as people read them."""
    plain: dict[str, Any] = {}
    for name, value in row.items():
        if name in _SECRETS:
            continue
        if name.endswith(_TIME):
            plain[name.removesuffix("_ms")] = None if value is None else iso_utc_ms(value)
        else:
            plain[name] = value
    return plain
