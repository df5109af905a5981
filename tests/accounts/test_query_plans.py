"""Promises of the lists and look-ups of accounts: each reads through an index, at a hundred thousand rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.api.accounts.audit import AUDIT_LIST
from wipsie.api.accounts.invitations import INVITATION_LIST
from wipsie.api.accounts.keys import KEY_LIST
from wipsie.api.accounts.sessions import SESSION_LIST
from wipsie.api.accounts.users import USER_LIST
from wipsie.api.lists import ListSpec
from wipsie.api.lists.reading import page_statement
from wipsie.audit import events_table
from wipsie.auth import api_keys, one_time_links, sessions
from wipsie.auth.accounts import users_table
from wipsie.database import Database
from wipsie.kernel.ids import first_object_id
from wipsie.testing.query_plans import ROWS, asked, assert_indexed, fill_table, query_plan

pytestmark = pytest.mark.slow
START_MS = 1_750_000_000_000
NOW_MS = START_MS + ROWS * 1_000
"""A day and a bit after the first row."""


async def fill(connection: AsyncConnection) -> None:
    await fill_table(connection, users_table, users())
    await fill_table(connection, sessions.sessions_table, logins())
    await fill_table(connection, api_keys.api_keys_table, keys())
    await fill_table(connection, one_time_links.one_time_links_table, links())
    await fill_table(connection, events_table, events())


def numbered(prefix: str) -> Iterator[tuple[int, str, int, bool]]:
    """Number, id, time, and whether it is one of a few."""
    for number in range(ROWS):
        at_ms = START_MS + number * 1_000
        yield number, first_object_id(prefix, at_ms), at_ms, number % 20_000 == 11


def users() -> Iterator[dict[str, Any]]:
    for number, user_id, at_ms, is_rare in numbered("usr"):
        yield {
            "id": user_id,
            "email": f"{number}@example.org",
            "email_key": f"{number}@example.org",
            "name": f"Person {number * 7919 % ROWS}",
            "role": "admin" if is_rare else "member",
            "is_active": not is_rare,
            "timezone": "UTC",
            "work_days": [0],
            "reader_only": False,
            "password_hash": None,
            "password_key_id": None,
            "password_changed_at_ms": None,
            "created_at_ms": at_ms,
            "created_by": None,
            "updated_at_ms": at_ms,
            "version": 1,
            "erased_at_ms": None,
        }


def logins() -> Iterator[dict[str, Any]]:
    for _, session_id, at_ms, is_rare in numbered("ses"):
        yield {
            "id": session_id,
            "user_id": "usr_rare" if is_rare else "usr_often",
            "issued_at_ms": at_ms,
            "expires_at_ms": at_ms + 86_400_000,
            "last_seen_at_ms": at_ms,
            "address": None,
            "user_agent": None,
            "revoked_at_ms": None,
            "revoked_because": None,
        }


def keys() -> Iterator[dict[str, Any]]:
    for number, key_id, at_ms, is_rare in numbered("key"):
        yield {
            "id": key_id,
            "user_id": "usr_rare" if is_rare else "usr_often",
            "name": "script",
            "scopes": ["users:read"],
            "secret_hash": f"{number:064d}",
            "created_at_ms": at_ms,
            "expires_at_ms": None,
            "last_used_at_ms": None,
            "revoked_at_ms": None,
        }


def links() -> Iterator[dict[str, Any]]:
    for number, link_id, at_ms, is_rare in numbered("otl"):
        yield {
            "id": link_id,
            "kind": "setup" if is_rare else "invitation" if number % 2 else "reset",
            "token_hash": f"{number:064d}",
            "user_id": None,
            "email": None,
            "role": "member",
            "created_at_ms": at_ms,
            "created_by": "usr_rare" if number % 20_000 == 13 else "usr_often",
            "expires_at_ms": at_ms + 7 * 86_400_000,
            "used_at_ms": None,
        }


def events() -> Iterator[dict[str, Any]]:
    for number, _, at_ms, is_rare in numbered("x"):
        yield {
            "seq": number + 1,
            "at_ms": at_ms,
            "actor": "cli" if is_rare else "user:usr_often",
            "action": "auth:user:change_role" if is_rare else "auth:session:create",
            "object": f"user:usr_{'rare' if is_rare else 'often'}",
            "request_id": None,
            "key_id": "k",
            "body": b"{}",
            "seal": "s",
        }


def seen(spec: ListSpec, owner: str) -> list[ColumnElement[bool]]:
    """What the route adds for whoever asks."""
    if spec is SESSION_LIST:
        return [*sessions.live(NOW_MS), sessions.COLUMNS.user_id == owner]
    if spec is KEY_LIST:
        return [api_keys.COLUMNS.revoked_at_ms.is_(None), api_keys.COLUMNS.user_id == owner]
    if spec is INVITATION_LIST:
        live = one_time_links.live("invitation", NOW_MS)
        return [*live, one_time_links.COLUMNS.created_by == owner] if owner else [*live]
    return [users_table.c.erased_at_ms.is_(None)] if spec is USER_LIST else []


CASES = [
    *[
        (USER_LIST, "", query)
        for query in ("role=admin", "role=member", "role=lead,admin", "active=false", "active=true")
    ],
    *[
        (USER_LIST, "", f"{query}&sort=created")
        for query in ("role=admin", "role=member", "active=false", "active=true")
    ],
    (USER_LIST, "", "id=me"),
    *[(USER_LIST, "", f"sort={sort}") for sort in ("name", "-name", "created", "-created")],
    *[
        (spec, owner, f"sort={sort}")
        for spec in (SESSION_LIST, KEY_LIST)
        for owner in ("usr_rare", "usr_often", "usr_none")
        for sort in ("created", "-created")
    ],
    *[
        (INVITATION_LIST, owner, f"sort={sort}")
        for owner in ("", "usr_rare", "usr_often", "usr_none")
        for sort in ("created", "-created")
    ],
    *[
        (AUDIT_LIST, "", query)
        for query in (
            "",
            "sort=seq",
            "actor=cli",
            "actor=user:usr_often",
            "actor=nobody",
            "action=auth:user:change_role",
            "object=user:usr_rare",
            "object=user:usr_often",
        )
    ],
]


@pytest.mark.parametrize(
    ("spec", "owner", "query"), [pytest.param(*case, id=f"{case[0].name}?{case[2]} of {case[1]}") for case in CASES]
)
async def test_every_list_reads_through_an_index(full: Database, spec: ListSpec, owner: str, query: str) -> None:
    statement = page_statement(spec, asked(spec, query, now_ms=NOW_MS, user_id="usr_rare"), where=seen(spec, owner))
    async with full.read() as connection:
        if query.startswith("sort=") or not query:
            # It goes along an index until the page is full.
            plan = await query_plan(connection, statement)
            assert (plan.work, [*plan.sorts]) == (None, []), str(plan)
        else:
            await assert_indexed(connection, statement, may_sort=query in ("role=lead,admin", "id=me"))


async def test_what_every_request_and_login_looks_up_is_found_by_an_index(full: Database) -> None:
    looked_up = [
        select(sessions.sessions_table).where(sessions.COLUMNS.id == "ses_x"),
        select(api_keys.api_keys_table).where(api_keys.COLUMNS.secret_hash == "x"),
        select(users_table).where(users_table.c.id == "usr_x"),
        select(users_table).where(users_table.c.email_key == "x"),
        select(one_time_links.one_time_links_table).where(one_time_links.COLUMNS.token_hash == "x"),
        select(users_table.c.id).where(users_table.c.role == "admin", users_table.c.is_active.is_(True)).limit(1),
        select(users_table)
        .where((users_table.c.id == "usr_x") | ((users_table.c.role == "admin") & users_table.c.is_active.is_(True)))
        .order_by(users_table.c.id),
        select(sessions.COLUMNS.id)
        .where(sessions.COLUMNS.expires_at_ms < START_MS)
        .order_by(sessions.COLUMNS.expires_at_ms)
        .limit(5_000),
        select(one_time_links.COLUMNS.id)
        .where(one_time_links.COLUMNS.expires_at_ms < START_MS)
        .order_by(one_time_links.COLUMNS.expires_at_ms)
        .limit(5_000),
    ]
    async with full.read() as connection:
        for statement in looked_up:
            # All admins are held in one order, and they are few.
            await assert_indexed(connection, statement, may_sort=" OR " in str(statement))
