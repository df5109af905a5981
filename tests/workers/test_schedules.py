from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from sqlalchemy import update

from wipsie.audit import AuditKeys, AuditLog, list_events
from wipsie.database import Database, outbox
from wipsie.kernel import json
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import InvalidInput, NotFound
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually
from wipsie.workers.scheduler import Scheduler
from wipsie.workers.schedules import ScheduleSpec, ScheduleStore, schedules_table

HOUR_MS = 3_600_000

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def clock() -> FakeClock:
    # 2025-10-04T14:00:00Z, on the hour.
    return FakeClock()


@pytest.fixture
async def database(migrated_database_url: str, clock: FakeClock) -> AsyncGenerator[Database]:
    database = Database(migrated_database_url, clock=clock, pool_size=4)
    database.record_with(AuditLog(lambda: AuditKeys([b"k" * 32]), clock))
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
def store(database: Database, clock: FakeClock) -> ScheduleStore:
    return ScheduleStore(database, clock)


def hourly(name: str = "report", **changes: Any) -> ScheduleSpec:
    fields: dict[str, Any] = {
        "name": name,
        "queue": "default",
        "message": {"task_type": "report", "data": {"kind": "hourly"}, "priority": "high"},
        "cron": "0 * * * *",
        **changes,
    }
    return ScheduleSpec(**fields)


async def published(database: Database) -> list[outbox.OutboxMessage]:
    async with database.read() as connection:
        return await outbox.waiting(connection, limit=1000, bytes_max=10**9)


async def test_a_due_schedule_sends_a_standard_message_and_moves_on(
    store: ScheduleStore, database: Database, clock: FakeClock
) -> None:
    start_ms = clock.now_ms()
    await store.declare([hourly()])
    assert await store.fire_due() == []
    assert await store.next_fire_at_ms() == start_ms + HOUR_MS
    clock.jump(3600)
    (fired,) = await store.fire_due()
    assert (fired.schedule, fired.fire_at_ms) == ("report", start_ms + HOUR_MS)
    (row,) = await published(database)
    assert (row.queue, row.message_id, row.priority) == ("default", fired.message_id, 0)
    assert row.deduplication_id == f"schedule:report:{fired.fire_at_ms}"
    body = json.decode(row.body)
    assert (body["source"], body["queue"], body["task_type"]) == ("scheduler", "default", "report")
    assert body["id"] == fired.message_id
    assert json.decode(row.attributes or "")["scheduled_at_ms"] == {
        "value": str(fired.fire_at_ms),
        "data_type": "Number",
    }
    schedule = await store.get("report")
    assert schedule.next_fire_at_ms == start_ms + 2 * HOUR_MS
    assert (schedule.last_fire_at_ms, schedule.last_message_id) == (fired.fire_at_ms, fired.message_id)
    assert schedule.fire_count == 1
    assert await store.fire_due() == []


async def test_many_schedulers_fire_each_time_once(database: Database, clock: FakeClock) -> None:
    stores = [ScheduleStore(database, clock) for _ in range(4)]
    await stores[0].declare([hourly(f"report-{number}") for number in range(5)])
    for _ in range(3):
        clock.jump(3600)
        await asyncio.gather(*(store.fire_due() for store in stores))
    rows = await published(database)
    assert len(rows) == 15
    assert len({row.deduplication_id for row in rows}) == 15


async def test_missed_times_are_caught_up_with_one_fire_or_none(
    store: ScheduleStore, database: Database, clock: FakeClock
) -> None:
    start_ms = clock.now_ms()
    await store.declare([hourly("once"), hourly("skip", catch_up="skip")])
    clock.jump(5 * 3600 + 600)
    fired = await store.fire_due()
    assert [(one.schedule, one.fire_at_ms) for one in fired] == [("once", start_ms + HOUR_MS)]
    for name in ("once", "skip"):
        assert (await store.get(name)).next_fire_at_ms == start_ms + 6 * HOUR_MS
    assert len(await published(database)) == 1


async def test_a_time_that_is_only_a_little_late_is_not_missed(store: ScheduleStore, clock: FakeClock) -> None:
    start_ms = clock.now_ms()
    await store.declare([hourly(catch_up="skip")])
    clock.jump(3 * 3600 + 20)
    (fired,) = await store.fire_due()
    assert fired.fire_at_ms == start_ms + 3 * HOUR_MS


async def test_an_interval_stays_on_its_grid_when_the_scheduler_is_late(store: ScheduleStore, clock: FakeClock) -> None:
    start_ms = clock.now_ms()
    await store.declare([hourly(cron=None, every_s=90)])
    clock.jump(95)
    assert len(await store.fire_due()) == 1
    assert await store.next_fire_at_ms() == start_ms + 180_000


