"""Logins, sessions and keys, and what is remembered of them. On both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from auth_parts import ADDRESS, OTHER_PASSWORD, PASSWORD, SECRET, AuthParts
from sqlalchemy import event, select

from wipsie.audit import list_events
from wipsie.auth import api_keys, authenticator, sessions
from wipsie.auth.accounts import User
from wipsie.auth.authenticator import REMEMBERED_S, SEEN_EVERY_S
from wipsie.auth.keyring import Keyring
from wipsie.auth.password_hasher import PasswordHasher
from wipsie.auth.rights import Extent
from wipsie.auth.service.keys import MadeKey
from wipsie.auth.service.services import AccountServices
from wipsie.kernel.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LoginFailed,
    LoginThrottled,
    NotFound,
    Unauthorized,
)

NEW_SECRET = bytes(range(1, 33))


async def make_key(parts: AuthParts, owner: User, *scopes: str, days: int | None = None) -> MadeKey:
    async with parts.database.unit_of_work() as unit:
        return await parts.services.keys.create(
            unit, parts.as_user(owner), owner_id=owner.id, name="script", scopes=scopes, lifetime_days=days
        )


async def change(
    parts: AuthParts, by: User, user: User, services: AccountServices | None = None, **changes: Any
) -> None:
    async with parts.database.unit_of_work() as unit:
        await (services or parts.services).people.change(unit, parts.as_user(by), user.id, changes)


async def is_let_in(services: AccountServices, token: str) -> bool:
    try:
        await services.authenticator.authenticate(token)
    except Unauthorized:
        return False
    return True


def statements(parts: AuthParts) -> tuple[list[str], Callable[[], None]]:
    """What is asked of the database from now on, until the second is called."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    engines = {parts.database.engine.sync_engine, parts.database._reader.sync_engine}  # pyright: ignore[reportPrivateUsage]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)

    def stop() -> None:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)

    return asked, stop


async def test_a_login_is_a_session_that_says_who_may_do_what(parts: AuthParts) -> None:
    ann = await parts.add("ann", "lead")
    logged_in = await parts.log_in("ann")
    principal = await parts.services.authenticator.authenticate(logged_in.token)
    assert (principal.kind, principal.id, principal.user_id, principal.role) == ("user", ann.id, ann.id, "lead")
    assert principal.actor == f"user:{ann.id}"
    assert principal.session_id == logged_in.session.id
    assert principal.extent("users:invite") is Extent.OWN
    assert not principal.may("users:manage", own=True)


async def test_wrong_credentials_are_refused_alike(parts: AuthParts) -> None:
    await parts.add("ann")
    await parts.add("bob", password=None)
    await parts.add("carl", is_active=False)
    told: set[str] = set()
    for name, password in (
        ("ann", "wrong"),
        ("ann", PASSWORD.upper()),
        ("nobody", PASSWORD),
        ("bob", PASSWORD),
        ("carl", PASSWORD),
    ):
        with pytest.raises(LoginFailed) as caught:
            await parts.log_in(name, password)
        told.add(f"{caught.value.message}{caught.value.details}{caught.value.retry_after_s}")
    assert told == {"E-mail or password is wrong.{}None"}


async def test_a_failed_login_is_in_the_audit_log_without_an_address(parts: AuthParts) -> None:
    ann = await parts.add("ann")
    for name in ("ann", "nobody"):
        with pytest.raises(LoginFailed):
            await parts.log_in(name, "wrong")
    await parts.log_in("ann")
    session, unknown, known = await list_events(parts.database)
    assert (known.actor, known.action, known.facts) == ("anonymous", "auth:login:fail", {"user": ann.id})
    assert (unknown.action, unknown.facts) == ("auth:login:fail", {})
    assert known.object.startswith("login:")
    assert known.object != unknown.object
    assert (session.actor, session.action) == (f"user:{ann.id}", "auth:session:create")
    assert "example.org" not in f"{known}{unknown}{session}"


