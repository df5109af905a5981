"""The line of an owner in the store: one head, one claim, and what came of it."""

from __future__ import annotations

from typing import Any

import pytest
from spoken import NUMBER_ID, OWNER, put, row_of, said, set_row, status

from wipsie.blobs.sealing import KeyRing
from wipsie.database import Database
from wipsie.kernel.errors import Conflict, NotFound
from wipsie.slices.vault.domain.sending.body import FileMessage
from wipsie.slices.vault.domain.sending.deciding import Decision
from wipsie.slices.vault.domain.whatsapp.errors import ApiError
from wipsie.slices.vault.domain.whatsapp.outgoing import ReadReceipt, TextMessage
from wipsie.slices.vault.store.deliveries import (
    Claim,
    GivenUp,
    apply_statuses,
    begin_sending,
    cancel,
    cancel_all,
    claim_head,
    count_waiting,
    enqueue,
    files_to_delete,
    forget_bodies,
    forget_old_bodies,
    forget_owner,
    forget_settled,
    head_of,
    overdue_owners,
    record,
    record_taken,
    send_again,
    waiting_owners,
)
from wipsie.slices.vault.store.deliveries.rows import message_token
from wipsie.testing.clock import FakeClock

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


async def claimed(database: Database, ring: KeyRing, owner: str = OWNER) -> Claim:
    async with database.begin() as connection:
        claim = await claim_head(connection, ring, owner, now_ms=database.clock.now_ms())
    assert isinstance(claim, Claim)
    return claim


async def look(database: Database, ring: KeyRing, owner: str = OWNER) -> Claim | GivenUp | None:
    async with database.begin() as connection:
        return await claim_head(connection, ring, owner, now_ms=database.clock.now_ms())


async def taken(database: Database, ring: KeyRing, claim: Claim, message_id: str | None = "wamid.ONE") -> str:
    async with database.begin() as connection:
        return await record_taken(connection, ring, claim, message_id, now_ms=database.clock.now_ms())


async def write(database: Database, claim: Claim, **decision: Any) -> bool:
    async with database.begin() as connection:
        return await record(connection, claim, Decision(**decision), now_ms=database.clock.now_ms())


async def test_a_line_is_claimed_from_its_head_one_at_a_time(database: Database, ring: KeyRing) -> None:
    ids = await put(database, ring, said("one"), said("two"))
    others = await put(database, ring, said("elsewhere"), owner="vown_2")
    first = await claimed(database, ring)
    assert (first.id, first.attempt, first.kind) == (ids[0], 1, "text")
    assert first.body.message == TextMessage(body="one")
    assert await look(database, ring) is None, "nobody overtakes"
    assert (await claimed(database, ring, "vown_2")).id == others[0], "owners do not wait for each other"
    assert await taken(database, ring, first) == "accepted"
    assert (await claimed(database, ring)).id == ids[1]


async def test_what_waits_for_a_time_holds_the_line(database: Database, ring: KeyRing, clock: FakeClock) -> None:
    await put(database, ring, said("one"), said("two"))
    claim = await claimed(database, ring)
    assert await write(database, claim, state="waiting", in_s=4.0, error_code=131056, error="pair_rate")
    async with database.read() as connection:
        head = await head_of(connection, OWNER)
    assert head is not None
    assert (head.id, head.due_at_ms) == (claim.id, clock.now_ms() + 4_000)
    assert await look(database, ring) is None
    clock.jump(4)
    assert (await claimed(database, ring)).attempt == 2


async def test_an_attempt_that_is_not_counted_leaves_the_budget_as_it_was(database: Database, ring: KeyRing) -> None:
    (delivery_id,) = await put(database, ring, said())
    assert await write(database, await claimed(database, ring), state="waiting", is_counted=False)
    assert (await row_of(database, delivery_id)).attempts == 0


async def test_whoever_dies_with_a_claim_leaves_it_unknown_and_it_is_sent_once_more(
    database: Database, ring: KeyRing, clock: FakeClock
) -> None:
    (delivery_id,) = await put(database, ring, said())
    dead = await claimed(database, ring)
    clock.jump(59.9)
    assert await look(database, ring) is None
    clock.jump(0.1)
    again = await claimed(database, ring)
    assert (again.attempt, again.unknowns) == (2, 1)
    assert not await write(database, dead, state="failed"), "whoever wakes up late changes nothing"
    clock.jump(60)
    given_up = await look(database, ring)
    assert isinstance(given_up, GivenUp), "not a third time"
    row = await row_of(database, delivery_id)
    assert (row.state, row.error, row.unknowns) == ("failed", "outcome_unknown", 2)


