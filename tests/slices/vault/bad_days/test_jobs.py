"""Jobs are lost, and messages cannot be handled: what is in the tables goes on all the same, and nobody is in the way of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from ward import Ward, open_ward

from wipsie.queue.contract import Delivery
from wipsie.queue.message import StandardMessage
from wipsie.slices.vault.handlers.media import KILLS_MAX
from wipsie.slices.vault.jobs import DELIVERIES_QUEUE, FETCH, MEDIA_QUEUE, MESSAGES_QUEUE, FetchJob
from wipsie.slices.vault.slice import VISIBILITY_S
from wipsie.testing.eventually import eventually
from wipsie.testing.sample_reports import sample_report
from wipsie.testing.simulators.whatsapp import Phone
from wipsie.workers.handler import TaskContext

pytestmark = pytest.mark.slow
BLOOD = sample_report(4, form="text_pdf")


async def lose(ward: Ward, queue: str) -> None:
    """Throw away what is in a queue, once something is."""
    engine = ward.parts.engine
    name = engine.resolve(queue)

    async def has_messages() -> bool:
        return (await engine.counts(name)).total > 0

    await eventually(has_messages, 10, f"a job is in {queue}")
    await engine.purge(name)
    await engine.resume(name)


async def keep_back(ward: Ward, queue: str) -> None:
    await ward.parts.engine.pause(ward.parts.engine.resolve(queue))


async def test_a_message_whose_job_was_lost_is_handled_by_the_cleaner(ward: Ward) -> None:
    asha = await ward.agreed()
    await keep_back(ward, MESSAGES_QUEUE)
    await asha.send_text("LIST")
    await ward.comes_to(1, "SELECT count(*) FROM vault_inbox WHERE handled_at_ms IS NULL")
    await lose(ward, MESSAGES_QUEUE)
    await ward.simulator.advance(61)
    assert (await ward.clean())["jobs"] == 1
    await asha.expect("no saved reports yet", timeout_s=15)


async def test_a_file_whose_job_was_lost_is_fetched_by_the_cleaner_once(ward: Ward) -> None:
    asha = await ward.agreed()
    await keep_back(ward, MEDIA_QUEUE)
    await ward.send_report(asha, BLOOD)
    await ward.comes_to(["fetching"], "SELECT state FROM vault_files")
    await lose(ward, MEDIA_QUEUE)
    await ward.advance(21 * 60)
    assert (await ward.clean())["jobs"] == 1
    assert (await ward.clean())["jobs"] == 0, "one job a turn is enough"
    await asha.expect(kind="button", timeout_s=20)


async def test_a_conversation_whose_timer_was_lost_goes_on_by_the_cleaner(ward: Ward) -> None:
    asha = await ward.agreed()
    await ward.card_of(asha, BLOOD)
    await lose(ward, MESSAGES_QUEUE)
    await ward.advance(32 * 60)
    assert (await ward.clean())["conversations"] == 1
    await asha.expect("not saved yet", timeout_s=15)
    await ward.comes_into("PAUSED", asha)


async def test_an_answer_whose_job_was_lost_is_sent_by_the_upkeep(ward: Ward) -> None:
    asha = await ward.agreed()
    await keep_back(ward, DELIVERIES_QUEUE)
    await asha.send_text("LIST")
    await ward.comes_to(1, "SELECT count(*) FROM vault_deliveries WHERE settled_at_ms IS NULL AND kind = 'text'")
    await lose(ward, DELIVERIES_QUEUE)
    await ward.simulator.advance(302)
    for one in ward.parts.slices:
        for upkeep in one.upkeep:
            await upkeep()
    await asha.expect("no saved reports yet", timeout_s=15)


async def test_a_message_that_cannot_be_handled_is_given_up_and_those_behind_it_go_on(ward: Ward) -> None:
    asha, ravi = await ward.agreed("Asha"), await ward.agreed("Ravi")
    await poison_files(ward)
    await ward.send_report(asha, BLOOD)
    await asha.send_text("LIST")
    await ravi.send_text("LIST")
    await ravi.expect("no saved reports yet", timeout_s=15)
    await until_told(ward, asha, "Please send it again", every_s=20)
    await asha.expect("no saved reports yet", timeout_s=15)
    assert sum("Please send it again" in one.text for one in asha.received) == 1
    given_up = await ward.rows("SELECT error, attempts FROM vault_inbox WHERE error IS NOT NULL")
    assert [tuple(row) for row in given_up] == [("IntegrityError", 5)]
    engine = ward.parts.engine
    dead = await engine.counts(engine.resolve(engine.names.dead_letter(engine.resolve(MESSAGES_QUEUE))))
    assert dead.total == 0, "the job did what it could"


async def poison_files(ward: Ward) -> None:
    """From now on the database takes no file."""
    async with ward.parts.database.begin() as connection:
        await connection.execute(
            text("CREATE TRIGGER poison BEFORE INSERT ON vault_files BEGIN SELECT RAISE(ABORT, 'poison'); END")
        )


async def test_a_message_whose_row_was_changed_is_not_in_the_way_of_the_next_one(ward: Ward) -> None:
    asha = await ward.agreed()
    await keep_back(ward, MESSAGES_QUEUE)
    await asha.send_text("HELP")
    await asha.send_text("LIST")
    await ward.comes_to(2, "SELECT count(*) FROM vault_inbox WHERE handled_at_ms IS NULL")
    async with ward.parts.database.begin() as connection:
        await connection.execute(
            text(
                "UPDATE vault_inbox SET body = CAST(body || x'00' AS BLOB) "
                "WHERE number = (SELECT min(number) FROM vault_inbox WHERE handled_at_ms IS NULL)"
            )
        )
    await ward.parts.engine.resume(ward.parts.engine.resolve(MESSAGES_QUEUE))
    await ward.comes_to(["SEAL_BROKEN"], "SELECT error FROM vault_inbox WHERE error IS NOT NULL")
    await ward.comes_to(0, "SELECT count(*) FROM vault_inbox WHERE handled_at_ms IS NULL")
    await asha.wait_for(lambda one: "no saved reports yet" in one.text or "shows your reports" in one.text, 15)


async def test_a_file_nobody_can_look_at_is_given_up_and_its_owner_told(ward: Ward) -> None:
    asha = await ward.agreed()
    async with ward.parts.database.begin() as connection:
        await connection.execute(
            text("CREATE TRIGGER poison BEFORE INSERT ON vault_objects BEGIN SELECT RAISE(ABORT, 'poison'); END")
        )
    await ward.send_report(asha, BLOOD)
    await until_told(ward, asha, "I could not read it", every_s=130)
    await ward.comes_to(["unreadable"], "SELECT reason FROM vault_files WHERE state = 'refused'")


async def test_a_file_that_ends_its_worker_each_time_is_given_up_and_its_owner_told(tmp_path: Path) -> None:
    others = f"{MESSAGES_QUEUE},{DELIVERIES_QUEUE}"
    async with open_ward(tmp_path, moves=True, WORKER_QUEUES=others) as ward:
        asha = await ward.agreed()
        await ward.send_report(asha, BLOOD)
        for _ in range(KILLS_MAX):
            # A worker that dies acknowledges nothing.
            await received(ward, MEDIA_QUEUE)
            await ward.simulator.advance(VISIBILITY_S + 1)
        delivery = await received(ward, MEDIA_QUEUE)
        assert delivery.receive_count == KILLS_MAX + 1, "the queue would have told nobody"
        assert await fetch(ward, delivery) == {"outcome": "refused"}
        await asha.wait_for(lambda one: "I could not read it" in one.text, 15)


async def received(ward: Ward, queue: str) -> Delivery:
    """The message of a queue that nobody else serves."""
    engine = ward.parts.engine
    (delivery,) = await eventually(lambda: engine.receive(engine.resolve(queue)), 10, f"a message is in {queue}")
    return delivery


async def fetch(ward: Ward, delivery: Delivery) -> Any:
    """Once more, as a worker that got it does."""
    handler = ward.parts.registry.find_by_type(FETCH)
    assert handler is not None
    message = msgspec.json.decode(delivery.body, type=StandardMessage[FetchJob])
    services: Any = None
    context = TaskContext(
        delivery=delivery, queue=MEDIA_QUEUE, attempt=delivery.receive_count, worker="test", services=services
    )
    return await handler.function(message, context)


async def until_told(ward: Ward, phone: Phone, words: str, *, every_s: float) -> None:
    """Let runs of a job come and fail until somebody is told."""
    for _ in range(40):
        if any(words in one.text for one in phone.received):
            return
        await eventually(ward.is_idle, 15, "every job comes to its end")
        await ward.simulator.advance(every_s)
    await phone.wait_for(lambda one: words in one.text, 15)