async def test_five_failures_lock_the_account_for_a_moment_and_a_success_opens_it(parts: AuthParts) -> None:
    await parts.add("ann")
    for number in range(5):
        with pytest.raises(LoginFailed):
            await parts.log_in("ann", "wrong", address=f"192.0.2.{number}")
    with pytest.raises(LoginThrottled):
        await parts.log_in("ann", address="192.0.2.9")
    parts.clock.jump(1)
    await parts.log_in("ann", address="192.0.2.9")
    for number in range(4):
        with pytest.raises(LoginFailed):
            await parts.log_in("ann", "wrong", address=f"192.0.2.{number}")
    await parts.log_in("ann", address="192.0.2.9")


async def test_an_admin_unlocks(parts: AuthParts) -> None:
    ada, ann = await parts.add("ada", "admin"), await parts.add("ann")
    for number in range(5):
        with pytest.raises(LoginFailed):
            await parts.log_in("ann", "wrong", address=f"192.0.2.{number}")
    with pytest.raises(Forbidden):
        await parts.services.people.unlock(parts.as_user(ann), ann.id)
    await parts.services.people.unlock(parts.as_user(ada), ann.id)
    assert await parts.log_in("ann")


async def test_after_a_change_of_secret_the_next_login_makes_the_hash_anew(parts: AuthParts) -> None:
    ann = await parts.add("ann")
    keyring = Keyring([NEW_SECRET, SECRET])
    office = parts.services.office
    hasher = PasswordHasher(lambda: keyring, cost=5)
    object.__setattr__(office, "hasher", hasher)
    await parts.log_in("ann")
    after = await parts.get(ann)
    assert after.password_key_id == keyring.current
    assert after.password_hash is not None
    assert after.password_hash.startswith("$2b$05$")
    assert after.password_changed_at_ms == ann.password_changed_at_ms, "the password is the same"
    await parts.log_in("ann")
    assert await parts.get(ann) == after


async def test_what_is_remembered_asks_the_database_nothing(parts: AuthParts) -> None:
    ann = await parts.add("ann")
    tokens = [(await parts.log_in("ann")).token, (await make_key(parts, ann, "users:read")).secret]
    for token in tokens:
        asked, stop = statements(parts)
        await parts.services.authenticator.authenticate(token)
        assert asked
        asked.clear()
        for _ in range(100):
            await parts.services.authenticator.authenticate(token)
        parts.clock.jump(REMEMBERED_S - 0.1)
        await parts.services.authenticator.authenticate(token)
        assert asked == []
        parts.clock.jump(0.1)
        await parts.services.authenticator.authenticate(token)
        assert asked, "five seconds are over"
        stop()


async def test_memory_has_a_bound(parts: AuthParts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authenticator, "REMEMBERED_MAX", 3)
    await parts.add("ann")
    tokens = [(await parts.log_in("ann")).token for _ in range(5)]
    for token in tokens:
        await parts.services.authenticator.authenticate(token)
    asked, stop = statements(parts)
    await parts.services.authenticator.authenticate(tokens[-1])
    assert asked == []
    await parts.services.authenticator.authenticate(tokens[0])
    assert asked
    stop()


ENDINGS = ["log_out", "end", "end_others", "password", "reset", "set", "deactivate", "demote", "key"]