async def test_what_is_sensitive_is_not_sent_again_when_nobody_knows(
    database: Database, ring: KeyRing, clock: FakeClock
) -> None:
    (first, second) = await put(database, ring, said(is_sensitive=True), said("next"))
    assert await write(database, await claimed(database, ring), state="unknown", in_s=60.0, error="outcome_unknown")
    assert await look(database, ring) is None
    clock.jump(60)
    given_up = await look(database, ring)
    assert isinstance(given_up, GivenUp)
    assert given_up.id == first
    assert (await row_of(database, first)).body is not None, "staff may decide to send it again"
    assert (await claimed(database, ring)).id == second


async def test_a_late_answer_is_believed_all_the_same(database: Database, ring: KeyRing, clock: FakeClock) -> None:
    (delivery_id,) = await put(database, ring, said(is_sensitive=True))
    claim = await claimed(database, ring)
    clock.jump(60)
    assert isinstance(await look(database, ring), GivenUp)
    assert await taken(database, ring, claim) == "accepted"
    row = await row_of(database, delivery_id)
    assert (row.state, row.error) == ("accepted", None)
    assert row.message_token == message_token(ring, "wamid.ONE")


async def test_a_status_may_come_before_the_answer(database: Database, ring: KeyRing, clock: FakeClock) -> None:
    read, failed, other = await put(database, ring, said(), said(), said())
    now_ms = clock.now_ms()
    for number, (delivery_id, name) in enumerate(((read, "read"), (failed, "failed"), (other, "failed"))):
        claim = await claimed(database, ring)
        errors = (ApiError(code=131026),) if name == "failed" else ()
        told = status(name, delivery_id, message_id=f"wamid.{number}", errors=errors)
        async with database.begin() as connection:
            await apply_statuses(connection, ring, [told], now_ms=now_ms)
        # The answer to the last one names another message: that it speaks of failed long ago.
        answered = "wamid.ANOTHER" if delivery_id == other else f"wamid.{number}"
        expected = "failed" if delivery_id == failed else "accepted"
        assert await taken(database, ring, claim, answered) == expected
    assert (await row_of(database, read)).status == "read"
    assert (await row_of(database, failed)).error == "undeliverable"
    row = await row_of(database, other)
    assert (row.status, row.error) == (None, None)


async def test_a_status_that_came_meanwhile_holds_against_an_unknown_outcome(
    database: Database, ring: KeyRing, clock: FakeClock
) -> None:
    (delivery_id,) = await put(database, ring, said())
    claim = await claimed(database, ring)
    async with database.begin() as connection:
        await apply_statuses(connection, ring, [status("sent", delivery_id)], now_ms=clock.now_ms())
    assert not await write(database, claim, state="unknown", in_s=60.0)
    assert (await row_of(database, delivery_id)).state == "accepted"


async def test_a_file_is_claimed_for_its_upload_which_may_be_repeated(
    database: Database, ring: KeyRing, clock: FakeClock
) -> None:
    (delivery_id,) = await put(database, ring, said(FileMessage(object="vobj_1", file_name="report-1.pdf")))
    dead = await claimed(database, ring)
    assert (await row_of(database, delivery_id)).state == "waiting"
    clock.jump(300)
    claim = await claimed(database, ring)
    assert claim.unknowns == 0, "an upload tells nobody anything"
    now_ms = clock.now_ms()
    async with database.begin() as connection:
        assert await begin_sending(connection, ring, dead, media_id="970000000000301", now_ms=now_ms) is None
        begun = await begin_sending(connection, ring, claim, media_id="970000000000302", now_ms=now_ms)
    assert begun is not None
    assert (await row_of(database, delivery_id)).state == "sending"
    assert await write(database, begun, state="waiting", error_code=131000, error="unavailable")
    again = await claimed(database, ring)
    assert again.body.media_id == "970000000000302"
    assert (await row_of(database, delivery_id)).state == "sending", "it is uploaded once"


async def test_a_receipt_is_over_when_it_is_taken(database: Database, ring: KeyRing) -> None:
    (delivery_id,) = await put(database, ring, said(ReadReceipt(message_id="wamid.IN")))
    assert await taken(database, ring, await claimed(database, ring), None) == "accepted"
    assert (await row_of(database, delivery_id)).body is None


async def test_what_failed_is_sent_again_as_another_delivery(database: Database, ring: KeyRing) -> None:
    (failed,) = await put(database, ring, said("again", is_sensitive=True))
    await write(database, await claimed(database, ring), state="failed", error_code=131026, error="undeliverable")
    (waiting,) = await put(database, ring, said("meanwhile"))
    now_ms = database.clock.now_ms()
    async with database.unit_of_work() as unit:
        new = await send_again(unit, ring, failed, now_ms=now_ms)
        assert unit.published == 1
    assert (await claimed(database, ring)).id == waiting
    row = await row_of(database, failed)
    assert (row.state, row.body) == ("failed", None)
    assert (await row_of(database, new)).is_sensitive
    for delivery_id, error in ((failed, Conflict), (waiting, Conflict), ("vdel_0", NotFound)):
        with pytest.raises(error):
            async with database.unit_of_work() as unit:
                await send_again(unit, ring, delivery_id, now_ms=now_ms)
    assert (await row_of(database, new)).kind == "text"


