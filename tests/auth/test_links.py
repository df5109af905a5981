"""One-time links: used once, for what they were made for, while they last. On both databases."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from auth_parts import ADDRESS, OTHER_PASSWORD, PASSWORD, AuthParts, open_auth_parts
from sqlalchemy import select

from wipsie.auth import one_time_links
from wipsie.auth.one_time_links import LIFETIME_S, one_time_links_table
from wipsie.auth.principal import Principal
from wipsie.auth.service.login import LoggedIn
from wipsie.kernel.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LoginFailed,
    NotFound,
    RegistrationClosed,
    Unauthorized,
)

STARTER = Principal(kind="system", id="start")


def token_in(url: str) -> str:
    return url.rpartition("=")[2]


async def register(
    parts: AuthParts, name: str = "ann", *, token: str | None = None, password: str = PASSWORD, number: int = 1
) -> LoggedIn:
    return await parts.services.registration.register(
        email=f"{name}@example.org",
        name=name.capitalize(),
        password=password,
        token=token,
        address=f"192.0.2.{number}",
        user_agent=None,
    )


async def set_up_token(parts: AuthParts) -> str:
    made = await parts.services.registration.set_up_link(STARTER)
    assert made is not None
    return token_in(made.url)


async def invite(parts: AuthParts, by: Any, *, email: str | None = None, role: str = "member") -> Any:
    async with parts.database.unit_of_work() as unit:
        return await parts.services.registration.invite(unit, parts.as_user(by), email=email, role=role)


async def test_the_set_up_link_makes_the_first_admin_and_no_second(parts: AuthParts) -> None:
    token = await set_up_token(parts)
    logged_in = await register(parts, "ada", token=token)
    assert logged_in.user.role == "admin"
    assert (await parts.services.authenticator.authenticate(logged_in.token)).role == "admin"
    assert await parts.services.registration.set_up_link(STARTER) is None
    with pytest.raises(Unauthorized, match="used already"):
        await register(parts, "eve", token=token)


async def test_an_admin_who_was_made_otherwise_ends_the_set_up_link(parts: AuthParts) -> None:
    token = await set_up_token(parts)
    await parts.add("ada", "admin")
    with pytest.raises(Conflict, match="an admin already"):
        await register(parts, "eve", token=token)


async def test_an_admin_who_cannot_log_in_is_none(parts: AuthParts) -> None:
    await parts.add("ada", "admin", password=None)
    await parts.add("grace", "admin", is_active=False)
    assert await parts.services.registration.set_up_link(STARTER) is not None


async def test_a_fresh_set_up_link_ends_the_older_one(parts: AuthParts) -> None:
    old, fresh = await set_up_token(parts), await set_up_token(parts)
    with pytest.raises(Unauthorized):
        await register(parts, "eve", token=old)
    assert (await register(parts, "ada", token=fresh)).user.role == "admin"


async def test_of_many_who_use_a_set_up_link_at_one_moment_one_becomes_admin(parts: AuthParts) -> None:
    token = await set_up_token(parts)
    results = await asyncio.gather(
        *(register(parts, f"eve{number}", token=token, number=number) for number in range(6)), return_exceptions=True
    )
    assert [type(result) for result in results].count(LoggedIn) == 1
    assert all(isinstance(result, LoggedIn | Unauthorized | Conflict) for result in results), results


async def test_two_set_up_links_at_one_moment_make_one_admin(parts: AuthParts) -> None:
    """As when two processes start together."""
    tokens: list[str] = []
    for _ in range(2):
        async with parts.database.unit_of_work() as unit:
            made = await parts.services.registration.make_link(unit, STARTER, "setup", role="admin")
        tokens.append(token_in(made.url))
    results = await asyncio.gather(
        *(register(parts, f"eve{number}", token=token, number=number) for number, token in enumerate(tokens)),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "LoggedIn"]


@pytest.mark.parametrize("kind", ["setup", "invitation", "reset"])
async def test_a_link_ends_by_itself(parts: AuthParts, kind: Any) -> None:
    ann = await parts.add("ann")
    async with parts.database.unit_of_work() as unit:
        made = await parts.services.registration.make_link(
            unit, STARTER, kind, user_id=ann.id if kind == "reset" else None, role="member"
        )
    token = token_in(made.url)
    parts.clock.jump(LIFETIME_S[made.link.kind])
    use = (
        parts.services.passwords.reset(token=token, password=OTHER_PASSWORD)
        if kind == "reset"
        else register(parts, "eve", token=token)
    )
    with pytest.raises(Unauthorized, match="too old"):
        await use


@pytest.mark.parametrize("token", ["", "x", "\x00", "' OR 1=1", "🎈" * 200])
async def test_no_other_token_opens_anything(parts: AuthParts, token: str) -> None:
    await set_up_token(parts)
    with pytest.raises(Unauthorized):
        await register(parts, "eve", token=token)
    with pytest.raises(Unauthorized):
        await parts.services.passwords.reset(token=token, password=OTHER_PASSWORD)


async def test_a_link_is_good_for_what_it_was_made_for_alone(parts: AuthParts) -> None:
    setup = await set_up_token(parts)
    ada, ann = await parts.add("ada", "admin"), await parts.add("ann")
    async with parts.database.unit_of_work() as unit:
        reset = await parts.services.passwords.reset_link(unit, parts.as_user(ada), ann.id)
    with pytest.raises(Unauthorized):
        await register(parts, "eve", token=token_in(reset.url))
    with pytest.raises(Unauthorized):
        await parts.services.passwords.reset(token=setup, password=OTHER_PASSWORD)


async def test_the_token_is_kept_nowhere(parts: AuthParts) -> None:
    token = await set_up_token(parts)
    async with parts.database.read() as connection:
        rows = (await connection.execute(select(one_time_links_table))).all()
    assert token not in str(rows)
    assert one_time_links.token_hash(token) in str(rows)


async def test_an_invitation_makes_what_it_says_for_whom_it_says(parts: AuthParts) -> None:
    ada = await parts.add("ada", "admin")
    made = await invite(parts, ada, email="Ann@example.org", role="lead")
    with pytest.raises(InvalidInput, match="not the one this invitation was made for"):
        await register(parts, "eve", token=token_in(made.url))
    assert (await register(parts, "ann", token=token_in(made.url))).user.role == "lead"


async def test_leads_invite_members_and_take_back_their_own(parts: AuthParts) -> None:
    ada, lea, lou = [await parts.add(name, role) for name, role in (("ada", "admin"), ("lea", "lead"), ("lou", "lead"))]
    ann = await parts.add("ann")
    for role in ("lead", "admin", "auditor"):
        with pytest.raises(Forbidden):
            await invite(parts, lea, role=role)
    with pytest.raises(Forbidden):
        await invite(parts, ann)
    made = await invite(parts, lea)

    async def revoke(by: Any) -> None:
        async with parts.database.unit_of_work() as unit:
            await parts.services.registration.revoke_invitation(unit, parts.as_user(by), made.link.id)

    for other in (lou, ann):
        with pytest.raises(NotFound):
            await revoke(other)
    await revoke(lea)
    with pytest.raises(NotFound):
        await revoke(ada)
    with pytest.raises(Unauthorized):
        await register(parts, "bob", token=token_in(made.url))


async def test_nobody_is_invited_who_is_here(parts: AuthParts) -> None:
    ada = await parts.add("ada", "admin")
    await parts.add("ann")
    with pytest.raises(Conflict):
        await invite(parts, ada, email="ANN@example.org")


async def test_registration_without_a_link_takes_an_open_door(migrated_database_url: str) -> None:
    for mode, error in (("closed", RegistrationClosed), ("invited", RegistrationClosed), ("open", None)):
        async with open_auth_parts(migrated_database_url, registration=mode) as parts:
            if error is None:
                assert (await register(parts, "bob")).user.role == "member"
            else:
                with pytest.raises(error):
                    await register(parts, "bob")


async def test_closed_doors_open_to_the_first_admin_but_to_no_invitation(migrated_database_url: str) -> None:
    async with open_auth_parts(migrated_database_url) as parts:
        ada = await parts.add("grace", "admin", is_active=False)
        token = token_in((await invite(parts, ada)).url)
    async with open_auth_parts(migrated_database_url, registration="closed") as parts:
        with pytest.raises(RegistrationClosed):
            await register(parts, "bob", token=token)
        ada = (await register(parts, "ada", token=await set_up_token(parts))).user
        with pytest.raises(RegistrationClosed):
            await invite(parts, ada)
        async with parts.database.unit_of_work() as unit:
            _, made = await parts.services.registration.create(
                unit, parts.as_user(ada), email="bob@example.org", name="Bob", role="member"
            )
        await parts.services.passwords.reset(token=token_in(made.url), password=OTHER_PASSWORD)
        assert (await parts.log_in("bob", OTHER_PASSWORD)).user.role == "member"


async def test_a_bad_password_leaves_the_link_good(parts: AuthParts) -> None:
    token = await set_up_token(parts)
    with pytest.raises(InvalidInput):
        await register(parts, "ada", token=token, password="password1")
    assert await register(parts, "ada", token=token)


async def test_a_reset_sets_the_password_ends_all_sessions_and_other_links(parts: AuthParts) -> None:
    ada, ann = await parts.add("ada", "admin"), await parts.add("ann")
    before = await parts.log_in("ann")
    await parts.services.authenticator.authenticate(before.token)
    urls: list[str] = []
    for _ in range(2):
        async with parts.database.unit_of_work() as unit:
            made = await parts.services.registration.make_link(unit, parts.as_user(ada), "reset", user_id=ann.id)
        urls.append(made.url)
    await parts.services.passwords.reset(token=token_in(urls[0]), password=OTHER_PASSWORD)
    with pytest.raises(Unauthorized):
        await parts.services.authenticator.authenticate(before.token)
    with pytest.raises(LoginFailed):
        await parts.log_in("ann")
    assert await parts.log_in("ann", OTHER_PASSWORD)
    with pytest.raises(Unauthorized):
        await parts.services.passwords.reset(token=token_in(urls[1]), password=PASSWORD)


async def test_of_many_resets_at_one_moment_one_counts(parts: AuthParts) -> None:
    ada, ann = await parts.add("ada", "admin"), await parts.add("ann")
    async with parts.database.unit_of_work() as unit:
        made = await parts.services.passwords.reset_link(unit, parts.as_user(ada), ann.id)
    results = await asyncio.gather(
        *(
            parts.services.passwords.reset(token=token_in(made.url), password=f"{OTHER_PASSWORD} {number}")
            for number in range(5)
        ),
        return_exceptions=True,
    )
    assert [isinstance(result, Unauthorized) for result in results].count(False) == 1, results


async def test_who_is_deactivated_has_no_way_back_by_links(parts: AuthParts) -> None:
    ada, ann = await parts.add("ada", "admin"), await parts.add("ann")
    async with parts.database.unit_of_work() as unit:
        made = await parts.services.passwords.reset_link(unit, parts.as_user(ada), ann.id)
    async with parts.database.unit_of_work() as unit:
        await parts.services.people.change(unit, parts.as_user(ada), ann.id, {"is_active": False})
    with pytest.raises(Unauthorized):
        await parts.services.passwords.reset(token=token_in(made.url), password=OTHER_PASSWORD)
    with pytest.raises(Conflict, match="not active"):
        async with parts.database.unit_of_work() as unit:
            await parts.services.passwords.reset_link(unit, parts.as_user(ada), ann.id)
    await parts.services.passwords.forgot(email="ann@example.org", address=ADDRESS)
    await parts.services.office.errands.stop()
    async with parts.database.read() as connection:
        assert (await connection.execute(select(one_time_links_table.c.id))).all() == []
