"""The inbox: each message once, in the order in which it was sent, readable to nobody, and forgotten when it is handled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update

from wipsie.blobs.sealing import KeyMissing, KeyRing, SealBroken
from wipsie.database import Database
from wipsie.slices.vault.domain.whatsapp.updates import IncomingMessage, Media, OurNumber, Sender, Text
from wipsie.slices.vault.store import inbox
from wipsie.slices.vault.store.inbox import HANDLED_AT_ONCE_MAX, Accepted, InboxRow, sender_token, take_in
from wipsie.slices.vault.store.tables import inbox_table

ASHA = Sender(user_id="IN.48120077315502", wa_id="911234560123", name="Asha Example")


def text(
    words: str = "LIST", *, message_id: str = "wamid.1", sender: Sender = ASHA, at_s: int | None = 100, ours: str = "42"
) -> IncomingMessage:
    return IncomingMessage(
        id=message_id, sender=sender, content=Text(body=words), number=OurNumber(phone_number_id=ours), sent_at_s=at_s
    )


async def accept(database: Database, ring: KeyRing, *messages: IncomingMessage, now_ms: int = 1_000) -> Accepted:
    async with database.begin() as connection:
        return await take_in(connection, ring, messages, now_ms=now_ms)


async def waiting(database: Database, ring: KeyRing, token: str) -> list[InboxRow]:
    async with database.read() as connection:
        return await inbox.waiting_of(connection, ring, token)


async def rows(database: Database) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(select(inbox_table).order_by(inbox_table.c.number))).all())


async def test_a_message_is_taken_once_and_the_first_of_its_id_stays(database: Database, ring: KeyRing) -> None:
    first, other = text("LIST"), text("DELETE 1")
    assert await accept(database, ring, first, first) == Accepted(new=(first,), changed=0)
    assert await accept(database, ring, first) == Accepted(new=(), changed=0)
    assert await accept(database, ring, other, first) == Accepted(new=(), changed=1)
    assert [one.message for one in await waiting(database, ring, sender_token(ring, first))] == [first]
    # Within one body too.
    pair = text("A", message_id="wamid.2"), text("B", message_id="wamid.2")
    assert await accept(database, ring, *pair) == Accepted(new=pair[:1], changed=1)
    # Another number of ours has ids of its own.
    assert (await accept(database, ring, text(ours="43"))).new == (text(ours="43"),)


async def test_another_sender_under_the_same_id_is_another_content(database: Database, ring: KeyRing) -> None:
    await accept(database, ring, text())
    assert (await accept(database, ring, text(sender=Sender(user_id="IN.2")))).changed == 1


async def test_where_the_bytes_lie_is_no_part_of_the_content(database: Database, ring: KeyRing) -> None:
    def file(url: str, media_id: str = "97") -> IncomingMessage:
        return IncomingMessage(
            id="wamid.F", sender=ASHA, content=Media(media="document", id=media_id, url=url), number=OurNumber()
        )

    assert len((await accept(database, ring, file("https://a.example"))).new) == 1
    assert await accept(database, ring, file("https://b.example")) == Accepted(new=(), changed=0)
    assert (await accept(database, ring, file("https://a.example", "98"))).changed == 1


async def test_sixteen_requests_with_the_same_messages_take_each_once(database: Database, ring: KeyRing) -> None:
    messages = [text(str(number), message_id=f"wamid.{number}") for number in range(20)]
    taken = await asyncio.gather(*(accept(database, ring, *messages[shift:], *messages[:shift]) for shift in range(16)))
    assert sorted(one.id for accepted in taken for one in accepted.new) == sorted(one.id for one in messages)
    assert sum(accepted.changed for accepted in taken) == 0
    assert len(await rows(database)) == 20


async def test_it_reads_in_the_order_in_which_it_was_sent_and_only_what_is_theirs(
    database: Database, ring: KeyRing
) -> None:
    late, early = text("2", message_id="wamid.b", at_s=200), text("1", message_id="wamid.a", at_s=150)
    tie = text("3", message_id="wamid.c", at_s=200)
    undated = text("0", message_id="wamid.d", at_s=None)
    foreign = text("x", message_id="wamid.e", sender=Sender(user_id="IN.2"))
    await accept(database, ring, late, foreign, tie, early, undated, now_ms=1_000)
    found = await waiting(database, ring, sender_token(ring, late))
    assert [one.message for one in found] == [undated, early, late, tie]
    many = [
        text(str(number), message_id=f"wamid.m{number}", at_s=300 + number) for number in range(HANDLED_AT_ONCE_MAX)
    ]
    await accept(database, ring, *many)
    assert len(await waiting(database, ring, sender_token(ring, late))) == HANDLED_AT_ONCE_MAX


async def test_nothing_of_a_message_stands_in_its_row_and_nothing_is_left_when_it_is_handled(
    database: Database, ring: KeyRing
) -> None:
    await accept(database, ring, text("my secret words", message_id="wamid.HBgMOTExMjM0NTYwMTIz"))
    (row,) = await rows(database)
    told = b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    for secret in (b"secret", b"HBgM", b"911234560123", b"48120077315502", b"Asha"):
        assert secret not in told
    async with database.begin() as connection:
        assert await inbox.mark_handled(connection, row.number, now_ms=5_000)
        assert not await inbox.mark_handled(connection, row.number, now_ms=6_000, error="LATE")
    (row,) = await rows(database)
    assert (row.body, row.handled_at_ms, row.error) == (None, 5_000, None)
    assert await waiting(database, ring, row.sender_token) == []
    # And it is still known.
    assert (await accept(database, ring, text("my secret words", message_id="wamid.HBgMOTExMjM0NTYwMTIz"))).new == ()


async def test_a_body_opens_in_its_own_row_only_and_with_its_key(
    database: Database, ring: KeyRing, old_ring: KeyRing
) -> None:
    await accept(database, ring, text("one", message_id="wamid.1"), text("two", message_id="wamid.2"))
    token = sender_token(ring, text())
    first, second = await rows(database)
    with pytest.raises(KeyMissing):
        await waiting(database, old_ring, token)
    async with database.begin() as connection:
        await connection.execute(
            update(inbox_table).where(inbox_table.c.number == second.number).values(body=first.body)
        )
    with pytest.raises(SealBroken):
        await waiting(database, ring, token)


async def test_a_message_that_came_under_an_older_key_is_the_same_message(
    database: Database, old_ring: KeyRing, both_ring: KeyRing
) -> None:
    await accept(database, old_ring, text())
    assert await accept(database, both_ring, text()) == Accepted(new=(), changed=0)
    assert (await accept(database, both_ring, text("DELETE 1"))).changed == 1
    assert len(await rows(database)) == 1


async def test_attempts_are_counted_and_taken_back(database: Database, ring: KeyRing) -> None:
    await accept(database, ring, text())
    (row,) = await rows(database)
    async with database.begin() as connection:
        counts = [await inbox.count_attempt(connection, row.number, by) for by in (1, 1, -1, 1)]
        assert await inbox.count_attempt(connection, 9_999) == 0
    assert counts == [1, 2, 1, 2]


async def test_what_waits_too_long_is_found_and_what_is_handled_long_ago_is_forgotten(
    database: Database, ring: KeyRing
) -> None:
    bodo = Sender(user_id="DE.5")
    await accept(database, ring, text(message_id="wamid.1"), text(message_id="wamid.2"), now_ms=1_000)
    await accept(database, ring, text(message_id="wamid.3", sender=bodo), now_ms=2_000)
    tokens = [sender_token(ring, text()), sender_token(ring, text(sender=bodo))]
    async with database.begin() as connection:
        assert await inbox.count_waiting(connection) == 3
        assert await inbox.overdue_senders(connection, before_ms=1_000, count_max=5) == []
        assert await inbox.overdue_senders(connection, before_ms=1_001, count_max=5) == tokens[:1]
        assert await inbox.overdue_senders(connection, before_ms=2_001, count_max=5) == tokens
        assert await inbox.overdue_senders(connection, before_ms=2_001, count_max=1) == tokens[:1]
    first, second, third = await rows(database)
    async with database.begin() as connection:
        await inbox.mark_handled(connection, first.number, now_ms=3_000)
        await inbox.mark_handled(connection, second.number, now_ms=4_000, error="GIVEN_UP")
        assert await inbox.count_waiting(connection) == 1
        assert await inbox.forget_handled(connection, before_ms=3_000, count_max=5) == 0
        assert await inbox.forget_handled(connection, before_ms=9_000, count_max=1) == 1
        assert await inbox.forget_handled(connection, before_ms=9_000, count_max=5) == 1
        assert await inbox.forget_handled(connection, before_ms=9_000, count_max=5) == 0
    assert [one.number for one in await rows(database)] == [third.number]
