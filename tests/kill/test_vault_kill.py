"""kill -9 at every step of a report's way, with webhooks that come three times and in any order: nothing is lost, nothing is double.

The steps are those at which the vault writes. A process dies right before the commit that holds such a write, or right after it, is
replaced by one that dies at the next moment, and so on, until all moments were had and everybody has what they sent.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fast_clock import FastClock
from kill_stores import Store
from sqlalchemy import text
from vault_process import FACTOR, NEVER

from wipsie.database import Database
from wipsie.database.migrator import migrate
from wipsie.slices.vault.handlers.export import RECEIVES_MAX
from wipsie.slices.vault.routes.webhook import PATH
from wipsie.testing.eventually import eventually
from wipsie.testing.ports import free_port
from wipsie.testing.process import WipsieProcess
from wipsie.testing.sample_reports import SampleReport, sample_report
from wipsie.testing.simulators.whatsapp import Phone, WhatsAppSimulator
from wipsie.testing.simulators.whatsapp.settings import Behaviour, Bounds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
HERE = Path(__file__).parent
SECRETS = {
    "WHATSAPP_ACCESS_TOKEN": "kill-access-token",
    "WHATSAPP_APP_SECRET": "kill-app-secret",
    "WHATSAPP_VERIFY_TOKEN": "kill-verify-token",
    "VAULT_KEYS": "00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0",
}
STEPS = ("handled", "looked-up", "sealed", "checked", "saved", "said", "sending", "relayed")
WORKER_MOMENTS = tuple(f"{when} {step}" for step in STEPS for when in ("before", "after"))
API_MOMENTS = ("before kept", "after kept")
SURE = (0, 1, 2, 5, 7, 8, 12, 13, 14, 17)
"""Numbers of sample reports whose cards have nothing to ask."""
NUDGE_S = 12.0
"""Somebody who hears nothing for so long asks."""


class Clinic:
    """Both roles of Wipsie, dying and coming back, and a WhatsApp with people."""

    def __init__(self, folder: Path, simulator: WhatsAppSimulator, clock: FastClock, origin_s: float) -> None:
        self.folder = folder
        self.simulator = simulator
        self.clock = clock
        self.deaths: Counter[str] = Counter()
        self.port = free_port()
        self.store = Store(
            "chosen",
            {
                **SECRETS,
                "WIPSIE_SLICES": "vault",
                "WHATSAPP_GRAPH_URL": simulator.graph_url,
                # Of all that a worker is at when it dies, each costs Meta one more look-up: four, and the next is in an hour.
                "WORKER_CONCURRENCY": "1",
            },
        )
        self._origin_s = origin_s
        self._lives: dict[str, int] = {"api": 0, "worker": 0}
        self._running: dict[str, tuple[WipsieProcess, str]] = {}
        self.is_mild = False
        """Nobody dies any more."""
        self.moment: str | None = None
        """At which each worker dies from now on."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    def start(self, role: str) -> None:
        """Another process in this role; each dies at another moment than the one before."""
        moments = API_MOMENTS if role == "api" else WORKER_MOMENTS
        life = self._lives[role]
        moment = NEVER if self.is_mild or life >= len(moments) else moments[life]
        if self.moment is not None and role == "worker":
            moment = self.moment
        self._lives[role] = life + 1
        process = WipsieProcess(
            [str(HERE / "vault_process.py"), str(self.folder), role, repr(self._origin_s), moment, str(self.port)],
            data_dir=self.folder,
            command=[sys.executable],
            environment=self.store.environment,
        )
        process.start()
        self._running[role] = process, moment

    async def replace_the_dead(self) -> None:
        """For as long as it is not cancelled."""
        while True:
            for role, (process, moment) in list(self._running.items()):
                if process.return_code is not None:
                    assert process.return_code == -9, process.log()[-3000:]
                    self.deaths[moment] += 1
                    self.start(role)
            # Real processes die in real time; this is how soon each is noticed.
            await asyncio.sleep(0.05)

    def kill(self, role: str) -> None:
        """Have the process of this role replaced."""
        process, _ = self._running.pop(role)
        process.kill()
        self.start(role)

    def kill_all(self) -> None:
        for process, _ in self._running.values():
            process.kill()

    def log(self) -> str:
        return "\n".join(process.log()[-3000:] for process, _ in self._running.values())