@pytest.mark.parametrize("how", ENDINGS)
async def test_what_this_process_ends_is_over_with_the_next_request_and_elsewhere_within_seconds(
    parts: AuthParts, how: str
) -> None:
    ada, ann = await parts.add("ada", "admin"), await parts.add("ann", "lead")
    services, elsewhere = parts.services, parts.other_process()
    logged_in, other = await parts.log_in("ann"), await parts.log_in("ann")
    key = await make_key(parts, ann, "users:read")
    token = key.secret if how == "key" else logged_in.token
    principal = await services.authenticator.authenticate(token)
    await elsewhere.authenticator.authenticate(token)
    by_other = await services.authenticator.authenticate(other.token)
    match how:
        case "log_out":
            async with parts.database.unit_of_work() as unit:
                await services.login.log_out(unit, principal)
        case "end":
            async with parts.database.unit_of_work() as unit:
                await services.login.end(unit, by_other, logged_in.session.id)
        case "end_others":
            async with parts.database.unit_of_work() as unit:
                assert await services.login.end_others(unit, by_other) == 1
        case "password":
            await services.passwords.change(by_other, current=PASSWORD, new=OTHER_PASSWORD, address=ADDRESS)
        case "reset":
            async with parts.database.unit_of_work() as unit:
                made = await services.passwords.reset_link(unit, parts.as_user(ada), ann.id)
            await services.passwords.reset(token=made.url.rpartition("=")[2], password=OTHER_PASSWORD)
        case "set":
            await services.passwords.set(parts.as_user(ada), ann.id, OTHER_PASSWORD)
        case "key":
            async with parts.database.unit_of_work() as unit:
                await services.keys.revoke(unit, by_other, key.key.id)
        case "demote":
            await change(parts, ada, ann, role="member")
        case _:
            await change(parts, ada, ann, is_active=False)
    if how == "demote":
        # The session goes on, in the new role.
        assert (await services.authenticator.authenticate(token)).role == "member"
        assert (await elsewhere.authenticator.authenticate(token)).role == "lead"
        parts.clock.jump(REMEMBERED_S)
        assert (await elsewhere.authenticator.authenticate(token)).role == "member"
        return
    assert not await is_let_in(services, token)
    assert await is_let_in(elsewhere, token), "another process remembers"
    parts.clock.jump(REMEMBERED_S)
    assert not await is_let_in(elsewhere, token)
    assert await is_let_in(services, other.token) == (how in ("log_out", "end", "end_others", "password", "key"))
    if how == "deactivate":
        assert not await is_let_in(services, key.secret), "the keys of one who left are dead"


async def test_what_was_read_before_an_ending_is_not_remembered_after_it(parts: AuthParts) -> None:
    ada, ann = await parts.add("ada", "admin"), await parts.add("ann")
    token = (await parts.log_in("ann")).token
    for number in range(20):
        # At the same moment: whichever comes first, the next request sees the end.
        await asyncio.gather(
            is_let_in(parts.services, token), change(parts, ada, ann, is_active=False), is_let_in(parts.services, token)
        )
        assert not await is_let_in(parts.services, token)
        await change(parts, ada, ann, is_active=True)
        token = (await parts.log_in("ann", address=f"192.0.2.{number}")).token


async def test_an_ending_that_is_not_committed_ends_nothing(parts: AuthParts) -> None:
    await parts.add("ann")
    token = (await parts.log_in("ann")).token
    principal = await parts.services.authenticator.authenticate(token)

    async def log_out_in_vain() -> None:
        async with parts.database.unit_of_work() as unit:
            await parts.services.login.log_out(unit, principal)
            raise RuntimeError("too late")

    with pytest.raises(RuntimeError, match="late"):
        await log_out_in_vain()
    assert await is_let_in(parts.services, token)


async def test_a_session_ends_after_a_day_even_while_it_is_remembered(parts: AuthParts) -> None:
    await parts.add("ann")
    token = (await parts.log_in("ann")).token
    parts.clock.jump(24 * 3600 - 1)
    assert await is_let_in(parts.services, token)
    parts.clock.jump(1)
    assert not await is_let_in(parts.services, token)


async def test_a_good_token_without_its_session_is_worth_nothing(parts: AuthParts) -> None:
    ann, bob = await parts.add("ann"), await parts.add("bob")
    session = (await parts.log_in("ann")).session
    make = parts.services.office.tokens.make
    good_ms = session.expires_at_ms
    assert await is_let_in(
        parts.services, make(user_id=ann.id, session_id=session.id, role="member", expires_at_ms=good_ms)
    )
    for user_id, session_id in ((bob.id, session.id), (ann.id, "ses_none"), ("usr_none", session.id), ("", "")):
        token = make(user_id=user_id, session_id=session_id, role="admin", expires_at_ms=good_ms)
        assert not await is_let_in(parts.services, token)


