"""Promises of the schedule of summaries: one row and one mail for each person, whatever is fired, delivered or killed how often."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from summary_office import MONDAY, PATH, TUESDAY, fire, go_to, handle, kept, letters, message_of, ms

from wipsie.audit import list_events
from wipsie.database.outbox import outbox_table
from wipsie.kernel import json
from wipsie.kernel.errors import StorageUnavailable
from wipsie.queue.contract import Attribute
from wipsie.slices.asyncops.domain.digest.content import content_hash
from wipsie.slices.asyncops.handlers.summaries import SCHEDULE_NAME
from wipsie.slices.asyncops.service.summaries.use_cases import SummaryService
from wipsie.workers.handler import Reject

if TYPE_CHECKING:
    from wipsie.testing.office import Office


async def test_the_schedule_makes_a_summary_and_sends_it_to_everybody(office: Office) -> None:
    go_to(office, MONDAY)
    assert (await fire(office, MONDAY))["sent_to"] == 5
    (summary,) = await kept(office)
    assert (summary.window_start_ms, summary.window_end_ms) == (ms("2025-10-05T09:00:00Z"), ms(MONDAY))
    assert (summary.for_date, summary.timezone, summary.edition) == ("2025-10-06", "UTC", 1)
    assert (summary.generator, summary.schema_version) == ("schedule", "wipsie.daily-summary/1")
    assert summary.content_hash == summary.content.hash == content_hash(summary.content)
    assert (summary.sent_to, summary.version) == (5, 2)
    mail = await letters(office)
    assert sorted(one["recipient"] for one in mail) == [
        f"{name}@example.org" for name in ("ada", "ann", "bob", "lea", "otto")
    ]
    assert mail[0]["html"].startswith("<!DOCTYPE html>")
    actions = [(event.actor, event.action) for event in (await list_events(office.parts.database))[:2]]
    assert actions == [("system:asyncops", "asyncops:summary:send"), ("system:asyncops", "asyncops:summary:make")]


async def test_each_letter_leads_to_a_page_of_its_own_reader(office: Office) -> None:
    incident = {"title": "Mail stands still", "severity": "sev1", "lead": office["bob"].user_id}
    (await office["ann"].post("/api/incidents", incident)).ok(201)
    go_to(office, MONDAY)
    await fire(office, MONDAY)
    (summary,) = await kept(office)
    by_person = {one["recipient"]: one for one in await letters(office)}
    bob, ann = by_person["bob@example.org"], by_person["ann@example.org"]
    assert f"{PATH}/{summary.id}.html?person={office['bob'].user_id}" in bob["html"]
    assert "Yours" in bob["body"]
    assert "Yours" not in ann["body"]
    page = await office["bob"].get(f"{PATH}/{summary.id}.html?person=me")
    assert ">Yours<" in page.ok()


async def test_people_get_no_mail_who_left_or_do_not_want_it_and_only_the_sections_they_chose(office: Office) -> None:
    await office.hire("gone", "member", is_active=False)
    (await office["bob"].patch("/api/preferences", {"mail_summary": False})).ok()
    (await office["lea"].patch("/api/preferences", {"summary_sections": ["updates"]})).ok()
    (await office["ann"].post("/api/incidents", {"title": "Mail stands still"})).ok(201)
    go_to(office, MONDAY)
    await fire(office, MONDAY)
    by_person = {one["recipient"]: one["body"] for one in await letters(office)}
    assert sorted(by_person) == ["ada@example.org", "ann@example.org", "lea@example.org", "otto@example.org"]
    assert "INC-1" in by_person["ann@example.org"]
    assert "INC-1" not in by_person["lea@example.org"]


async def test_a_message_that_is_delivered_again_changes_nothing(office: Office) -> None:
    go_to(office, MONDAY)
    message = message_of(ms(MONDAY), sent_ms=ms(MONDAY))
    first = await handle(office, message)
    before = await kept(office)
    assert first["status"] == "made"
    assert (await handle(office, message))["status"] == "handled before"
    assert await kept(office) == before
    assert len(await letters(office)) == 5


async def test_two_messages_of_one_time_make_one_summary_and_one_mail_for_each(office: Office) -> None:
    go_to(office, MONDAY)
    await fire(office, MONDAY)
    assert (await fire(office, MONDAY))["sent_to"] == 5
    assert len(await kept(office)) == 1
    assert len(await letters(office)) == 5


async def test_a_message_by_hand_makes_and_sends_the_last_24_hours_and_leaves_no_hole(office: Office) -> None:
    go_to(office, MONDAY)
    await fire(office, MONDAY)
    (await office["ann"].post("/api/status", {"done": ["Just now"]})).ok(201)
    go_to(office, "2025-10-06T11:23:45Z", after_s=0.25)
    at_ms = office.clock.now_ms()
    await handle(office, message_of(at_ms, sent_ms=at_ms))
    # One without a time of its own is about the time it was sent.
    await handle(office, message_of(0, sent_ms=at_ms, attributes={}))
    first, by_hand = await kept(office)
    assert (first.window_end_ms, by_hand.window_end_ms) == (ms(MONDAY), at_ms)
    assert by_hand.content.window.end == "2025-10-06T11:23:45.250Z"
    assert [one.done for one in by_hand.content.updates.by_person.items] == [["Just now"]]
    assert (by_hand.sent_to, len(await letters(office))) == (5, 10)
    go_to(office, TUESDAY)
    await fire(office, TUESDAY)
    assert [one.window_end_ms for one in await kept(office)] == [ms(MONDAY), at_ms, ms(TUESDAY)]


async def test_many_workers_at_once_make_one_summary_and_one_mail_for_each(office: Office) -> None:
    go_to(office, MONDAY)
    messages = [message_of(ms(MONDAY), sent_ms=ms(MONDAY)) for _ in range(3)]
    await asyncio.gather(*(handle(office, one) for one in messages for _ in range(3)))
    assert len(await kept(office)) == 1
    assert Counter(one["recipient"] for one in await letters(office)).most_common(1)[0][1] == 1


async def test_after_days_without_a_scheduler_the_missed_ones_are_kept_and_only_the_last_is_sent(
    office: Office,
) -> None:
    go_to(office, "2025-10-09T09:30:00Z")
    made = await fire(office, MONDAY, sent="2025-10-09T09:30:00Z")
    summaries = await kept(office)
    assert [one.for_date for one in summaries] == ["2025-10-06", "2025-10-07", "2025-10-08", "2025-10-09"]
    assert [one.sent_to for one in summaries] == [None, None, None, 5]
    assert made["summaries"] == [one.id for one in summaries]
    assert len(await letters(office)) == 5


async def test_after_a_month_seven_are_made_up_for(office: Office) -> None:
    go_to(office, "2025-11-06T09:30:00Z")
    await fire(office, MONDAY, sent="2025-11-06T09:30:00Z")
    summaries = await kept(office)
    assert [one.for_date for one in summaries[1:]] == [f"2025-11-{day:02}" for day in range(1, 7)]
    assert summaries[-1].for_date == "2025-11-06"
    assert [one.sent_to is not None for one in summaries] == [False] * 6 + [True]


async def test_messages_that_waited_for_a_worker_send_one_mail_and_not_one_for_each_day(office: Office) -> None:
    go_to(office, "2025-10-08T12:00:00Z")
    for day in (6, 7, 8):
        await fire(office, f"2025-10-{day:02}T09:00:00Z")
    assert [one.sent_to for one in await kept(office)] == [None, None, 5]


async def test_a_day_whose_message_failed_for_good_is_made_up_for_by_the_next(office: Office) -> None:
    go_to(office, MONDAY)
    await fire(office, MONDAY)
    go_to(office, "2025-10-08T09:00:00Z")
    await fire(office, "2025-10-08T09:00:00Z")
    summaries = await kept(office)
    assert [(one.for_date, one.sent_to) for one in summaries] == [
        ("2025-10-06", 5),
        ("2025-10-07", None),
        ("2025-10-08", 5),
    ]


@pytest.mark.parametrize("off_s", [-2 * 86_400.0, -3600.0, 0.0, 7200.0])
async def test_the_window_follows_the_message_and_never_the_clock_of_a_worker(office: Office, off_s: float) -> None:
    message = message_of(ms(TUESDAY), sent_ms=ms(TUESDAY))
    go_to(office, TUESDAY, after_s=off_s)
    await handle(office, message)
    # The clock is put right, and the message comes back, and another one of the same time.
    go_to(office, TUESDAY, after_s=9000)
    await handle(office, message)
    await fire(office, TUESDAY)
    (summary,) = await kept(office)
    assert summary.window_end_ms == ms(TUESDAY)
    assert len(await letters(office)) == 5


async def test_what_fails_before_the_commit_leaves_nothing_and_is_done_by_the_next_try(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to(office, MONDAY)
    message = message_of(ms(MONDAY), sent_ms=ms(MONDAY))
    send = SummaryService.send

    async def dies(*arguments: Any, **named: Any) -> Any:
        await send(*arguments, **named)
        raise StorageUnavailable("The disk is full.")

    monkeypatch.setattr(SummaryService, "send", dies)
    with pytest.raises(StorageUnavailable):
        await handle(office, message)
    assert await kept(office) == []
    assert await letters(office) == []
    monkeypatch.setattr(SummaryService, "send", send)
    assert (await handle(office, message))["status"] == "made"
    assert len(await letters(office)) == 5


async def test_a_message_with_a_time_that_is_none_is_refused_for_good(office: Office) -> None:
    for text in ("tomorrow", "-1", "1" * 16):
        message = message_of(0, sent_ms=ms(MONDAY), attributes={"scheduled_at_ms": Attribute(text)})
        with pytest.raises(Reject):
            await handle(office, message)


async def test_one_made_by_hand_before_is_the_one_that_is_sent(office: Office) -> None:
    go_to(office, MONDAY)
    made = (await office["lea"].post(f"{PATH}/run", {})).ok(201)
    await fire(office, MONDAY)
    (summary,) = await kept(office)
    assert (summary.id, summary.generator, summary.sent_to) == (made["id"], "manual", 5)


async def test_the_declared_schedule_sends_the_message_to_the_queue_of_the_slice_at_nine(office: Office) -> None:
    schedules = office.parts.schedules
    await schedules.declare([spec for one in office.parts.slices for spec in one.schedules])
    spec = await schedules.get(SCHEDULE_NAME)
    assert (spec.cron, spec.timezone, spec.queue, spec.catch_up) == ("0 9 * * *", "UTC", "operations", "once")
    go_to(office, "2025-10-05T09:00:00Z")
    fired = [one for one in await schedules.fire_due() if one.schedule == SCHEDULE_NAME]
    assert [one.fire_at_ms for one in fired] == [ms("2025-10-05T09:00:00Z")]
    async with office.parts.database.read() as connection:
        bodies = (await connection.execute(select(outbox_table.c.body))).scalars().all()
    assert [body["data"] for body in map(json.decode, bodies) if body["task_type"] == "daily_summary"] == [{}]


async def test_two_hundred_people_get_one_letter_each(office: Office) -> None:
    for number in range(195):
        await office.hire(f"p{number}", "member")
    office.clock.jump(1)
    for number in range(40):
        (await office[f"p{number}"].post("/api/status", {"done": [f"Finished part {number}"], "health": "at_risk"})).ok(
            201
        )
    go_to(office, "2025-10-05T09:00:00Z")
    await fire(office, "2025-10-05T09:00:00Z")
    (summary,) = await kept(office)
    assert summary.sent_to == 200
    mail = await letters(office)
    assert len({one["recipient"] for one in mail}) == len(mail) == 200
    assert max(len(json.encode(one)) for one in mail) < 60_000
    assert summary.content.updates.by_person.total == 40


async def test_a_day_of_rest_is_all_quiet(office: Office) -> None:
    await office.open_queues()
    go_to(office, "2025-10-05T09:00:00Z")
    await fire(office, "2025-10-05T09:00:00Z")
    (summary,) = await kept(office)
    assert summary.all_quiet
    assert summary.content.queues.dead_letters is not None
    assert summary.content.updates.missing.total == 0
    assert (await letters(office))[0]["subject"] == "Summary of Sunday, 5 October 2025: all quiet"
