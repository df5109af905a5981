"""A storm over the vault: every webhook comes three times and in any order, the worker is killed again and again at every step of its
work, and people send reports meanwhile. What is lost, what is kept twice, what is said twice?"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from benchmarks.scenario import Measurement, Outcome, Scenario, Size
from benchmarks.storm.books import check_books, unsettled, verify
from benchmarks.storm.deaths import STEPS, Deaths
from benchmarks.storm.people import Person, plain_reports
from wipsie.slices.vault.routes.webhook import PATH
from wipsie.testing.eventually import eventually
from wipsie.testing.process import WipsieProcess
from wipsie.testing.simulators.whatsapp import Bounds, WhatsAppSimulator

COUNTRY = "IN"
_ARRIVE_EVERY_S = 0.5
"""People come one after the other."""
_SETTLE_S_MAX = 150.0
"""A reply whose sender died is waited for twice as long as the vault waits for a status."""
_START_S_MAX = 60.0


def measure(size: Size, directory: Path) -> Outcome:
    """API, worker and scheduler, a process each, over SQLite and files."""
    return asyncio.run(_measure(size, directory))


async def _measure(size: Size, directory: Path) -> Outcome:
    count, each = size.pick(full=(100, 10), quick=(12, 5), smoke=(3, 2))
    reports = plain_reports(each, directory, country=COUNTRY)
    database = directory / "wipsie" / "wipsie.db"
    async with WhatsAppSimulator(bounds=Bounds(phones=count, log_entries=1_000_000)) as whatsapp:
        whatsapp.faults.duplicate(copies=2, together=True, after_s=1.0, times=None)
        whatsapp.faults.reorder(5, within_s=2.0, times=None)
        settings = {
            "WIPSIE_DATA_DIR": str(directory / "wipsie"),
            "WIPSIE_SLICES": "vault",
            "WHATSAPP_GRAPH_URL": whatsapp.graph_url,
            "WHATSAPP_ACCESS_TOKEN": whatsapp.account.access_token,
            "WHATSAPP_APP_SECRET": whatsapp.account.app_secret,
            "WHATSAPP_VERIFY_TOKEN": whatsapp.account.verify_token,
        }
        people = [
            Person(
                whatsapp.phones.add(f"Person {number}", number=f"155501{number:05}", country=COUNTRY),
                reports,
                patience_s=size.pick(full=90.0, quick=60.0, smoke=20.0),
            )
            for number in range(count)
        ]
        async with _running(directory, settings) as (api, worker):
            await whatsapp.subscribe(f"{api.base_url}{PATH}")
            deaths = Deaths(worker, database, most=size.pick(full=10 * len(STEPS), quick=3 * len(STEPS), smoke=2))
            began = time.perf_counter()
            await _storm(people, deaths, limit_s=size.pick(full=3_000.0, quick=600.0, smoke=75.0))
            seconds = time.perf_counter() - began
            await _settle(whatsapp, database)
        books = check_books(database, whatsapp, people)
        verified = await verify(settings)
        return Outcome(
            measurements=[
                _none("reports lost", books.lost),
                _none("reports kept twice", books.twice),
                _none("replies said twice, but for those of which nobody could know", books.said_twice),
                _none("messages given up", books.given_up),
                _none("damages found by vault verify", verified.damages),
                Measurement(
                    name="look-ups of one file, most", value=books.look_ups, unit="times", bar=4, lower_is_better=True
                ),
                Measurement(name="reports kept", value=books.kept, unit="reports", bar=count * each),
                Measurement(name="reports found whole by vault verify", value=verified.reports, unit="reports"),
                Measurement(name="worker killed", value=deaths.at.total(), unit="times"),
                Measurement(name="all saved", value=seconds, unit="s", lower_is_better=True),
            ],
            settings={
                "people": count,
                "reports_each": each,
                "webhooks": len(whatsapp.log.attempts),
                "replies_of_unknown_fate": books.doubtful,
                "replies_of_unknown_fate_said_twice": books.doubtful_twice,
                "asked_after_silence": sum(person.questions for person in people),
                "objects": verified.objects,
                "objects_left_over": verified.left_over,
                **{f"killed_while_{step.name.replace(' ', '_')}": deaths.at[step.name] for step in STEPS},
            },
        )


@asynccontextmanager
async def _running(directory: Path, settings: Mapping[str, str]) -> AsyncGenerator[tuple[WipsieProcess, WipsieProcess]]:
    """The API and the worker, and the scheduler beside them; ended in good order."""
    data = directory / "wipsie"
    async with AsyncExitStack() as stack:
        processes: dict[str, WipsieProcess] = {}
        for role in ("api", "scheduler", "worker"):
            process = processes[role] = WipsieProcess([role], data_dir=data, environment=settings)
            process.start()
            stack.push_async_callback(process.stop)
            # A scheduler alone listens nowhere.
            if role != "scheduler":
                await process.wait_until_healthy(timeout_s=_START_S_MAX)
        yield processes["api"], processes["worker"]


async def _storm(people: list[Person], deaths: Deaths, *, limit_s: float) -> None:
    """Until everybody has their reports, or the time is over: what is not saved by then counts as lost."""
    killing = asyncio.create_task(deaths.go_on())
    lives = [asyncio.create_task(_comes(person, number)) for number, person in enumerate(people)]
    try:
        async with asyncio.timeout(limit_s):
            living = asyncio.gather(*lives)
            await asyncio.wait((living, killing), return_when=asyncio.FIRST_COMPLETED)
            if killing.done():
                killing.result()
            await living
    except TimeoutError:
        for person in people:
            if person.kept < person.sent:
                heard = [bubble.text[:60] for bubble in person.phone.received[-3:]]
                print(f"{person.phone.name} has {person.kept} of {person.sent} reports: {heard}", file=sys.stderr)
    finally:
        for task in (killing, *lives):
            task.cancel()
        await asyncio.gather(killing, *lives, return_exceptions=True)


async def _comes(person: Person, number: int) -> None:
    # The pace at which people come.
    await asyncio.sleep(number * _ARRIVE_EVERY_S)
    await person.live()


async def _settle(whatsapp: WhatsAppSimulator, database: Path) -> None:
    """Nobody dies any more, and all that was begun comes to its end. RuntimeError when it does not."""
    try:
        await eventually(
            lambda: not whatsapp.waiting_webhooks and not unsettled(database), _SETTLE_S_MAX, "all is settled"
        )
    except AssertionError as error:
        raise RuntimeError(
            f"{whatsapp.waiting_webhooks} webhooks and {unsettled(database)} rows are unsettled."
        ) from error


def _none(name: str, count: int) -> Measurement:
    return Measurement(name=name, value=count, unit="", bar=0, lower_is_better=True)


SCENARIO = Scenario(
    name="vault_storm",
    title="Reports while webhooks repeat and the worker is killed",
    run=measure,
    time_limit_s=3_900,
    repeats_max=1,
)
