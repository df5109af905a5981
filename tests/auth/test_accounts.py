"""Accounts: one for each address, always an admin among them, and fields that deceive nobody. On both databases."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from auth_parts import AuthParts
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from wipsie.auth import accounts
from wipsie.auth.account_fields import clean_email, clean_name, clean_timezone, clean_work_days
from wipsie.auth.accounts import User, email_key
from wipsie.auth.personal_data import FORMER_MEMBER, AccountData
from wipsie.kernel.errors import Conflict, InvalidInput, NotFound


async def change(parts: AuthParts, by: User, user: User, **changes: Any) -> User | Conflict:
    """As a route would; a Conflict is given back."""
    try:
        async with parts.database.unit_of_work() as unit:
            return await parts.services.people.change(unit, parts.as_user(by), user.id, changes)
    except Conflict as error:
        return error


@pytest.mark.parametrize("again", ["ann@example.org", "ANN@example.org", "ann@EXAMPLE.org", "\uff41nn@example.org"])
async def test_an_address_has_one_account_however_it_is_written(parts: AuthParts, again: str) -> None:
    await parts.add("ann")
    with pytest.raises(Conflict, match="already"):
        await parts.add(again.partition("@")[0])
    async with parts.database.read() as connection:
        found = await accounts.find_by_email(connection, again)
    assert found is not None


async def test_of_two_who_register_an_address_at_one_moment_one_gets_it(parts: AuthParts) -> None:
    results = await asyncio.gather(*(parts.add("ann", password=None) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(result, User) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 7


async def test_an_address_cannot_be_changed_into_somebody_elses(parts: AuthParts) -> None:
    ada, ann = await parts.add("ada", "admin"), await parts.add("ann")
    assert isinstance(await change(parts, ada, ann, email="ADA@example.org"), Conflict)
    moved = await change(parts, ada, ann, email="ann.lee@example.org")
    assert isinstance(moved, User)
    assert (moved.email, moved.email_key, moved.version) == ("ann.lee@example.org", "ann.lee@example.org", 2)


@pytest.mark.parametrize("changes", [{"role": "member"}, {"is_active": False}, {"role": "lead", "is_active": False}])
async def test_the_last_active_admin_stays_one(parts: AuthParts, changes: dict[str, Any]) -> None:
    ada = await parts.add("ada", "admin")
    await parts.add("retired", "admin", is_active=False)
    refused = await change(parts, ada, ada, **changes)
    assert isinstance(refused, Conflict)
    assert "last active admin" in refused.message
    assert (await parts.get(ada)).is_admin
    other = await parts.add("grace", "admin")
    assert isinstance(await change(parts, other, ada, **changes), User)


async def test_the_last_active_admin_cannot_be_erased(parts: AuthParts) -> None:
    ada = await parts.add("ada", "admin")
    with pytest.raises(Conflict, match="last active admin"):
        async with parts.database.begin() as connection:
            await AccountData().erase(connection, ada.id, now_ms=parts.clock.now_ms())
    assert (await parts.get(ada)).name == "Ada"


@pytest.mark.parametrize("changes", [{"role": "member"}, {"is_active": False}])
async def test_of_admins_who_demote_each_other_at_one_moment_one_remains(
    parts: AuthParts, changes: dict[str, Any]
) -> None:
    for number in range(8):
        ada, grace = await parts.add(f"ada{number}", "admin"), await parts.add(f"grace{number}", "admin")
        results = await asyncio.gather(change(parts, ada, grace, **changes), change(parts, grace, ada, **changes))
        assert [type(result) for result in results].count(Conflict) == 1, results
        still = [await parts.get(ada), await parts.get(grace)]
        assert [user.is_admin for user in still].count(True) == 1
        async with parts.database.begin() as connection:
            # By hand, so that the next pair is alone: the last admin cannot be demoted otherwise.
            await connection.execute(update(accounts.users_table).values(role="member"))


async def test_three_admins_who_all_demote_the_next_leave_one(parts: AuthParts) -> None:
    admins = [await parts.add(name, "admin") for name in ("ada", "grace", "joan")]
    pairs = [(admins[one], admins[(one + 1) % 3]) for one in range(3)]
    await asyncio.gather(*(change(parts, by, user, role="member") for by, user in pairs))
    left = [user for user in [await parts.get(user) for user in admins] if user.is_admin]
    assert len(left) == 1


async def test_an_unknown_account_is_said_so(parts: AuthParts) -> None:
    ada = await parts.add("ada", "admin")
    for user_id in ("usr_none", "", "\x00'; DROP TABLE users; --"):
        with pytest.raises(NotFound):
            async with parts.database.unit_of_work() as unit:
                await parts.services.people.change(unit, parts.as_user(ada), user_id.replace("\x00", ""), {})


async def test_who_is_erased_leaves_an_author_without_a_name(parts: AuthParts) -> None:
    ada, ann = await parts.add("ada", "admin"), await parts.add("ann")
    await parts.log_in("ann")
    data = AccountData()
    async with parts.database.read() as connection:
        export = await data.export(connection, ann.id)
    assert export["account"][0]["email"] == "ann@example.org"
    assert export["sessions"][0]["address"] == "192.0.2.7"
    assert not {"password_hash", "password_key_id", "email_key"} & export["account"][0].keys()
    async with parts.database.begin() as connection:
        counts = await data.erase(connection, ann.id, now_ms=parts.clock.now_ms())
        assert await data.erase(connection, ann.id, now_ms=parts.clock.now_ms()) == {}
    assert counts == {"sessions": 1, "api_keys": 0, "one_time_links": 0, "users": 1}
    erased = await parts.get(ann)
    assert (erased.name, erased.is_active, erased.password_hash) == (FORMER_MEMBER, False, None)
    assert "ann@" not in erased.email
    assert isinstance(await change(parts, ada, erased, name="Ann"), Conflict)
    assert (await parts.add("ann")).id != ann.id, "the address is free again"


ADDRESSES = [
    "ann@example.org",
    "Ann.Lee+work@sub.example.org",
    "änn@example.org",
    "ann@bücher.example",
    f"{'a' * 64}@x.org",
]


@pytest.mark.parametrize("text", ADDRESSES)
def test_addresses_are_taken(text: str) -> None:
    assert clean_email(f" {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.org",
        "ann@",
        "ann@@example.org",
        "ann@example..org",
        "ann@example.org, bob@example.org",
        "Ann <ann@example.org>",
        "ann@example.org\nBcc: all@example.org",
        "ann\x00@example.org",
        "an\u200bn@example.org",
        "\u202eann@example.org",
        "ann@exam\u00adple.org",
        "ann smith@example.org",
        '"ann smith"@example.org',
        "ann@example.org\ud800",
        f"ann@{'a' * 250}.org",
        "a" * 10_000 + "@example.org",
    ],
)
def test_what_is_no_address_or_hides_something_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        clean_email(text)
    assert caught.value.details["field"] == "email"


@pytest.mark.parametrize(
    "text",
    ["Ann", "Ann Lee-O'Neill", "Иван Петров", "山田 太郎", "محمد", "Ann 🎈", "क्‍ष", "Ω" * 100, "<b>Ann</b>", "**Ann**"],
)
def test_names_of_all_kinds_are_taken_as_they_are(text: str) -> None:
    assert clean_name(f"  {text} ") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\u3164\u200b",
        "Ann\x00",
        "Ann\nLee",
        "Ann\x1b[31m",
        "\u202eeelnnA",
        "Ann\u2066Lee",
        "Ann\u2028Lee",
        "Ann\ue000",
        "Ann\ud800",
        "...",
        "\u200d",
        "Ω" * 101,
        "a" * 10_000,
    ],
)
def test_names_that_show_nothing_or_something_else_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        clean_name(text)
    assert caught.value.details["field"] == "name"


def test_time_zones_are_those_there_are() -> None:
    for name in ("UTC", "Europe/Vienna", "America/Argentina/Buenos_Aires"):
        assert clean_timezone(name) == name
    for name in (
        "",
        "Vienna",
        "europe/vienna",
        "../../etc/passwd",
        "/etc/localtime",
        "UTC\x00",
        "Europe/",
        "a" * 10_000,
    ):
        with pytest.raises(InvalidInput):
            clean_timezone(name)


def test_work_days_are_days_of_the_week_once_and_in_order() -> None:
    assert clean_work_days([4, 0, 0, 6]) == [0, 4, 6]
    assert clean_work_days([]) == []
    for days in ([7], [-1], [0, 99]):
        with pytest.raises(InvalidInput):
            clean_work_days(days)


@given(st.text(max_size=300))
def test_every_text_has_one_key_that_case_does_not_change(text: str) -> None:
    assert email_key(text) == email_key(email_key(text))
    assert email_key(text.upper()) == email_key(text.upper().lower()) or text.upper().lower() != text.upper().casefold()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann@Example.org", "ann@example.ORG"),
        ("\u212anut@example.org", "knut@example.org"),
        ("\u017fam@example.org", "sam@example.org"),
        ("\uff41nn@example.org", "ann@example.org"),
        ("a\u0308nn@example.org", "\u00e4nn@example.org"),
        ("ann@b\u00fccher.example", "ann@xn--bcher-kva.example"),
        ("stra\u00dfe@example.org", "strasse@example.org"),
    ],
)
def test_addresses_that_look_alike_by_case_or_form_are_one(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)


def test_letters_of_other_alphabets_are_others() -> None:
    assert email_key("\u0430nn@example.org") != email_key("ann@example.org")