async def test_the_role_in_a_token_counts_for_nothing(parts: AuthParts) -> None:
    ann = await parts.add("ann")
    session = (await parts.log_in("ann")).session
    token = parts.services.office.tokens.make(
        user_id=ann.id, session_id=session.id, role="admin", expires_at_ms=session.expires_at_ms
    )
    assert (await parts.services.authenticator.authenticate(token)).role == "member"


async def test_a_key_may_what_its_owner_may_now_and_its_scopes_name(parts: AuthParts) -> None:
    ada, grace = await parts.add("ada", "admin"), await parts.add("grace", "admin")
    key = await make_key(parts, ada, "users:manage", "users:read", "keys:manage")
    principal = await parts.services.authenticator.authenticate(key.secret)
    assert (principal.kind, principal.actor) == ("key", f"key:{key.key.id}")
    assert dict(principal.extents) == {
        "users:manage": Extent.ALL,
        "users:read": Extent.ALL,
        "keys:manage": Extent.ALL,
    }
    await change(parts, grace, ada, role="member")
    principal = await parts.services.authenticator.authenticate(key.secret)
    assert dict(principal.extents) == {"users:read": Extent.ALL, "keys:manage": Extent.OWN}


async def test_a_key_has_no_scope_its_owner_has_not(parts: AuthParts) -> None:
    ann = await parts.add("ann")
    for scopes in (["users:manage"], ["users:read", "audit:read"], ["no:such"], [], [""], ["\x00"]):
        with pytest.raises(InvalidInput) as caught:
            await make_key(parts, ann, *scopes)
        assert caught.value.details["field"] == "scopes"


async def test_a_key_makes_no_keys(parts: AuthParts) -> None:
    ann = await parts.add("ann")
    key = await make_key(parts, ann, "keys:manage")
    principal = await parts.services.authenticator.authenticate(key.secret)
    with pytest.raises(Forbidden, match="log in"):
        async with parts.database.unit_of_work() as unit:
            await parts.services.keys.create(unit, principal, owner_id=ann.id, name="x", scopes=["keys:manage"])
    with pytest.raises(Forbidden):
        async with parts.database.unit_of_work() as unit:
            await parts.services.people.change_profile(unit, principal, {"name": "Eve"})
    with pytest.raises(Forbidden):
        await parts.services.passwords.change(principal, current=PASSWORD, new=OTHER_PASSWORD, address=ADDRESS)


async def test_the_secret_of_a_key_is_kept_nowhere(parts: AuthParts) -> None:
    ann = await parts.add("ann")
    key = await make_key(parts, ann, "users:read")
    assert key.secret.startswith("wipsie_")
    assert len(key.secret) >= 50
    async with parts.database.read() as connection:
        rows = (await connection.execute(select(api_keys.api_keys_table))).all()
    assert key.secret not in str(rows)


@pytest.mark.parametrize("secret", ["wipsie_", "wipsie_x", "wipsie_" + "A" * 43, "wipsie_" + "x" * 10_000])
async def test_no_other_key_opens_anything(parts: AuthParts, secret: str) -> None:
    await make_key(parts, await parts.add("ann"), "users:read")
    assert not await is_let_in(parts.services, secret)


async def test_a_key_ends_when_it_was_to_end(parts: AuthParts) -> None:
    ann = await parts.add("ann")
    key = await make_key(parts, ann, "users:read", days=1)
    for_ever = await make_key(parts, ann, "users:read")
    parts.clock.jump(86_399)
    assert await is_let_in(parts.services, key.secret)
    parts.clock.jump(1)
    assert not await is_let_in(parts.services, key.secret)
    parts.clock.jump(400 * 86_400)
    assert await is_let_in(parts.services, for_ever.secret)
    for days in (0, -1, 3_651):
        with pytest.raises(InvalidInput):
            await make_key(parts, ann, "users:read", days=days)