class Person:
    """Sends reports one by one and saves each; asks when nothing comes."""

    def __init__(self, phone: Phone, reports: list[SampleReport]) -> None:
        self.phone = phone
        self.reports = reports
        self.saved = 0

    async def live(self) -> None:
        await self._until("Hello", lambda: self._taps("I agree"), lambda: self._hears("Thank you"))
        for number, report in enumerate(self.reports, start=1):
            await self.phone.send_document(report.content, filename=report.file_name)
            # Whether the answer went out, when its sender died on the way, nobody knows, and it tells of a report: it is not said again.
            await self._until(
                "LIST",
                lambda: self._taps("Save"),
                lambda number=number: self._hears(f"report {number}.") or self._sees(f"{number} · "),
            )
            self.saved = number

    async def _until(self, nudge: str, act: Any, is_done: Any) -> None:
        """Act on what comes until it is done."""
        asked_at = time.monotonic()
        if nudge == "Hello":
            await self.phone.send_text(nudge)
        while not is_done():
            if await act():
                asked_at = time.monotonic()
            elif time.monotonic() - asked_at > NUDGE_S:
                await self.phone.send_text(nudge)
                asked_at = time.monotonic()
            # How often a person looks at the phone: what comes is sent by processes that live in real time.
            await asyncio.sleep(0.05)

    def _hears(self, words: str) -> bool:
        return any(words in one.text for one in self.phone.received)

    def _sees(self, row: str) -> bool:
        return any(choice.title.startswith(row) for one in self.phone.received for choice in one.choices)

    async def _taps(self, title: str) -> bool:
        """Tap on the newest message that offers it, unless that was tapped."""
        for bubble in reversed(self.phone.received):
            if any(choice.title == title for choice in bubble.choices):
                if bubble.my_reaction == "tapped":
                    return False
                bubble.my_reaction = "tapped"
                await self.phone.tap(title, on=bubble)
                return True
        return False


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    origin_s = time.time()
    clock = FastClock(origin_s, FACTOR)
    simulator = WhatsAppSimulator(
        app_secret=SECRETS["WHATSAPP_APP_SECRET"],
        verify_token=SECRETS["WHATSAPP_VERIFY_TOKEN"],
        access_token=SECRETS["WHATSAPP_ACCESS_TOKEN"],
        clock=clock,
        behaviour=Behaviour(retry_gaps_s=(0, 2, 5), verify_first=False),
        bounds=Bounds(log_entries=100_000),
    )
    async with simulator:
        clinic = Clinic(tmp_path, simulator, clock, origin_s)
        await migrate(clinic.store.settings(tmp_path).database.url)
        try:
            yield clinic
        finally:
            clinic.kill_all()