async def test_only_what_waits_is_cancelled(database: Database, ring: KeyRing, clock: FakeClock) -> None:
    sending, second, third, fourth = await put(database, ring, said(), said(), said(), said())
    await claimed(database, ring)
    now_ms = clock.now_ms()
    async with database.begin() as connection:
        await cancel(connection, second, now_ms=now_ms)
        with pytest.raises(Conflict):
            await cancel(connection, sending, now_ms=now_ms)
        with pytest.raises(NotFound):
            await cancel(connection, "vdel_0", now_ms=now_ms)
        assert await cancel_all(connection, OWNER, now_ms=now_ms) == 2
    states = [(await row_of(database, one)).state for one in (sending, second, third, fourth)]
    assert states == ["sending", "cancelled", "cancelled", "cancelled"]
    assert (await row_of(database, third)).body is None


async def test_lines_whose_job_was_lost_are_found(database: Database, ring: KeyRing, clock: FakeClock) -> None:
    await put(database, ring, said(), owner="vown_lost")
    await put(database, ring, said(), owner="vown_busy")
    await claimed(database, ring, "vown_busy")
    await put(database, ring, said(), owner="vown_later")
    await write(database, await claimed(database, ring, "vown_later"), state="waiting", in_s=3600)
    clock.jump(30)
    async with database.read() as connection:
        assert await overdue_owners(connection, before_ms=clock.now_ms(), count_max=10) == ["vown_lost"]
        assert await waiting_owners(connection, NUMBER_ID, count_max=2) == ["vown_lost", "vown_busy"]
        assert await waiting_owners(connection, "other", count_max=2) == []
        assert await count_waiting(connection) == 3


async def test_files_at_whatsapp_are_deleted_when_they_arrived_or_never_will(
    database: Database, ring: KeyRing, clock: FakeClock
) -> None:
    file = said(FileMessage(object="vobj_1", file_name="report-1.pdf"))
    arrived, old, new, waiting = await put(database, ring, file, file, file, file)
    now_ms = clock.now_ms()
    for number, delivery_id in enumerate((arrived, old, new)):
        claim = await claimed(database, ring)
        async with database.begin() as connection:
            begun = await begin_sending(connection, ring, claim, media_id=f"97{number}", now_ms=now_ms)
            assert begun is not None
            await record_taken(connection, ring, begun, f"wamid.{number}", now_ms=now_ms)
        if delivery_id == arrived:
            async with database.begin() as connection:
                await apply_statuses(connection, ring, [status("delivered", arrived)], now_ms=now_ms)
    await set_row(database, old, settled_at_ms=now_ms - 10_000)
    async with database.begin() as connection:
        found = await files_to_delete(connection, ring, settled_before_ms=now_ms - 5_000, count_max=10)
        assert {(one.delivery_id, one.media_id) for one in found} == {(arrived, "970"), (old, "971")}
        await forget_bodies(connection, [one.delivery_id for one in found])
        assert await files_to_delete(connection, ring, settled_before_ms=now_ms - 5_000, count_max=10) == []
    assert (await row_of(database, new)).body is not None
    assert (await row_of(database, waiting)).body is not None


async def test_old_words_go_first_and_old_rows_later(database: Database, ring: KeyRing, clock: FakeClock) -> None:
    failed, accepted, waiting = await put(database, ring, said(), said(), said())
    await write(database, await claimed(database, ring), state="failed", error="undeliverable")
    await taken(database, ring, await claimed(database, ring))
    clock.jump(100)
    async with database.begin() as connection:
        assert await forget_old_bodies(connection, before_ms=clock.now_ms(), count_max=1) == 1
        assert await forget_old_bodies(connection, before_ms=clock.now_ms(), count_max=10) == 1
        assert await forget_old_bodies(connection, before_ms=clock.now_ms(), count_max=10) == 0
    assert [(await row_of(database, one)).body for one in (failed, accepted)] == [None, None]
    async with database.begin() as connection:
        assert await forget_settled(connection, before_ms=clock.now_ms(), count_max=10) == 2
    assert (await row_of(database, waiting)).body is not None
    async with database.begin() as connection:
        assert await forget_owner(connection, OWNER) == 1


async def test_saying_nothing_makes_no_job(database: Database, ring: KeyRing) -> None:
    async with database.unit_of_work() as unit:
        nothing = await enqueue(unit, ring, owner=OWNER, phone_number_id=NUMBER_ID, deliveries=[], now_ms=1)
        assert (nothing, unit.published) == ([], 0)
