"""Several schedulers and workers, killed around the time of a summary: one row for each window, one letter for each person."""

from __future__ import annotations

import email
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from email import policy
from pathlib import Path

import pytest
from kill_stores import Store, opened
from sqlalchemy import insert, select, update
from summary_worker_process import AFTER, BEFORE, NEVER

from wipsie.auth.accounts import users_table
from wipsie.database import Database
from wipsie.database.migrator import migrate
from wipsie.kernel.clock import SystemClock
from wipsie.queue.contract import QueueSettings
from wipsie.queue.operations_signal import OPERATIONS_QUEUE
from wipsie.slices.asyncops.handlers.summaries import SCHEDULE_NAME, summary_schedule
from wipsie.slices.asyncops.service.summaries.times import SummarySettings
from wipsie.slices.asyncops.store.summaries import daily_summaries_table
from wipsie.testing.eventually import eventually
from wipsie.testing.process import WipsieProcess
from wipsie.workers.schedules import ScheduleStore, schedules_table

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
HERE = Path(__file__).parent
PEOPLE = 4
EACH = 2
"""Schedulers, and workers."""
WORKER_MOMENTS = (BEFORE, AFTER)
SCHEDULER_MOMENTS = ("before the fire", "after the fire")
MAILED = "Summary of "


class Crew:
    """Schedulers and workers that die at the worst moments and are replaced at once."""

    def __init__(self, folder: Path, store: Store, cron: str) -> None:
        self.folder = folder
        self.store = store
        self.clock = SystemClock()
        self.cron = cron
        self.deaths: Counter[str] = Counter()
        self.running: dict[WipsieProcess, tuple[str, str]] = {}
        self._started: Counter[str] = Counter()

    def start_one(self, script: str, moment: str | None = None) -> None:
        """Another process; each dies at another moment than the one before, unless one is chosen."""
        moments = SCHEDULER_MOMENTS if script == "scheduler_process.py" else WORKER_MOMENTS
        moment = moment or moments[self._started[script] % len(moments)]
        self._started[script] += 1
        process = WipsieProcess(
            [str(HERE / script), str(self.folder), moment],
            data_dir=self.folder,
            command=[sys.executable],
            environment={**self.store.environment, "SUMMARY_CRON": self.cron},
        )
        process.start()
        self.running[process] = (script, moment)

    def replace_the_dead(self) -> None:
        """Count those that died as they should, and start others."""
        for process, (script, moment) in list(self.running.items()):
            if process.return_code is not None:
                assert process.return_code == -9, process.log()[-3000:]
                self.deaths[moment] += 1
                del self.running[process]
                self.start_one(script)

    def kill_all(self) -> None:
        """Nobody lives on."""
        for process in self.running:
            process.kill()
        self.running.clear()

    async def fire_again(self, database: Database) -> bool:
        """Let the schedule be due now, once it has fired; whether it is."""
        now_ms = self.clock.now_ms()
        due = update(schedules_table).where(
            schedules_table.c.name == SCHEDULE_NAME, schedules_table.c.next_fire_at_ms > now_ms + 60_000
        )
        async with database.begin() as connection:
            return (await connection.execute(due.values(next_fire_at_ms=now_ms))).rowcount == 1

    def mailbox(self) -> Counter[tuple[str, str]]:
        """How many letters there are for each person and summary."""
        found: Counter[tuple[str, str]] = Counter()
        for path in (self.folder / "mailbox" / "new").glob("*"):
            letter = email.message_from_bytes(path.read_bytes(), policy=policy.default)
            text = letter.get_body(("plain",))
            if str(letter["Subject"]).startswith(MAILED) and text is not None:
                found[str(letter["To"]), text.get_content().partition("/api/summaries/")[2][:36]] += 1
        return found


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with opened(request.param, request) as store:
        yield store


@pytest.fixture
async def crew(tmp_path: Path, store: Store) -> AsyncIterator[Crew]:
    await migrate(store.settings(tmp_path).database.url)
    # Months away from now, so that each fire of this test is a window of its own.
    month = (datetime.now(tz=UTC).month + 5) % 12 + 1
    crew = Crew(tmp_path, store, f"0 0 1 {month} *")
    engine = store.engine(tmp_path, crew.clock)
    operations = engine.names.stored(OPERATIONS_QUEUE)
    await engine.start([QueueSettings(name=operations, visibility_timeout_s=1.0, max_receive_count=1000)])
    await engine.stop()
    try:
        yield crew
    finally:
        crew.kill_all()


async def hire(database: Database, count: int) -> None:
    async with database.begin() as connection:
        for number in range(count):
            row = {
                "id": f"usr_{number:032}",
                "email": f"p{number}@example.org",
                "email_key": f"p{number}@example.org",
                "name": f"P{number}",
                "role": "member",
                "is_active": True,
                "timezone": "UTC",
                "work_days": [0, 1, 2, 3, 4],
                "reader_only": False,
                "created_at_ms": 0,
                "updated_at_ms": 0,
                "version": 1,
            }
            await connection.execute(insert(users_table).values(row))


@pytest.mark.parametrize("store", ["sqlite", "postgresql"], indirect=True)
async def test_each_window_has_one_row_and_each_person_one_letter_whoever_dies_when(crew: Crew) -> None:
    database = crew.store.database(crew.folder, crew.clock)
    await database.start()
    try:
        await hire(database, PEOPLE)
        spec = summary_schedule(SummarySettings(cron=crew.cron))
        await ScheduleStore(database, crew.clock).declare([spec])
        for script in ("scheduler_process.py", "summary_worker_process.py"):
            for _ in range(EACH):
                crew.start_one(script)
        fires = 0

        async def enough_died() -> bool:
            nonlocal fires
            crew.replace_the_dead()
            fires += await crew.fire_again(database)
            return all(crew.deaths[moment] >= 1 for moment in (*WORKER_MOMENTS, *SCHEDULER_MOMENTS))

        await eventually(enough_died, 90, "schedulers and workers die at each moment", interval_s=0.1)
        crew.kill_all()
        for script in ("scheduler_process.py", "summary_worker_process.py"):
            crew.start_one(script, NEVER)

        async def summaries() -> list[tuple[str, int, int, int | None]]:
            columns = daily_summaries_table.c
            async with database.read() as connection:
                wanted = select(columns.id, columns.window_end_ms, columns.edition, columns.sent_to)
                return [
                    (row.id, row.window_end_ms, row.edition, row.sent_to) for row in await connection.execute(wanted)
                ]

        async def all_there() -> bool:
            rows = await summaries()
            return len(rows) >= fires and crew.mailbox().total() >= PEOPLE * len(rows)

        await eventually(all_there, 60, "every fire has its summary, and its mail is delivered", interval_s=0.2)
        for process in list(crew.running):
            assert await process.stop() == 0, process.log()[-3000:]
        crew.running.clear()
        rows = await summaries()
    finally:
        await database.stop()
    assert len(rows) == fires
    assert len({end_ms for _, end_ms, _, _ in rows}) == len(rows)
    assert {(edition, sent_to) for _, _, edition, sent_to in rows} == {(1, PEOPLE)}
    people = [f"p{number}@example.org" for number in range(PEOPLE)]
    assert crew.mailbox() == {(person, summary_id): 1 for person in people for summary_id, *_ in rows}