async def test_what_people_change_is_audited_and_what_code_declares_is_not(
    store: ScheduleStore, database: Database
) -> None:
    await store.declare([hourly()])
    await store.fire_due()
    await store.pause("report", by="maria", actor="user:usr_1")
    await store.resume("report", actor="user:usr_1")
    message_id = await store.trigger("report", actor="user:usr_1")
    await store.put(hourly(cron="30 * * * *"), made_by="maria", actor="user:usr_1")
    with pytest.raises(InvalidInput):
        await store.put(hourly(cron="nonsense"), made_by="maria", actor="user:usr_1")
    await store.remove("report", actor="user:usr_1")
    events = list(reversed(await list_events(database)))
    assert {(one.actor, one.object) for one in events} == {("user:usr_1", "schedule:report")}
    assert [(one.action.removeprefix("workers:schedule:"), one.facts) for one in events] == [
        ("pause", {"was_enabled": True}),
        ("resume", {"was_enabled": False}),
        ("trigger", {"message_id": message_id}),
        ("put", {"version": 5}),
        ("remove", {}),
    ]


async def test_a_start_changes_nothing_that_people_decided(store: ScheduleStore, clock: FakeClock) -> None:
    await store.declare([hourly("a"), hourly("b", enabled=False)])
    await store.pause("a", by="maria", actor="user:maria")
    await store.resume("b", actor="user:maria")
    await store.put(hourly("own", cron="30 * * * *"), made_by="maria", actor="user:maria")
    await store.declare([hourly("a"), hourly("b", enabled=False)])
    a, b, own = await store.list()
    assert (a.enabled, a.paused_by, b.enabled, b.paused_by) == (False, "maria", True, None)
    assert (own.made_by, own.cron) == ("maria", "30 * * * *")


async def test_an_unchanged_start_writes_nothing_and_keeps_the_next_fire(
    store: ScheduleStore, clock: FakeClock
) -> None:
    await store.declare([hourly(cron=None, every_s=3600)])
    before = await store.get("report")
    clock.jump(1800)
    await store.declare([hourly(cron=None, every_s=3600)])
    assert await store.get("report") == before


async def test_a_changed_message_keeps_the_next_fire_and_a_changed_trigger_moves_it(
    store: ScheduleStore, clock: FakeClock
) -> None:
    start_ms = clock.now_ms()
    await store.declare([hourly()])
    await store.declare([hourly(message={"task_type": "other"})])
    changed = await store.get("report")
    assert (changed.message, changed.next_fire_at_ms) == ({"task_type": "other"}, start_ms + HOUR_MS)
    await store.declare([hourly(cron="30 * * * *")])
    assert (await store.get("report")).next_fire_at_ms == start_ms + HOUR_MS // 2


async def test_a_paused_schedule_is_silent_and_catches_nothing_up(
    store: ScheduleStore, database: Database, clock: FakeClock
) -> None:
    start_ms = clock.now_ms()
    await store.declare([hourly()])
    await store.pause("report", by="maria", actor="user:maria")
    clock.jump(3 * 3600 + 60)
    assert await store.fire_due() == []
    assert await store.next_fire_at_ms() is None
    resumed = await store.resume("report", actor="user:maria")
    assert resumed.next_fire_at_ms == start_ms + 4 * HOUR_MS
    assert await store.fire_due() == []


async def test_trigger_sends_now_also_when_paused_and_moves_no_time(
    store: ScheduleStore, database: Database, clock: FakeClock
) -> None:
    await store.declare([hourly()])
    before = await store.pause("report", by="maria", actor="user:maria")
    first, second = await store.trigger("report", actor="user:maria"), await store.trigger("report", actor="user:maria")
    rows = await published(database)
    assert [row.message_id for row in rows] == [first, second]
    assert rows[0].deduplication_id != rows[1].deduplication_id
    after = await store.get("report")
    assert (after.next_fire_at_ms, after.fire_count) == (before.next_fire_at_ms, 2)
    assert after.last_message_id == second


async def test_preview_tells_the_next_times(store: ScheduleStore, clock: FakeClock) -> None:
    start_ms = clock.now_ms()
    await store.declare([hourly()])
    assert list(await store.preview("report", 3)) == [start_ms + HOUR_MS * number for number in (1, 2, 3)]


async def test_a_removed_schedule_is_gone_and_unknown_ones_are_said_so(store: ScheduleStore) -> None:
    await store.declare([hourly()])
    await store.remove("report", actor="user:maria")
    assert await store.list() == []
    for look in (store.get, store.preview):
        with pytest.raises(NotFound, match="report"):
            await look("report")
    for change in (store.resume, store.remove, store.trigger):
        with pytest.raises(NotFound, match="report"):
            await change("report", actor="user:maria")


