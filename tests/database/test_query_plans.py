"""Queries that people and loops wait for read through an index, at a hundred thousand rows in each table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from wipsie.audit import list_events
from wipsie.audit.chain import body_of, write_body
from wipsie.audit.log import all_events
from wipsie.audit.tables import events_table
from wipsie.database import Database, outbox
from wipsie.database.inbox import handled_messages_table
from wipsie.database.migrator import migrate
from wipsie.kernel.audit_event import AuditEvent
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.ids import MessageId
from wipsie.testing.clock import FakeClock
from wipsie.testing.query_plans import ROWS, SentSelect, assert_indexed, fill_table, query_plan, sent_selects
from wipsie.testing.servers import PostgresServer
from wipsie.workers.run_log import STATUSES, SUCCEEDED, RunLog, task_runs_table
from wipsie.workers.schedules import ScheduleStore, schedules_table

pytestmark = pytest.mark.slow
START_MS = 1_750_000_000_000
RARE = "rare"


@pytest.fixture(scope="session")
def sqlite_rows(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('rows')}/wipsie.db"
    asyncio.run(fill_tables(url))
    return url


@pytest.fixture(scope="session")
def postgresql_rows(postgres_server: PostgresServer) -> str:
    url = postgres_server.create_database("rows")
    asyncio.run(fill_tables(url))
    return url


@pytest.fixture
def full_url(database_kind: str, request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{database_kind}_rows")


@pytest.fixture
async def full(full_url: str) -> AsyncGenerator[Database]:
    """Only to be read: all tests of this file share it."""
    database = Database(full_url, clock=SystemClock(), pool_size=1, max_overflow=1)
    await database.start()
    yield database
    await database.stop()


async def fill_tables(url: str) -> None:
    await migrate(url)
    database = Database(url, clock=SystemClock(), pool_size=1, max_overflow=0)
    await database.start()
    async with database.begin() as connection:
        await fill_table(connection, events_table, events())
        await fill_table(connection, task_runs_table, runs())
        await fill_table(connection, schedules_table, schedules())
        await fill_table(connection, outbox.outbox_table, published())
        await fill_table(
            connection,
            handled_messages_table,
            (
                {"message_id": f"message-{number}", "handler": "a", "handled_at_ms": START_MS + number}
                for number in range(ROWS)
            ),
        )
    await database.stop()


def often_or(rare: str, often: str, number: int) -> str:
    return rare if number % 20_000 == 11 else often


def events() -> Iterator[dict[str, Any]]:
    for number in range(1, ROWS + 1):
        event = AuditEvent(
            actor=often_or(RARE, "user:1", number),
            action=often_or("tests:thing:remove", "tests:thing:put", number),
            object=often_or("thing:rare", "thing:1", number),
            facts={},
        )
        body = body_of(event, seq=number, at_ms=START_MS + number, request_id=None, key_id="key")
        yield {
            "seq": number,
            "at_ms": body.at_ms,
            "actor": body.actor,
            "action": body.action,
            "object": body.object,
            "key_id": body.key_id,
            "body": write_body(body),
            "seal": "0" * 64,
        }


def runs() -> Iterator[dict[str, Any]]:
    unsuccessful = [status for status in STATUSES if status != "succeeded"]
    for number in range(ROWS):
        yield {
            "message_id": f"message-{number // 2}",
            "queue": often_or(RARE, "default", number),
            "task_type": "t",
            "attempt": 1 + number % 2,
            "status": unsuccessful[number // 50 % len(unsuccessful)] if number % 50 == 0 else "succeeded",
            "worker": "w",
            "wait_ms": 1,
            "started_at_ms": START_MS + number,
            "finished_at_ms": START_MS + number + 1,
            "run_ms": 1.0,
        }


def schedules() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        yield {
            "name": f"schedule-{number}",
            "queue": "default",
            "message": "{}",
            "every_s": 60.0,
            "timezone": "UTC",
            "catch_up": "once",
            "made_by": "tests",
            "enabled": number % 3 > 0,
            "next_fire_at_ms": None if number % 5 == 0 else START_MS + number,
            "fire_count": 0,
            "created_at_ms": START_MS,
            "updated_at_ms": START_MS,
            "version": 1,
        }


def published() -> Iterator[dict[str, Any]]:
    for number in range(ROWS):
        is_refused = number % 2 == 0
        yield {
            "queue": often_or(RARE, "default", number),
            "message_id": f"message-{number}",
            "body": "{}",
            "priority": 0,
            "size_bytes": 2,
            "created_at_ms": START_MS + number,
            "refused_at_ms": START_MS if is_refused else None,
            "error": "full" if is_refused else None,
        }


async def of(work: Callable[[], Awaitable[Any]]) -> list[SentSelect]:
    """The queries some work sends, those of the connection itself aside."""
    with sent_selects() as sent:
        await work()
    assert sent
    return sent


async def assert_all_indexed(database: Database, work: Callable[[], Awaitable[Any]], **allowed: Any) -> None:
    sent = await of(work)
    async with database.read() as connection:
        for one in sent:
            await assert_indexed(connection, one, **allowed)


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"before_seq": 50_000},
        {"actor": "user:1"},
        {"actor": RARE},
        {"actor": "nobody"},
        {"actor": "user:1", "before_seq": 50_000},
        {"action": "tests:thing:put"},
        {"action": "tests:thing:remove"},
        {"action": "tests:thing:nothing"},
        {"object": "thing:1"},
        {"object": "thing:rare"},
        {"object": "thing:none"},
    ],
    ids=str,
)
async def test_the_list_of_audit_events(full: Database, filters: dict[str, Any]) -> None:
    await assert_all_indexed(full, lambda: list_events(full, **filters))


async def test_two_filters_of_audit_events_read_through_the_index_of_one(full: Database) -> None:
    # Which one of the two is the rare one SQLite cannot know.
    await assert_all_indexed(
        full, lambda: list_events(full, actor=RARE, action="tests:thing:put"), rows_read_max=2 * ROWS
    )


async def test_the_export_of_audit_events_goes_from_page_to_page(full: Database) -> None:
    async def last_pages() -> None:
        async for _ in all_events(full, after_seq=ROWS - 1_500):
            pass

    await assert_all_indexed(full, last_pages)


@pytest.mark.parametrize("queue", [None, "default", RARE, "none"])
@pytest.mark.parametrize("status", [None, *STATUSES])
async def test_the_list_of_runs(full: Database, queue: str | None, status: str | None) -> None:
    sent = await of(lambda: RunLog(full).recent(50, queue=queue, status=status))
    async with full.read() as connection:
        for one in sent:
            if (queue, status) == (None, SUCCEEDED):
                # Most runs succeed: from the last one back, the page is soon full, and an index of nearly all rows would
                # make each of them dearer to write.
                assert (await query_plan(connection, one)).work is None
            else:
                await assert_indexed(connection, one)


async def test_the_runs_of_messages(full: Database) -> None:
    log, ids = RunLog(full), [MessageId(f"message-{number}") for number in range(400)]
    await assert_all_indexed(full, lambda: log.runs_of(ids[0]))
    await assert_all_indexed(full, lambda: log.succeeded(ids))
    await assert_all_indexed(full, lambda: log.tries_of(ids), may_sort=True)
    await assert_all_indexed(full, lambda: log.runs_of_many(ids), may_sort=True)


async def test_the_next_fire_and_what_is_due(full: Database) -> None:
    # Late enough that nothing is due: who reads may not fire.
    store = ScheduleStore(full, FakeClock(START_MS / 1000 - 60))
    await assert_all_indexed(full, store.next_fire_at_ms)
    await assert_all_indexed(full, store.fire_due)
    await assert_all_indexed(full, lambda: store.get("schedule-7"))


async def test_what_waits_in_the_outbox(full: Database) -> None:
    async with full.read() as connection:

        async def waiting(without: tuple[str, ...] = ()) -> None:
            await outbox.waiting(connection, limit=500, bytes_max=1_000_000, without_queues=without)

        await assert_all_indexed(full, waiting)
        await assert_all_indexed(full, lambda: waiting(("other",)))
        # The rows of a queue that takes nothing for now are passed over one by one; those refused for good are not met.
        await assert_all_indexed(full, lambda: waiting(("default",)), rows_read_max=ROWS // 2 + 500)
        await assert_all_indexed(full, lambda: outbox.count_waiting(connection), counts=True)


async def test_what_the_queue_refused(full: Database) -> None:
    async with full.read() as connection:
        await assert_all_indexed(full, lambda: outbox.refused(connection))
