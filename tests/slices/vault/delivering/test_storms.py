"""Bad days: WhatsApp refuses, is slow, is away, or takes it and does not say so. Nothing is lost, nothing overtakes, no limit is passed."""

from __future__ import annotations

import pytest
from sending_desk import SendingDesk, open_desk
from spoken import NUMBER_ID, row_of, said

from wipsie.blobs.sealing import KeyHolder
from wipsie.database import Database
from wipsie.slices.vault.domain.sending.pauses import UNREACHABLE_CODE
from wipsie.slices.vault.store.pauses import PausedNumber, pause_of
from wipsie.testing.clock import FakeClock
from wipsie.testing.simulators.whatsapp import Behaviour


async def silent(desk: SendingDesk) -> PausedNumber | None:
    async with desk.database.read() as connection:
        return await pause_of(connection, NUMBER_ID)


@pytest.mark.slow
async def test_to_one_person_44_go_at_once_and_then_one_every_6_seconds(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    await desk.say(owner, *[f"message {number}" for number in range(50)])
    began_s = desk.clock.now()
    await desk.run()
    assert len(asha.received) == 44
    await desk.run(40)
    assert desk.shown(asha) == [f"message {number}" for number in range(50)]
    sent_s = [bubble.at_ms / 1000 - began_s for bubble in asha.received]
    assert sent_s[-1] >= 5 * 6 - 1
    assert [call.error_code for call in desk.simulator.log.calls if call.error_code is not None] == []


async def test_when_whatsapp_counts_otherwise_only_that_person_waits(desk: SendingDesk) -> None:
    asha_id, asha = await desk.meet()
    ravi_id, ravi = await desk.meet("Ravi Example", "15550100124")
    desk.simulator.faults.error(131056, to=asha.user_id, times=3)
    await desk.say(asha_id, "one", "two")
    await desk.say(ravi_id, "three")
    await desk.run()
    assert (desk.shown(asha), desk.shown(ravi)) == ([], ["three"])
    began_s = desk.clock.now()
    await desk.run(30)
    assert desk.shown(asha) == ["one", "two"]
    # 1, 4, 16 s, of which the first is waited for where it is.
    assert asha.received[0].at_ms / 1000 - began_s >= 20 - 1
    assert desk.calls() == 6


async def test_when_the_number_is_too_fast_everybody_slows_down(desk: SendingDesk) -> None:
    people = [await desk.meet(f"Person {index}", f"1555010{index:04}") for index in range(3)]
    desk.simulator.faults.error(130429, retry_after_s=10)
    for owner, _ in people:
        await desk.say(owner, "Hello")
    await desk.run(5)
    assert desk.calls() == 1, "the others have heard of it"
    pause = await silent(desk)
    assert pause is not None
    assert (pause.reason, pause.is_probed) == ("throughput", False)
    await desk.run(10)
    assert [desk.shown(phone) for _, phone in people] == [["Hello"]] * 3
    assert await silent(desk) is None
    assert (desk.alarms, desk.well) == ([], [])


async def test_without_a_good_token_nobody_is_called_until_it_is_tried_again(desk: SendingDesk) -> None:
    people = [await desk.meet(f"Person {index}", f"1555010{index:04}") for index in range(5)]
    desk.simulator.expire_token()
    ids = [one for owner, _ in people for one in await desk.say(owner, "Hello", "again")]
    await desk.run(59)
    assert desk.calls() == 1
    assert [(alarm.reason, alarm.is_silent) for alarm in desk.alarms] == [("token_invalid", True)]
    await desk.run(3600)
    assert desk.calls() < 16, "one probe each time, less and less often"
    assert (len(desk.alarms), desk.well) == (1, [])
    assert set(await desk.states(*ids)) == {"waiting"}
    rows = [await row_of(desk.database, one) for one in ids]
    assert {row.attempts for row in rows} == {0}, "waiting costs no attempt"
    desk.simulator.renew_token()
    await desk.run(600)
    assert set(await desk.states(*ids)) == {"accepted"}
    assert [desk.shown(phone) for _, phone in people] == [["Hello", "again"]] * 5
    assert await silent(desk) is None
    assert desk.well == [(NUMBER_ID, "token_invalid")]


async def test_another_token_counts_at_once_in_this_process_and_in_one_that_starts(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    for message, is_new_process in (("one", False), ("two", True)):
        desk.simulator.expire_token()
        await desk.say(owner, message)
        await desk.run()
        desk.token = f"token for {message}"
        desk.simulator.renew_token(desk.token)
        before_s = desk.clock.now()
        if is_new_process:
            worker = desk.new_worker()
            await worker.start()
            await desk.run(workers=[worker])
        else:
            desk.add_job(owner)
            await desk.run()
        assert desk.shown(asha)[-1] == message
        assert desk.clock.now() - before_s < 5


@pytest.mark.parametrize("code", [131031, 368, 131048, 133010, 10])
async def test_trouble_of_the_account_silences_the_number_and_is_an_alarm(desk: SendingDesk, code: int) -> None:
    owner, asha = await desk.meet()
    desk.simulator.faults.error(code)
    await desk.say(owner, "Hello")
    await desk.run(59)
    assert [alarm.error_code for alarm in desk.alarms] == [code]
    assert desk.shown(asha) == []
    await desk.run(60)
    assert desk.shown(asha) == ["Hello"]


async def test_a_closed_window_is_never_tried_again(database: Database, keys: KeyHolder, clock: FakeClock) -> None:
    async with open_desk(database, keys, clock, Behaviour(window_error="response", window_s=60)) as desk:
        owner, asha = await desk.meet()
        await desk.pass_time(61)
        first, second = await desk.say(owner, "one", "two")
        await desk.run(600)
        assert await desk.states(first, second) == ["failed", "failed"]
        assert desk.calls() == 2
        assert desk.shown(asha) == []
    assert desk.alarms == []


async def test_a_closed_window_may_be_told_later(database: Database, keys: KeyHolder, clock: FakeClock) -> None:
    async with open_desk(database, keys, clock, Behaviour(window_s=60)) as desk:
        owner, _ = await desk.meet()
        await desk.pass_time(61)
        (delivery_id,) = await desk.say(owner, "one")
        await desk.run(600)
        row = await row_of(desk.database, delivery_id)
        assert (row.state, row.status, row.error) == ("failed", "failed", "window_closed")
        assert desk.calls() == 1


async def test_what_is_refused_for_good_is_a_dead_letter_and_the_line_goes_on(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    desk.simulator.faults.error(131026)
    failed, good = await desk.say(owner, "one", "two")
    await desk.run()
    row = await row_of(desk.database, failed)
    assert (row.state, row.error, row.error_code) == ("failed", "undeliverable", 131026)
    assert row.body is not None, "staff may send it again"
    assert await desk.states(good) == ["accepted"]
    assert desk.shown(asha) == ["two"]


async def test_attempts_have_an_end(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    desk.simulator.faults.error(131000, times=6)
    failed, good = await desk.say(owner, "one", "two")
    await desk.run(3600)
    row = await row_of(desk.database, failed)
    assert (row.state, row.error, row.attempts) == ("failed", "unavailable", 6)
    assert await desk.states(good) == ["accepted"]
    assert desk.shown(asha) == ["two"]


@pytest.mark.slow
async def test_hours_without_whatsapp_cost_nothing_but_time(desk: SendingDesk) -> None:
    people = [await desk.meet(f"Person {index}", f"1555010{index:04}") for index in range(3)]
    fault = desk.simulator.faults.http_error(503, times=None)
    ids = [one for owner, _ in people for one in await desk.say(owner, "one", "two")]
    await desk.run(4 * 3600)
    assert set(await desk.states(*ids)) == {"waiting"}
    pause = await silent(desk)
    assert pause is not None
    assert pause.error_code == UNREACHABLE_CODE
    # One call a minute, whoever waits.
    assert desk.calls() < 4 * 60 + 20
    desk.simulator.faults.remove(fault.id)
    await desk.run(60)
    assert [desk.shown(phone) for _, phone in people] == [["one", "two"]] * 3


async def test_a_lost_answer_is_settled_by_its_status_and_nothing_comes_twice(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    desk.simulator.faults.lost_answer()
    first, second = await desk.say(owner, said("one", is_sensitive=True), "two")
    await desk.run(120)
    assert desk.shown(asha) == ["one", "two"]
    assert await desk.states(first, second) == ["accepted", "accepted"]


async def test_without_a_status_it_is_sent_once_more_after_a_minute_unless_it_is_sensitive(
    desk: SendingDesk,
) -> None:
    owner, asha = await desk.meet()
    desk.hears_statuses = False
    desk.simulator.faults.reset(route="messages")
    (plain,) = await desk.say(owner, "one")
    began_s = desk.clock.now()
    await desk.run(120)
    assert desk.shown(asha) == ["one"]
    assert asha.received[0].at_ms / 1000 - began_s >= 60
    desk.simulator.faults.lost_answer()
    secret, after = await desk.say(owner, said("two", is_sensitive=True), "three")
    await desk.run(120)
    assert desk.shown(asha) == ["one", "two", "three"], "it has arrived: nobody told us"
    assert await desk.states(plain, secret, after) == ["accepted", "failed", "accepted"]
    assert (await row_of(desk.database, secret)).error == "outcome_unknown"
    # The statuses come after all.
    desk.hears_statuses = True
    await desk.pass_time(600)
    assert await desk.states(secret) == ["accepted"]


async def test_a_message_is_sent_twice_at_most_though_nobody_ever_answers(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    desk.hears_statuses = False
    desk.simulator.faults.lost_answer(times=None)
    (delivery_id,) = await desk.say(owner, "one")
    await desk.run(3600)
    assert desk.shown(asha) == ["one", "one"]
    row = await row_of(desk.database, delivery_id)
    assert (row.state, row.error, row.unknowns) == ("failed", "outcome_unknown", 2)


async def test_what_fails_after_it_was_taken_is_sent_again(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    desk.simulator.faults.fail_later(131000)
    (delivery_id,) = await desk.say(owner, "one")
    await desk.run(1)
    assert desk.shown(asha) == []
    assert await desk.states(delivery_id) == ["waiting"]
    await desk.run(3)
    assert desk.shown(asha) == ["one"]
    assert await desk.states(delivery_id) == ["accepted"]


async def test_a_status_lets_the_line_go_on_before_the_minute_is_over(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    desk.simulator.faults.lost_answer()
    desk.simulator.faults.late_status("sent", 5)
    desk.simulator.faults.skip_delivered()
    await desk.say(owner, "one", "two")
    await desk.run(4)
    assert desk.shown(asha) == ["one"]
    await desk.run(3)
    assert desk.shown(asha) == ["one", "two"]


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
async def test_in_a_storm_no_limit_is_passed_and_everybody_gets_everything_in_order(desk: SendingDesk) -> None:
    people = [await desk.meet(f"Person {index}", f"1555010{index:04}") for index in range(10)]
    faults = desk.simulator.faults
    for code, times in ((131056, 4), (130429, 3), (131016, 2), (190, 2), (131057, 1)):
        faults.error(code, times=times, to=None)
    faults.reset(route="messages", times=2)
    for owner, _ in people:
        await desk.say(owner, *[f"message {number}" for number in range(12)])
    await desk.run(3600, workers=[desk.new_worker() for _ in range(4)])
    for _, phone in people:
        assert desk.shown(phone) == [f"message {number}" for number in range(12)]
    refused = [call.error_code for call in desk.simulator.log.calls if call.error_code is not None]
    assert len(refused) == 12, "what was asked for, and nothing that a limit refused"
