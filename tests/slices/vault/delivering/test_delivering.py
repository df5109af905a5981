"""What is said is shown: in order, once, whatever happens in between."""

from __future__ import annotations

import pytest
from sending_desk import SendingDesk
from spoken import row_of, said, set_row

from wipsie.blobs.sealing import SealBroken
from wipsie.kernel.errors import StorageUnavailable
from wipsie.slices.vault.domain.sending.body import DeliveryBody, FileMessage
from wipsie.slices.vault.domain.whatsapp.outgoing import (
    Button,
    ButtonsMessage,
    ReadReceipt,
    TemplateMessage,
    TextMessage,
)
from wipsie.slices.vault.store.deliveries import NewDelivery

BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


@BOTH
async def test_what_is_said_is_shown_in_order_and_settled_by_its_statuses(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    card = ButtonsMessage(body="3 Nov 2025", buttons=(Button("s:1:save", "Save"), Button("s:1:edit", "Change")))
    quote = NewDelivery(body=DeliveryBody(message=TextMessage(body="Yours."), quotes=asha.chat.mine[0].id))
    ids = await desk.say(owner, said(card), "Saved as report 12.", quote)
    await desk.run()
    assert desk.shown(asha) == ["3 Nov 2025", "Saved as report 12.", "Yours."]
    assert await desk.states(*ids) == ["accepted"] * 3
    asha.open_chat()
    await desk.pass_time(1)
    for delivery_id in ids:
        row = await row_of(desk.database, delivery_id)
        assert (row.status, row.body, row.attempts) == ("read", None, 1)
    assert desk.waiting_jobs == 0
    call = desk.simulator.log.calls[-1]
    assert call.request["biz_opaque_callback_data"] == ids[-1]
    assert call.request["context"]["message_id"] == asha.chat.mine[0].id
    assert call.request["recipient"] == asha.user_id, "the user id stays theirs when the number goes to another"


async def test_a_read_receipt_ticks_and_shows_typing_and_is_not_late(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    receipt = said(ReadReceipt(message_id=asha.chat.mine[0].id, is_typing=True))
    (in_time,) = await desk.say(owner, receipt)
    await desk.run()
    assert asha.is_typing
    assert asha.chat.mine[0].ticks == "read"
    (late,) = await desk.say(owner, receipt)
    await desk.pass_time(601)
    await desk.run()
    wrong, after = await desk.say(owner, said(ReadReceipt(message_id="wamid.NOBODYS")), "Hello")
    await desk.run()
    assert await desk.states(in_time, late, wrong, after) == ["accepted", "cancelled", "cancelled", "accepted"]
    assert desk.calls("receipts") == 2
    assert desk.alarms == []


async def test_somebody_without_a_number_is_answered(desk: SendingDesk) -> None:
    owner, lia = await desk.meet("Lia Test", "15550100777", username="lia.test", country="BR")
    await desk.say(owner, "Hello Lia")
    await desk.run()
    assert desk.shown(lia) == ["Hello Lia"]


async def test_a_user_id_that_is_not_allowed_gives_way_to_the_number(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    desk.simulator.faults.error(131062)
    await desk.say(owner, "Hello")
    await desk.run()
    assert desk.shown(asha) == ["Hello"]
    assert desk.simulator.log.calls[-1].request["to"] == "+15550100123"
    desk.simulator.faults.error(131062, times=2)
    (failed,) = await desk.say(owner, "Again")
    await desk.run()
    row = await row_of(desk.database, failed)
    assert (row.state, row.error, row.attempts) == ("failed", "user_id_not_allowed", 2)


@BOTH
async def test_a_file_is_uploaded_sent_and_deleted_at_meta_when_it_has_arrived(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    file = FileMessage(object="vobj_1", file_name="report-12.pdf", caption="Report 12")
    desk.simulator.faults.reset(route="upload")
    desk.simulator.faults.error(131000, route="messages")
    (delivery_id,) = await desk.say(owner, said(file))
    await desk.run(60)
    assert desk.file_names(asha) == ["report-12.pdf"]
    assert desk.shown(asha) == ["Report 12"]
    assert desk.calls("upload") == 2, "once it broke off; for the second call it was there already"
    assert desk.calls("messages") == 2
    row = await row_of(desk.database, delivery_id)
    assert (row.state, row.status) == ("accepted", "delivered")
    assert row.body is not None
    assert await desk.upkeep.delete_files() == 1
    assert (await row_of(desk.database, delivery_id)).body is None
    assert await desk.upkeep.delete_files() == 0
    assert desk.calls("delete") == 1


async def test_a_file_that_is_gone_is_not_sent_and_one_that_is_away_is_waited_for(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    (broken,) = await desk.say(owner, said(FileMessage(object="vobj_1", file_name="b.pdf")))
    desk.file_trouble = SealBroken("Broken.")
    await desk.run()
    desk.file_trouble = None
    gone, good = await desk.say(
        owner,
        said(FileMessage(object="vobj_9", file_name="a.pdf")),
        said(FileMessage(object="vobj_1", file_name="c.pdf")),
    )
    await desk.run()
    assert await desk.states(broken, gone, good) == ["failed", "failed", "accepted"]
    assert [(await row_of(desk.database, one)).error for one in (broken, gone)] == ["file_broken", "file_gone"]
    assert [alarm.reason for alarm in desk.alarms] == ["file_broken", "file_gone"]
    desk.file_trouble = StorageUnavailable("Away.")
    (away,) = await desk.say(owner, said(FileMessage(object="vobj_1", file_name="d.pdf")))
    with pytest.raises(StorageUnavailable):
        await desk.run()
    row = await row_of(desk.database, away)
    assert (row.state, row.attempts, row.claimed_until_ms) == ("waiting", 0, 0)
    desk.file_trouble = None
    desk.add_job(owner)
    await desk.run()
    assert desk.file_names(asha) == ["c.pdf", "d.pdf"]


async def test_after_a_day_only_templates_are_sent(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    await desk.pass_time(86_400)
    calls = desk.calls()
    late, template = await desk.say(owner, "Hello", said(TemplateMessage(name="hello_world", language_code="en_US")))
    await desk.run()
    assert await desk.states(late, template) == ["failed", "accepted"]
    row = await row_of(desk.database, late)
    assert (row.error, row.error_code, row.attempts) == ("window_closed", 131047, 1)
    assert desk.calls() == calls + 1, "WhatsApp was not even asked"
    assert len(asha.received) == 1


async def test_a_message_nobody_can_read_is_not_in_the_way(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    damaged, good = await desk.say(owner, "one", "two")
    await set_row(desk.database, damaged, body=b"\x01" + bytes(80))
    with pytest.raises(Exception, match="key"):
        await desk.run()
    other, _ = await desk.say(owner, "three", "four")
    row = await row_of(desk.database, other)
    await set_row(desk.database, damaged, body=row.body)
    desk.add_job(owner)
    await desk.run()
    assert desk.shown(asha) == ["two", "three", "four"]
    row = await row_of(desk.database, damaged)
    assert (row.state, row.error) == ("failed", "body_broken")
    assert await desk.states(good) == ["accepted"]


async def test_whoever_was_erased_gets_nothing(desk: SendingDesk) -> None:
    (delivery_id,) = await desk.say("vown_erased", "Hello")
    await desk.run()
    row = await row_of(desk.database, delivery_id)
    assert (row.state, row.error) == ("failed", "owner_gone")
    assert desk.calls() == 0


async def test_a_job_too_many_does_no_harm(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    for number in range(5):
        await desk.say(owner, f"message {number}")
    desk.add_job(owner)
    desk.add_job("vown_nobody")
    await desk.run()
    assert desk.shown(asha) == [f"message {number}" for number in range(5)]
    assert desk.waiting_jobs == 0


async def test_a_line_whose_job_was_lost_goes_on(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    await desk.say(owner, "Hello")
    desk.lose_jobs()
    await desk.pass_time(299)
    assert await desk.upkeep.revive_lines() == 0
    await desk.pass_time(2)
    await desk.upkeep.run()
    await desk.run()
    assert desk.shown(asha) == ["Hello"]
    await desk.upkeep.refresh_metrics()
    assert desk.metrics.registry.get_sample_value("vault_deliveries_waiting") == 0
    accepted = desk.metrics.registry.get_sample_value("vault_delivery_attempts_total", {"state": "accepted"})
    assert accepted == 1


@BOTH
async def test_several_workers_keep_the_order_of_everybody(desk: SendingDesk) -> None:
    people = [await desk.meet(f"Person {index}", f"1555010{index:04}") for index in range(4)]
    for number in range(6):
        for owner, _ in people:
            await desk.say(owner, f"message {number}")
    await desk.run(120, workers=[desk.new_worker() for _ in range(3)])
    for _, phone in people:
        assert desk.shown(phone) == [f"message {number}" for number in range(6)]
    assert desk.calls() == 24
