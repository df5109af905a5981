"""Keys that sign: their secrets are kept nowhere, and they are good for as long as key and owner are."""

from __future__ import annotations

import pytest
from auth_parts import SECRET, AuthParts
from sqlalchemy import select

from wipsie.audit.tables import events_table
from wipsie.auth import accounts
from wipsie.auth.api_keys import api_keys_table
from wipsie.auth.authenticator import REMEMBERED_S
from wipsie.auth.keyring import Keyring
from wipsie.auth.personal_data import AccountData
from wipsie.auth.principal import Principal
from wipsie.auth.service.keys import MadeKey
from wipsie.auth.signing_keys import SigningKey
from wipsie.auth.signing_secrets import is_access_key_id, new_access_key_id, signing_secret
from wipsie.kernel.errors import Forbidden, InvalidInput, Unauthorized

NEWER = bytes(range(100, 132))


async def make_key(parts: AuthParts, *allow: str, role: str = "admin", days: int | None = None) -> MadeKey:
    owner = await parts.add("ada", role)
    async with parts.database.unit_of_work() as unit:
        return await parts.services.keys.create(
            unit, parts.as_user(owner), owner_id=owner.id, name="shop", allow=allow or ("*:*",), lifetime_days=days
        )


async def find(parts: AuthParts, made: MadeKey) -> SigningKey | None:
    return await parts.services.authenticator.signing_keys.find(made.key.access_key_id or "")


async def test_a_key_signs_with_the_secret_its_owner_was_shown_and_the_database_holds_none(parts: AuthParts) -> None:
    made = await make_key(parts, "send:orders*")
    found = await find(parts, made)
    assert found is not None
    assert (found.secret, len(found.secret), found.id) == (made.secret, 40, made.key.id)
    assert is_access_key_id(found.access_key_id)
    assert found.rights.may("SendMessage", "orders-1")
    async with parts.database.read() as connection:
        rows = (await connection.execute(select(api_keys_table))).mappings().all()
    assert len(rows) == 1
    assert made.secret not in repr(rows)
    with pytest.raises(Unauthorized):
        await parts.services.authenticator.authenticate(made.secret)


async def test_ids_that_nobody_made_are_unknown(parts: AuthParts) -> None:
    keys = parts.services.authenticator.signing_keys
    for text in (
        new_access_key_id(),
        "",
        "AKIAIOSFODNN7EXAMPLE",
        "WIPS",
        "wips" + "a" * 16,
        "\x00",
        "WIPS" + "A" * 400,
    ):
        assert await keys.find(text) is None


async def test_a_revoked_key_ends_at_once_here_and_within_seconds_elsewhere(parts: AuthParts) -> None:
    made = await make_key(parts)
    async with parts.database.read() as connection:
        owner = await accounts.get(connection, made.key.user_id)
    elsewhere = parts.other_process().authenticator.signing_keys
    assert await find(parts, made)
    assert await elsewhere.find(made.key.access_key_id or "")
    async with parts.database.unit_of_work() as unit:
        await parts.services.keys.revoke(unit, parts.as_user(owner), made.key.id)
    assert await find(parts, made) is None
    parts.clock.jump(REMEMBERED_S)
    assert await elsewhere.find(made.key.access_key_id or "") is None


async def test_a_key_ends_with_its_time(parts: AuthParts) -> None:
    made = await make_key(parts, days=1)
    parts.clock.jump(86_399)
    assert await find(parts, made)
    parts.clock.jump(1)
    assert await find(parts, made) is None


async def test_a_key_dies_with_its_owners_account_and_shrinks_with_their_role(parts: AuthParts) -> None:
    made = await make_key(parts)
    boss = await parts.add("eve", "admin")
    found = await find(parts, made)
    assert found is not None
    assert found.rights.may("PurgeQueue", "orders")
    async with parts.database.unit_of_work() as unit:
        await parts.services.people.change(unit, parts.as_user(boss), made.key.user_id, {"role": "lead"})
    found = await find(parts, made)
    assert found is not None
    assert not found.rights.may("PurgeQueue", "orders")
    assert found.rights.may("SendMessage", "orders")
    async with parts.database.unit_of_work() as unit:
        await parts.services.people.change(unit, parts.as_user(boss), made.key.user_id, {"is_active": False})
    assert await find(parts, made) is None


async def test_a_new_secret_key_leaves_old_keys_good_while_the_old_one_is_there(parts: AuthParts) -> None:
    made = await make_key(parts)
    access_key_id = made.key.access_key_id or ""
    rotated = parts.other_process(Keyring([NEWER, SECRET])).authenticator.signing_keys
    found = await rotated.find(access_key_id)
    assert found is not None
    assert found.secret == made.secret
    assert signing_secret(Keyring([NEWER]), Keyring([NEWER]).current, access_key_id) != made.secret
    assert await parts.other_process(Keyring([NEWER])).authenticator.signing_keys.find(access_key_id) is None


async def test_rules_are_checked_against_the_owner_and_never_mixed_with_scopes(parts: AuthParts) -> None:
    lead = await parts.add("lea", "lead")
    keys = parts.services.keys
    async with parts.database.unit_of_work() as unit:
        with pytest.raises(InvalidInput, match="queues:manage"):
            await keys.create(unit, parts.as_user(lead), owner_id=lead.id, name="x", allow=["manage:*"])
        with pytest.raises(InvalidInput, match="not both"):
            await keys.create(
                unit, parts.as_user(lead), owner_id=lead.id, name="x", allow=["send:*"], scopes=["queues:read"]
            )
        with pytest.raises(InvalidInput, match="at least one scope"):
            await keys.create(unit, parts.as_user(lead), owner_id=lead.id, name="x")
        key = Principal(kind="key", id="key_1", user_id=lead.id, extents=parts.as_user(lead).extents)
        with pytest.raises(Forbidden):
            await keys.create(unit, key, owner_id=lead.id, name="x", allow=["send:*"])


async def test_making_a_key_is_audited_without_its_secret_and_uses_are_noted(parts: AuthParts) -> None:
    made = await make_key(parts, "send:a", "send:b")
    found = await find(parts, made)
    assert found is not None
    parts.services.authenticator.signing_keys.note_used(found)
    assert await parts.services.authenticator.write_seen() == 1
    async with parts.database.read() as connection:
        events = [dict(row) for row in (await connection.execute(select(events_table))).mappings()]
        exported = await AccountData().export(connection, made.key.user_id)
    (event,) = [one for one in events if one["action"] == "auth:key:create"]
    assert "rules" in repr(event)
    assert made.secret not in repr(events)
    (shown,) = exported["api_keys"]
    assert shown["allow"] == ["send:a", "send:b"]
    assert shown["last_used_at"] is not None
    assert not {"secret_hash", "secret_key_id"} & shown.keys()