@pytest.mark.parametrize(
    "changes",
    [
        {"cron": "nonsense"},
        {"cron": None},
        {"timezone": "Nowhere"},
        {"name": ""},
        {"name": "n" * 101},
        {"message": {"priority": "urgent"}},
        {"cron": "0 0 30 2 *"},
    ],
)
async def test_a_bad_schedule_is_refused_and_nothing_is_stored(store: ScheduleStore, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await store.declare([hourly("good"), hourly(**{"name": "bad", **changes})])
    assert await store.list() == []


async def test_a_schedule_that_went_bad_stops_alone_and_says_why(
    store: ScheduleStore, database: Database, clock: FakeClock
) -> None:
    await store.declare([hourly("bad"), hourly("good")])
    async with database.begin() as connection:
        await connection.execute(
            update(schedules_table).where(schedules_table.c.name == "bad").values(timezone="Gone/Away")
        )
    clock.jump(3600)
    assert [fired.schedule for fired in await store.fire_due()] == ["good"]
    bad = await store.get("bad")
    assert bad.next_fire_at_ms is None
    assert "Gone/Away" in (bad.last_error or "")
    await store.declare([hourly("bad"), hourly("good")])
    assert (await store.get("bad")).last_error is None
    assert (await store.get("bad")).next_fire_at_ms is not None


async def test_the_scheduler_sleeps_until_a_schedule_is_due(
    store: ScheduleStore, database: Database, clock: FakeClock
) -> None:
    metrics = Metrics()
    await store.declare([hourly(cron=None, every_s=10)])
    scheduler = Scheduler(store, clock=clock, metrics=metrics)
    await scheduler.start()
    for fires in range(1, 4):
        await eventually(lambda: clock.sleepers == 1, message="the scheduler did not go to sleep")
        await clock.advance(10)
        await eventually(lambda fires=fires: scheduler.status()["fires"] == fires, message="no fire")
    await scheduler.stop()
    assert len(await published(database)) == 3
    assert metrics.registry.get_sample_value("schedule_fires_total", {"schedule": "report"}) == 3
    assert scheduler.status()["running"] is False


async def until_it_fires(scheduler: Scheduler, clock: FakeClock, step_s: float, message: str) -> None:
    """Move time in steps until something fired: how long a round takes on the disk decides when the next one begins."""

    async def fires() -> bool:
        await clock.advance(step_s)
        return bool(scheduler.status()["fires"])

    await eventually(fires, message=message)


async def test_a_change_of_this_process_wakes_the_scheduler(
    store: ScheduleStore, database: Database, clock: FakeClock
) -> None:
    scheduler = Scheduler(store, clock=clock)
    await scheduler.start()
    await eventually(lambda: clock.sleepers == 1)
    await store.put(hourly(cron=None, every_s=5), made_by="maria", actor="user:maria")
    await eventually(lambda: clock.sleepers == 1)
    await until_it_fires(scheduler, clock, 5, "the new schedule did not fire")
    await scheduler.stop()


async def test_two_schedulers_in_different_processes_notice_each_others_changes_within_half_a_minute(
    store: ScheduleStore, database: Database, clock: FakeClock
) -> None:
    scheduler = Scheduler(store, clock=clock)
    await scheduler.start()
    await eventually(lambda: clock.sleepers == 1)
    elsewhere = ScheduleStore(database, clock)
    await elsewhere.put(hourly(cron=None, every_s=5), made_by="maria", actor="user:maria")
    await until_it_fires(scheduler, clock, 30, "the schedule was not noticed")
    await scheduler.stop()


async def test_the_scheduler_outlives_a_database_that_fails(
    store: ScheduleStore, database: Database, clock: FakeClock
) -> None:
    await store.declare([hourly(cron=None, every_s=60)])
    async with database.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE schedules RENAME TO hidden")
    scheduler = Scheduler(store, clock=clock)
    await scheduler.start()
    await eventually(lambda: scheduler.status()["error"], message="no error shown")
    async with database.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE hidden RENAME TO schedules")
    await eventually(lambda: clock.sleepers == 1)
    await until_it_fires(scheduler, clock, 60, "no fire after the failure")
    await eventually(lambda: scheduler.status()["error"] is None, message="the error still stands")
    await scheduler.stop()


@pytest.mark.slow
async def test_declaring_imports_the_cron_library_only_for_what_is_new(migrated_database_url: str) -> None:
    # In a process of its own: other tests have imported it here.
    database = Database(migrated_database_url, clock=SystemClock())
    await database.start()
    await ScheduleStore(database, SystemClock()).declare([hourly(cron="0 0 1 1 *")])
    await database.stop()
    code = """
import asyncio, sys
from wipsie.database import Database
from wipsie.kernel.clock import SystemClock
from wipsie.workers.schedules import ScheduleSpec, ScheduleStore
async def main():
    database = Database(sys.argv[1], clock=SystemClock())
    store = ScheduleStore(database, SystemClock())
    message = {"task_type": "report", "data": {"kind": "hourly"}, "priority": "high"}
    await store.declare([ScheduleSpec(name="report", queue="default", message=message, cron="0 0 1 1 *")])
    await store.fire_due()
    await database.stop()
asyncio.run(main())
sys.exit(any(name.startswith("apscheduler") for name in sys.modules))
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, migrated_database_url)
    assert await process.wait() == 0
