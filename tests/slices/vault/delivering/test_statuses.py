"""Statuses of WhatsApp find their deliveries, in any order, and none falls back."""

from __future__ import annotations

import itertools

import pytest
from spoken import put, row_of, said, set_row, status

from wipsie.blobs.sealing import KeyRing
from wipsie.database import Database
from wipsie.slices.vault.domain.sending.body import DeliveryBody, FileMessage
from wipsie.slices.vault.domain.whatsapp.errors import ApiError
from wipsie.slices.vault.domain.whatsapp.updates import StatusUpdate
from wipsie.slices.vault.store.columns import open_column
from wipsie.slices.vault.store.deliveries import apply_statuses
from wipsie.slices.vault.store.deliveries.rows import message_token
from wipsie.slices.vault.store.tables import deliveries_table
from wipsie.testing.clock import FakeClock

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
AWAY = (ApiError(code=131000),)
UNDELIVERABLE = (ApiError(code=131026),)


async def tell(database: Database, ring: KeyRing, *statuses: StatusUpdate) -> list[StatusUpdate]:
    async with database.begin() as connection:
        return list(await apply_statuses(connection, ring, statuses, now_ms=database.clock.now_ms()))


async def test_whatever_the_order_the_highest_status_stays(database: Database, ring: KeyRing) -> None:
    names = ("sent", "delivered", "read", "failed")
    orders = list(itertools.permutations(names))
    ids = await put(database, ring, *[said() for _ in orders])
    for number, (delivery_id, order) in enumerate(zip(ids, orders, strict=True)):
        await set_row(database, delivery_id, state="sending", attempts=1)
        for name in order:
            errors = UNDELIVERABLE if name == "failed" else ()
            one = status(name, delivery_id, message_id=f"wamid.{number}", errors=errors)
            assert await tell(database, ring, one, one) == []
        row = await row_of(database, delivery_id)
        assert (row.state, row.status, row.error_code, row.body) == ("accepted", "read", None, None), order


async def test_a_status_is_found_by_reference_or_by_the_id_of_the_message(database: Database, ring: KeyRing) -> None:
    first, second = await put(database, ring, said(), said())
    await set_row(
        database,
        second,
        state="accepted",
        message_token=message_token(ring, "wamid.TWO"),
        settled_at_ms=1,
        status="sent",
    )
    foreign = status("sent", "somebody else's", message_id="wamid.NOBODY")
    unknown = status("delivered", "vdel_0", message_id="wamid.NOBODY")
    told = [foreign, status("delivered", message_id="wamid.TWO"), unknown, status("sent", first)]
    assert await tell(database, ring, *told) == [foreign, unknown]
    assert (await row_of(database, first)).state == "accepted"
    row = await row_of(database, second)
    assert (row.status, row.settled_at_ms) == ("delivered", 1)


async def test_a_status_settles_what_nobody_knew(database: Database, ring: KeyRing, clock: FakeClock) -> None:
    (delivery_id,) = await put(database, ring, said(is_sensitive=True))
    await set_row(database, delivery_id, state="unknown", attempts=1, unknowns=1, error="outcome_unknown")
    assert await tell(database, ring, status("sent", delivery_id, at_s=1_759_586_401)) == []
    row = await row_of(database, delivery_id)
    assert (row.state, row.status, row.status_at_ms) == ("accepted", "sent", 1_759_586_401_000)
    assert (row.settled_at_ms, row.error) == (clock.now_ms(), None)
    assert row.message_token == message_token(ring, "wamid.ONE")
    assert b"Saved" not in row.body
    assert row.body is not None, "it may fail yet, and be sent again"


