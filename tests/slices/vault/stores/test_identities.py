"""Whom the vault knows: one identity for one person, whatever comes at the same moment, and nobody else's number."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from wipsie.blobs.sealing import KeyRing
from wipsie.database import Database
from wipsie.kernel.ids import new_uuid
from wipsie.slices.vault.domain.whatsapp.updates import Sender
from wipsie.slices.vault.store import identities
from wipsie.slices.vault.store.identities import Identity, Resolved, resolve
from wipsie.slices.vault.store.tables import consents_table, identities_table

NUMBER, OTHER_NUMBER = "911234560123", "911234560199"
ASHA = Sender(user_id="IN.48120077315502", wa_id=NUMBER, name="Asha Example")
BODO = Sender(user_id="DE.59930011442260", wa_id=NUMBER, name="Bodo Example")


async def come(database: Database, ring: KeyRing, sender: Sender, *, at_ms: int = 1_000, ours: str = "42") -> Resolved:
    async with database.begin() as connection:
        return await resolve(
            connection,
            ring,
            sender,
            new_id=f"vid_{new_uuid()}",
            phone_number_id=ours,
            sent_at_ms=at_ms,
            now_ms=database.clock.now_ms(),
        )


async def known(database: Database, ring: KeyRing, owner: str) -> Identity:
    async with database.read() as connection:
        found = await identities.identity_of(connection, ring, owner)
    assert found is not None
    return found


async def rows(database: Database, table: Any = identities_table) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(select(table))).all())


async def test_somebody_is_met_once_and_known_again_by_either_name(database: Database, ring: KeyRing) -> None:
    first = await come(database, ring, ASHA)
    assert (first.is_new, first.displaced, first.identity.masked) == (True, None, "+91••••••0123")
    for sender in (ASHA, Sender(user_id=ASHA.user_id), Sender(wa_id=NUMBER)):
        again = await come(database, ring, sender)
        assert (again.identity.id, again.is_new, again.displaced) == (first.identity.id, False, None)
        assert again.identity.details.name == "Asha Example", "what is not said again stays"
    assert len(await rows(database)) == 1


async def test_nothing_of_anybody_stands_in_their_row(database: Database, ring: KeyRing) -> None:
    await come(database, ring, Sender(**{**_members(ASHA), "username": "asha.example"}))
    (row,) = await rows(database)
    told = b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    for secret in (NUMBER, "48120077315502", "Asha", "asha.example"):
        assert secret.encode() not in told


async def test_who_shares_no_number_is_known_by_the_user_id_and_gets_a_number_later(
    database: Database, ring: KeyRing
) -> None:
    first = (await come(database, ring, Sender(user_id="BR.77120055340918", username="lia.test"))).identity
    assert (first.masked, first.language) == ("BR.••••0918", "pt")
    later = await come(database, ring, Sender(user_id="BR.77120055340918", wa_id="5511912345678"))
    assert (later.identity.id, later.is_new, later.identity.masked) == (first.id, False, "+55•••••••5678")
    assert (await come(database, ring, Sender(wa_id="5511912345678"))).identity.id == first.id


async def test_who_was_known_by_the_number_alone_is_given_the_user_id_it_comes_with(
    database: Database, ring: KeyRing
) -> None:
    first = (await come(database, ring, Sender(wa_id=NUMBER))).identity
    assert (await come(database, ring, ASHA)).identity.id == first.id
    assert (await come(database, ring, Sender(user_id=ASHA.user_id))).identity.id == first.id


async def test_a_number_that_comes_with_another_user_id_is_another_persons_and_who_had_it_is_asked_for_the_pin(
    database: Database, ring: KeyRing
) -> None:
    asha = (await come(database, ring, ASHA)).identity
    bodo = await come(database, ring, BODO)
    assert (bodo.is_new, bodo.displaced) == (True, asha.id)
    assert bodo.identity.id != asha.id
    before = await known(database, ring, asha.id)
    assert (before.needs_step_up, before.details.wa_id, before.masked) == (True, None, "IN.••••5502")
    assert (await come(database, ring, Sender(wa_id=NUMBER))).identity.id == bodo.identity.id
    # She writes again, from wherever she is, and nothing but the PIN opens what is hers.
    again = await come(database, ring, Sender(user_id=ASHA.user_id, wa_id=OTHER_NUMBER))
    assert (again.identity.id, again.displaced, again.identity.needs_step_up) == (asha.id, None, True)


async def test_sixteen_first_messages_at_once_are_of_one_person(database: Database, ring: KeyRing) -> None:
    for sender in (Sender(wa_id=OTHER_NUMBER), Sender(user_id="US.1000000000001"), ASHA):
        found = await asyncio.gather(*(come(database, ring, sender) for _ in range(16)))
        assert len({one.identity.id for one in found}) == 1, sender
        assert sum(one.is_new for one in found) == 1
    assert len(await rows(database)) == 3


async def test_a_need_for_the_pin_outlasts_whatever_else_is_written_at_that_moment(
    database: Database, ring: KeyRing
) -> None:
    asha = (await come(database, ring, ASHA)).identity

    async def change(number: int) -> None:
        await come(database, ring, ASHA, at_ms=2_000 + number, ours=str(number))

    async def suspect() -> None:
        async with database.begin() as connection:
            assert await identities.need_step_up(connection, ring, Sender(wa_id=NUMBER)) is not None

    await asyncio.gather(*(change(number) for number in range(8)), suspect(), *(change(8 + one) for one in range(8)))
    assert (await known(database, ring, asha.id)).needs_step_up is True


async def test_the_last_message_never_falls_back_and_answers_go_from_where_they_wrote_to(
    database: Database, ring: KeyRing
) -> None:
    await come(database, ring, ASHA, at_ms=5_000, ours="42")
    late = (await come(database, ring, ASHA, at_ms=3_000, ours="43")).identity
    assert (late.last_message_at_ms, late.phone_number_id) == (5_000, "43")
    assert await known(database, ring, late.id) == late


@pytest.mark.parametrize("has_pin", [True, False])
@pytest.mark.parametrize("wa_id", [None, OTHER_NUMBER])
async def test_somebody_is_renumbered_and_asked_for_the_pin_if_they_have_one(
    database: Database, ring: KeyRing, wa_id: str | None, has_pin: bool
) -> None:
    asha = (await come(database, ring, ASHA)).identity
    async with database.begin() as connection:
        if has_pin:
            await identities.set_pin(connection, asha.id, "hash")
        changed = await identities.renumber(connection, ring, "IN.48120077315502", user_id="IN.2", wa_id=wa_id)
        assert await identities.renumber(connection, ring, "IN.nobody", user_id="IN.3", wa_id=None) is None
    assert changed is not None
    assert (changed.id, changed.needs_step_up, changed.details.user_id) == (asha.id, has_pin, "IN.2")
    assert await known(database, ring, asha.id) == changed
    assert (await come(database, ring, Sender(user_id="IN.2"))).identity.id == asha.id
    assert (await come(database, ring, Sender(wa_id=wa_id or NUMBER))).identity.id == asha.id
    assert (await come(database, ring, Sender(user_id=ASHA.user_id))).is_new


RENUMBERED = Sender(user_id="IN.2", wa_id=NUMBER)


async def renumbered(database: Database, ring: KeyRing, stranger: str | None) -> bool:
    """WhatsApp says that Asha has another user id, by which a stranger came before; whether a step-up is needed of her afterwards."""
    async with database.begin() as connection:
        if stranger is not None:
            await identities.forget(connection, stranger)
        changed = await identities.renumber(
            connection, ring, "IN.48120077315502", user_id="IN.2", wa_id=None, stranger=stranger
        )
    assert changed is not None
    assert await known(database, ring, changed.id) == changed
    assert changed.details.displaced_by is None
    return changed.needs_step_up


async def test_who_displaced_nobody_but_themselves_is_asked_for_nothing(database: Database, ring: KeyRing) -> None:
    await come(database, ring, ASHA)
    # With the new user id, before WhatsApp said that it is hers.
    stranger = await come(database, ring, RENUMBERED)
    assert stranger.displaced is not None
    assert await renumbered(database, ring, stranger.identity.id) is False


async def test_another_reason_for_a_step_up_outlasts_that_one(database: Database, ring: KeyRing) -> None:
    asha = (await come(database, ring, ASHA)).identity
    for reasons in ("before", "after", "somebody else"):
        async with database.begin() as connection:
            await identities.let_in(connection, asha.id)
            await identities.renumber(connection, ring, "IN.2", user_id=ASHA.user_id, wa_id=NUMBER)
            if reasons == "before":
                await identities.need_step_up(connection, ring, ASHA)
        # Bodo is no stranger: the new user id is not his.
        came = await come(database, ring, BODO if reasons == "somebody else" else RENUMBERED)
        stranger = None if reasons == "somebody else" else came.identity.id
        if reasons == "after":
            async with database.begin() as connection:
                await identities.need_step_up(connection, ring, Sender(user_id=ASHA.user_id))
        assert await renumbered(database, ring, stranger) is True, reasons


async def test_who_is_let_in_is_asked_for_nothing_and_has_no_pin(database: Database, ring: KeyRing) -> None:
    asha = (await come(database, ring, ASHA)).identity
    async with database.begin() as connection:
        await identities.set_pin(connection, asha.id, "hash")
        await identities.pin_failed(connection, asha.id, failures=6, blocked_until_ms=9_000)
        await identities.need_step_up(connection, ring, ASHA)
        await identities.let_in(connection, asha.id)
    assert await known(database, ring, asha.id) == asha


async def test_renumbering_takes_the_number_from_who_had_it_and_never_joins_two_people(
    database: Database, ring: KeyRing
) -> None:
    asha = (await come(database, ring, ASHA)).identity
    bodo = (await come(database, ring, Sender(user_id=BODO.user_id, wa_id=OTHER_NUMBER))).identity
    async with database.begin() as connection:
        assert await identities.renumber(connection, ring, "IN.48120077315502", user_id=BODO.user_id, wa_id="1") is None
        changed = await identities.renumber(connection, ring, "IN.48120077315502", user_id="IN.2", wa_id=OTHER_NUMBER)
    assert changed is not None
    assert changed.id == asha.id
    before = await known(database, ring, bodo.id)
    assert (before.details.wa_id, before.needs_step_up) == (None, True)


async def test_they_are_known_under_an_older_key_and_then_by_the_new_one(
    database: Database, old_ring: KeyRing, both_ring: KeyRing, ring: KeyRing
) -> None:
    asha = (await come(database, old_ring, ASHA)).identity
    assert (await come(database, both_ring, ASHA)).identity.id == asha.id
    async with database.begin() as connection:
        await identities.rekey(connection, both_ring, asha.id)
    assert (await come(database, ring, ASHA)).identity.id == asha.id
    assert (await come(database, ring, Sender(wa_id=NUMBER))).identity.id == asha.id


async def test_what_they_agreed_to_is_kept_when_they_withdraw_and_when_they_are_gone(
    database: Database, ring: KeyRing
) -> None:
    owner = (await come(database, ring, ASHA)).identity.id
    async with database.begin() as connection:
        await identities.give_consent(
            connection, ring, owner, version=3, language="hi", message_id="wamid.YES", now_ms=1_000
        )
    agreed = await known(database, ring, owner)
    assert (agreed.consent_version, agreed.consented_at_ms) == (3, 1_000)
    async with database.begin() as connection:
        await identities.withdraw_consent(connection, owner, now_ms=2_000, erase_at_ms=9_000)
        assert await identities.owners_to_erase(connection, now_ms=8_999, count_max=5) == []
        assert await identities.owners_to_erase(connection, now_ms=9_000, count_max=5) == [owner]
    stopped = await known(database, ring, owner)
    assert (stopped.consent_version, stopped.stopped_at_ms, stopped.erase_at_ms) == (None, 2_000, 9_000)
    async with database.begin() as connection:
        await identities.give_consent(
            connection, ring, owner, version=3, language="hi", message_id="wamid.YES2", now_ms=3_000
        )
        assert await identities.owners_to_erase(connection, now_ms=10_000, count_max=5) == []
        await identities.forget(connection, owner)
    assert await rows(database) == []
    consents = sorted(
        (one.given_at_ms, one.version, one.withdrawn_at_ms) for one in await rows(database, consents_table)
    )
    assert consents == [(1_000, 3, 2_000), (3_000, 3, None)]
    assert all(b"wamid" not in one.message for one in await rows(database, consents_table))


async def test_bytes_are_counted_by_many_at_once(database: Database, ring: KeyRing) -> None:
    owner = (await come(database, ring, ASHA)).identity.id

    async def add(count: int) -> None:
        async with database.begin() as connection:
            await identities.add_stored_bytes(connection, owner, count)

    await asyncio.gather(*(add(1_000) for _ in range(12)), *(add(-500) for _ in range(4)))
    assert (await known(database, ring, owner)).stored_bytes == 10_000


def _members(sender: Sender) -> dict[str, Any]:
    return {name: getattr(sender, name) for name in Sender.__struct_fields__}
