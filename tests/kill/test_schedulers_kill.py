"""Several schedulers, and the one that fires is killed at the tick: every tick is fired once, and handled once."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fatal_moments import MOMENTS
from kill_stores import Store, opened

from wipsie.database import outbox
from wipsie.database.migrator import migrate
from wipsie.kernel.clock import SystemClock
from wipsie.testing.eventually import eventually
from wipsie.testing.process import WipsieProcess
from wipsie.workers.schedules import Schedule, ScheduleSpec, ScheduleStore

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
HERE = Path(__file__).parent
SCHEDULERS = 3
TICKS = 4
DEATHS = 3
AT_THE_TICK = {"before the fire", "after the fire"}
"""Deaths there must be. The relay of the worker, which lives, may be the one that records."""


class Schedulers:
    """Schedulers that die at the tick and are replaced at once, and a worker that lives."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self.clock = SystemClock()
        self.worker = self._process("tick_worker_process.py")
        self.running: list[WipsieProcess] = []
        self.deaths: Counter[str] = Counter()
        # Queues in the very database take the message with the fire: then there is no record to die before.
        self._fatal = MOMENTS[:2] if store.name == "postgresql" else MOMENTS[:3]
        self._moments: dict[int, str] = {}
        self._started = 0

    def _process(self, script: str, *arguments: str) -> WipsieProcess:
        return WipsieProcess(
            [str(HERE / script), str(self.folder), *arguments],
            data_dir=self.folder,
            command=[sys.executable],
            environment=self.store.environment,
        )

    def start_one(self, moment: str | None = None) -> None:
        """Another scheduler; each dies at another moment than the one before, unless one is chosen."""
        moment = moment or self._fatal[self._started % len(self._fatal)]
        self._started += 1
        process = self._process("scheduler_process.py", moment)
        process.start()
        self._moments[process.pid] = moment
        self.running.append(process)

    def replace_the_dead(self) -> None:
        """Count those that died as they should, and start others."""
        for process in list(self.running):
            if process.return_code is None:
                continue
            assert process.return_code == -9, process.log()[-3000:]
            self.deaths[self._moments[process.pid]] += 1
            self.running.remove(process)
            self.start_one()

    async def schedule(self) -> Schedule:
        database = self.store.database(self.folder, self.clock)
        try:
            return await ScheduleStore(database, self.clock).get("tick")
        finally:
            await database.stop()

    async def waiting(self) -> int:
        """Messages of fires that no relay has sent yet."""
        database = self.store.database(self.folder, self.clock)
        try:
            async with database.read() as connection:
                return await outbox.count_waiting(connection)
        finally:
            await database.stop()

    def handled(self) -> list[int]:
        """The ticks the handler was run for."""
        path = self.folder / "ticks.txt"
        return [int(line.split()[0]) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with opened(request.param, request) as store:
        yield store


@pytest.fixture
async def schedulers(tmp_path: Path, store: Store) -> AsyncIterator[Schedulers]:
    await migrate(store.settings(tmp_path).database.url)
    schedulers = Schedulers(tmp_path, store)
    try:
        yield schedulers
    finally:
        for process in (schedulers.worker, *schedulers.running):
            process.kill()


async def add_schedule(schedulers: Schedulers) -> None:
    database = schedulers.store.database(schedulers.folder, schedulers.clock)
    try:
        spec = ScheduleSpec(name="tick", queue="default", message={"task_type": "tick"}, every_s=1)
        await ScheduleStore(database, schedulers.clock).put(spec, made_by="test", actor="cli")
    finally:
        await database.stop()


async def kill_at_ticks(schedulers: Schedulers) -> Schedule:
    """Let schedulers die until there were enough deaths and ticks; then one finishes in peace."""
    schedulers.worker.start()
    await eventually(lambda: "worker_started" in schedulers.worker.log(), 20, "the worker works")
    await add_schedule(schedulers)
    for _ in range(SCHEDULERS):
        schedulers.start_one()

    def enough() -> bool:
        schedulers.replace_the_dead()
        enough_deaths = schedulers.deaths.total() >= DEATHS and schedulers.deaths.keys() >= AT_THE_TICK
        return enough_deaths and len(set(schedulers.handled())) >= TICKS

    await eventually(enough, 60, "schedulers die and ticks are handled", interval_s=0.02)
    for process in schedulers.running:
        process.kill()
    schedulers.running.clear()
    schedulers.start_one("never")

    async def all_sent() -> bool:
        schedule = await schedulers.schedule()
        return await schedulers.waiting() == 0 and len(set(schedulers.handled())) >= schedule.fire_count

    (survivor,) = schedulers.running
    await eventually(lambda: "schedule_fired" in survivor.log(), 20, "the last scheduler fires")
    assert await survivor.stop() == 0, survivor.log()[-3000:]
    await eventually(all_sent, 30, "what the dead left is sent and handled")
    assert await schedulers.worker.stop() == 0, schedulers.worker.log()[-3000:]
    return await schedulers.schedule()


@pytest.mark.parametrize("store", ["sqlite", "postgresql"], indirect=True)
async def test_every_tick_is_handled_exactly_once_whoever_dies_when(schedulers: Schedulers) -> None:
    schedule = await kill_at_ticks(schedulers)
    ticks = schedulers.handled()
    assert len(set(ticks)) == len(ticks), f"handled twice: {[tick for tick, n in Counter(ticks).items() if n > 1]}"
    assert len(ticks) == schedule.fire_count


@pytest.mark.parametrize("store", ["sqs"], indirect=True)
async def test_on_amazon_sqs_every_tick_is_handled_at_least_once(schedulers: Schedulers) -> None:
    # Standard queues recognise no repeat: a relay killed between send and record leaves the message twice.
    schedule = await kill_at_ticks(schedulers)
    assert len(set(schedulers.handled())) == schedule.fire_count