@pytest.mark.parametrize(("people", "each"), [(8, 3), (20, 5)], ids=str)
async def test_whoever_dies_when_each_report_is_saved_once_and_each_answer_said_once(
    clinic: Clinic, people: int, each: int
) -> None:
    simulator = clinic.simulator
    simulator.account.callback_url = clinic.url
    simulator.faults.duplicate(copies=2, together=True, times=None)
    simulator.faults.reorder(5, within_s=3, times=None)
    crowd = [
        Person(
            simulator.phone(f"Person {number}", number=f"155501{number:05}"),
            [sample_report(SURE[index % len(SURE)], seed=index // len(SURE), form="text_pdf") for index in range(each)],
        )
        for number in range(people)
    ]
    for role in ("api", "worker"):
        clinic.start(role)
    watching = asyncio.create_task(clinic.replace_the_dead())
    began_s = time.monotonic()
    lives = [asyncio.create_task(person.live()) for person in crowd]
    try:

        async def all_done() -> bool:
            for task in (watching, *lives):
                if task.done():
                    task.result()
            return all(task.done() for task in lives)

        await eventually(all_done, 540, "everybody has their reports", interval_s=0.1)
    except AssertionError as error:
        left = [
            f"{person.phone.name} {person.saved}: {[one.text[:40] for one in person.phone.received[-3:]]}"
            for person in crowd
        ]
        raise AssertionError(f"{error}; deaths {clinic.deaths}; {left}\n{clinic.log()}") from error
    finally:
        for task in (watching, *lives):
            task.cancel()
        await asyncio.gather(watching, *lives, return_exceptions=True)
    took_s = time.monotonic() - began_s
    print(f"\n{people * each} reports, {clinic.deaths.total()} deaths, {took_s:.0f} s")
    assert set(clinic.deaths) == {*WORKER_MOMENTS, *API_MOMENTS}, "some moment was not had"
    await check_the_books(clinic, people * each, people)


async def check_the_books(clinic: Clinic, reports: int, people: int) -> None:
    clinic.kill_all()
    database = clinic.store.database(clinic.folder, clinic.clock)
    await database.start()
    try:
        assert await rows(database, "SELECT count(*) FROM vault_identities") == [(people,)]
        assert await rows(database, "SELECT count(*), count(DISTINCT owner || '/' || number) FROM vault_reports") == [
            (reports, reports)
        ]
        assert await rows(database, "SELECT count(DISTINCT file), count(*) FROM vault_report_files") == [
            (reports, reports)
        ]
        assert await rows(database, "SELECT state, count(*) FROM vault_files GROUP BY state") == [("saved", reports)]
        assert await rows(database, "SELECT error FROM vault_inbox WHERE error IS NOT NULL") == []
        doubtful = {row[0] for row in await rows(database, "SELECT id FROM vault_deliveries WHERE unknowns > 0")}
    finally:
        await database.stop()
    said: Counter[str] = Counter(
        call.request["biz_opaque_callback_data"]
        for call in clinic.simulator.log.sends
        if call.status_code == 200 and "biz_opaque_callback_data" in call.request
    )
    twice = {id_ for id_, count in said.items() if count > 1}
    assert twice <= doubtful, "an answer was said twice though everybody knew that it was said"
    clinic.store.check(clinic.folder)


async def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def test_who_waits_for_an_archive_that_ends_every_worker_is_told_so_once(clinic: Clinic) -> None:
    clinic.simulator.account.callback_url = clinic.url
    clinic.is_mild = True
    for role in ("api", "worker"):
        clinic.start(role)
    asha = Person(clinic.simulator.phone("Asha"), [sample_report(SURE[0], form="text_pdf")])
    try:
        await asyncio.wait_for(asha.live(), 180)
    except TimeoutError:
        heard = [one.text[:80] for one in asha.phone.received]
        raise AssertionError(f"Her report is not saved; she heard {heard}\n{clinic.log()}") from None
    clinic.moment = "after tried"
    clinic.kill("worker")
    watching = asyncio.create_task(clinic.replace_the_dead())
    try:
        await asha.phone.send_text("EXPORT")
        await asha.phone.wait_for(lambda one: "could not be put together" in one.text, 180)
        # Whoever comes after them finds nothing to do.
        clinic.moment = None
        clinic.kill("worker")
        await asha.phone.send_text("HELP")
        await asha.phone.expect("shows your reports", timeout_s=60)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert sum("could not be put together" in one.text for one in asha.phone.received) == 1
    assert clinic.deaths == {"after tried": RECEIVES_MAX}
    clinic.kill_all()
    database = clinic.store.database(clinic.folder, clinic.clock)
    await database.start()
    try:
        assert await rows(database, "SELECT count(*) FROM vault_exports") == [(0,)]
        assert await rows(database, "SELECT count(*) FROM vault_objects WHERE role = 'export'") == [(0,)]
    finally:
        await database.stop()