async def test_one_person_has_a_bounded_number_of_keys(parts: AuthParts, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await parts.add("ann")
    monkeypatch.setattr("wipsie.auth.service.keys.KEYS_MAX", 3)
    results = await asyncio.gather(*(make_key(parts, ann, "users:read") for _ in range(6)), return_exceptions=True)
    assert [type(result) for result in results].count(Conflict) == 3, results


async def test_others_end_nothing_of_mine(parts: AuthParts) -> None:
    ann, bob, ada = await parts.add("ann"), await parts.add("bob"), await parts.add("ada", "admin")
    session, key = (await parts.log_in("ann")).session, (await make_key(parts, ann, "users:read")).key

    async def end(by: User) -> None:
        async with parts.database.unit_of_work() as unit:
            await parts.services.login.end(unit, parts.as_user(by), session.id)

    async def revoke(by: User) -> None:
        async with parts.database.unit_of_work() as unit:
            await parts.services.keys.revoke(unit, parts.as_user(by), key.id)

    for work in (end, revoke):
        # As if it were not there: who may not touch it learns nothing of it.
        with pytest.raises(NotFound):
            await work(bob)
        await work(ada)
        with pytest.raises(NotFound):
            await work(ann)


async def test_last_uses_are_written_once_a_minute(parts: AuthParts) -> None:
    ann = await parts.add("ann")
    logged_in, key = await parts.log_in("ann"), await make_key(parts, ann, "users:read")
    authenticator = parts.services.authenticator

    async def use() -> tuple[int, int | None]:
        for token in (logged_in.token, key.secret):
            await authenticator.authenticate(token)
        await authenticator.write_seen()
        async with parts.database.read() as connection:
            session = await sessions.find(connection, logged_in.session.id)
            found = await api_keys.find(connection, key.key.id)
        assert session is not None
        assert found is not None
        return session.last_seen_at_ms, found.last_used_at_ms

    started_ms = parts.clock.now_ms()
    assert await use() == (started_ms, started_ms)
    parts.clock.jump(SEEN_EVERY_S - 1)
    assert await use() == (started_ms, started_ms), "not so soon again"
    parts.clock.jump(REMEMBERED_S)
    assert await use() == (parts.clock.now_ms(), parts.clock.now_ms())


async def test_what_clients_say_of_themselves_is_bounded_and_harmless(parts: AuthParts) -> None:
    await parts.add("ann")
    logged_in = await parts.services.login.log_in(
        email="ann@example.org", password=PASSWORD, address="x" * 1_000, user_agent="\x00\x1b[31m\u202e\ud800" * 200
    )
    async with parts.database.read() as connection:
        session = await sessions.find(connection, logged_in.session.id)
    assert session is not None
    assert session.user_agent is not None
    assert session.address is not None
    assert len(session.user_agent) == len(session.address) == sessions.CLIENT_CHARACTERS_MAX
    assert session.user_agent.isprintable()


async def test_the_present_password_is_asked_for_and_guessing_it_is_slow(parts: AuthParts) -> None:
    ann = await parts.add("ann")
    for number in range(5):
        with pytest.raises(InvalidInput) as caught:
            await parts.services.passwords.change(
                parts.as_user(ann), current="wrong", new=OTHER_PASSWORD, address=f"192.0.2.{number}"
            )
        assert caught.value.details["field"] == "current_password"
    with pytest.raises(LoginThrottled):
        await parts.services.passwords.change(parts.as_user(ann), current=PASSWORD, new=OTHER_PASSWORD, address=ADDRESS)
    parts.clock.jump(1)
    with pytest.raises(InvalidInput) as caught:
        await parts.services.passwords.change(parts.as_user(ann), current=PASSWORD, new="password1", address=ADDRESS)
    assert caught.value.details["field"] == "new_password"


async def test_ended_sessions_and_links_are_pruned_in_bounded_steps(parts: AuthParts) -> None:
    await parts.add("ann")
    for _ in range(3):
        await parts.log_in("ann")
    parts.clock.jump(8 * 86_400)
    live = await parts.log_in("ann")
    before_ms = parts.clock.now_ms() - 6 * 86_400_000
    async with parts.database.begin() as connection:
        assert await sessions.prune(connection, ended_before_ms=before_ms, limit=2) == 2
        assert await sessions.prune(connection, ended_before_ms=before_ms, limit=2) == 1
        assert await sessions.find(connection, live.session.id) is not None