async def test_what_was_taken_and_fails_later_is_sent_again_where_that_helps(
    database: Database, ring: KeyRing, clock: FakeClock
) -> None:
    away, lost, late = await put(database, ring, said(), said(), said())
    for number, one in enumerate((away, lost, late)):
        token = message_token(ring, f"wamid.{number}")
        await set_row(database, one, state="accepted", attempts=1, settled_at_ms=clock.now_ms(), message_token=token)
    await set_row(database, late, attempts=12)
    await tell(
        database,
        ring,
        status("failed", away, message_id="wamid.0", errors=AWAY),
        status("failed", lost, message_id="wamid.1", errors=UNDELIVERABLE),
        status("failed", late, message_id="wamid.2", errors=AWAY),
    )
    row = await row_of(database, away)
    assert (row.state, row.status, row.error, row.settled_at_ms) == ("waiting", "failed", "unavailable", None)
    assert row.next_at_ms == clock.now_ms() + 2_000
    row = await row_of(database, lost)
    assert (row.state, row.status, row.error_code, row.error) == ("failed", "failed", 131026, "undeliverable")
    assert row.settled_at_ms is not None
    assert (await row_of(database, late)).state == "failed"
    # What is told late of the attempt that failed does not end the next one; what is told of the next one does.
    await tell(database, ring, status("sent", away, message_id="wamid.0"))
    assert (await row_of(database, away)).state == "waiting"
    await tell(database, ring, status("delivered", away, message_id="wamid.AGAIN"))
    row = await row_of(database, away)
    assert (row.state, row.status, row.body) == ("accepted", "delivered", None)


async def test_the_failure_of_an_earlier_attempt_changes_nothing_for_what_waits(
    database: Database, ring: KeyRing
) -> None:
    (delivery_id,) = await put(database, ring, said())
    await set_row(database, delivery_id, attempts=1, error_code=131056, error="pair_rate")
    before = await row_of(database, delivery_id)
    await tell(database, ring, status("failed", delivery_id, errors=(ApiError(code=131056),)))
    assert await row_of(database, delivery_id) == before


async def test_what_a_phone_has_shown_was_accepted_whatever_we_thought(database: Database, ring: KeyRing) -> None:
    ids = await put(database, ring, *[said() for _ in range(3)])
    for delivery_id, state in zip(ids, ("waiting", "failed", "cancelled"), strict=True):
        await set_row(database, delivery_id, state=state, error="outcome_unknown", unknowns=1)
    await tell(database, ring, *[status("read", one, message_id=f"wamid.{number}") for number, one in enumerate(ids)])
    for delivery_id in ids:
        row = await row_of(database, delivery_id)
        assert (row.state, row.error, row.body) == ("accepted", None, None)


async def test_the_body_of_a_file_stays_until_the_file_is_deleted_at_whatsapp(
    database: Database, ring: KeyRing
) -> None:
    file = FileMessage(object="vobj_1", file_name="report-12.pdf")
    (delivery_id,) = await put(database, ring, said(file))
    await tell(database, ring, status("read", delivery_id))
    row = await row_of(database, delivery_id)
    body = open_column(ring, row.body, DeliveryBody, deliveries_table.c.body, delivery_id)
    assert body == DeliveryBody(message=file)


async def test_a_status_of_a_word_that_is_new_changes_nothing(database: Database, ring: KeyRing) -> None:
    (delivery_id,) = await put(database, ring, said())
    before = await row_of(database, delivery_id)
    assert await tell(database, ring, status("pondered", delivery_id)) == []
    assert await row_of(database, delivery_id) == before


async def test_a_thousand_statuses_are_one_matter(database: Database, ring: KeyRing) -> None:
    ids = await put(database, ring, *[said() for _ in range(1_100)])
    told = [status("delivered", one, message_id=f"wamid.{number}") for number, one in enumerate(ids)]
    told += [status("sent", message_id=f"wamid.{number}") for number in range(1_100)]
    # The second half is found by what the first half tells.
    assert await tell(database, ring, *reversed(told)) == []
    for delivery_id in ids[::100]:
        assert (await row_of(database, delivery_id)).status == "delivered"


async def test_messages_are_found_under_the_key_before_this_one(database: Database, ring: KeyRing) -> None:
    (delivery_id,) = await put(database, ring, said())
    await tell(database, ring, status("sent", delivery_id))
    rotated = KeyRing([bytes(range(32, 64)), bytes(range(32))])
    assert await tell(database, rotated, status("delivered")) == []
    assert (await row_of(database, delivery_id)).status == "delivered"
