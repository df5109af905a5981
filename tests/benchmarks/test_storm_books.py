"""The books of the storm tell what is wrong: a benchmark whose figures are all none must be able to say another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from benchmarks.storm.books import Books, check_books
from benchmarks.storm.people import Person
from sqlalchemy import Engine, create_engine, insert

from wipsie.slices.vault.store.tables import (
    deliveries_table,
    files_table,
    inbox_table,
    report_files_table,
    reports_table,
)
from wipsie.testing.eventually import eventually
from wipsie.testing.simulators.whatsapp import WhatsAppSimulator

TABLES = (deliveries_table, files_table, inbox_table, report_files_table, reports_table)


class Ledger:
    """A vault as rows, and somebody with a phone."""

    def __init__(
        self, path: Path, engine: Engine, simulator: WhatsAppSimulator, session: aiohttp.ClientSession
    ) -> None:
        self._path = path
        self._engine = engine
        self._simulator = simulator
        self._session = session
        self.person = Person(simulator.phone(), [], patience_s=1.0)
        self._reports = 0

    def keep(self, content: str) -> None:
        """A report of this content."""
        self._reports += 1
        number = self._reports
        file = {
            "id": f"f{number}",
            "owner": "o",
            "phone_number_id": "1",
            "state": "saved",
            "details": b"",
            "attempts": 1,
        }
        moments = {"received_at_ms": 0, "updated_at_ms": 0}
        report = {"id": f"r{number}", "owner": "o", "number": number, "version": 1, "saved_at_ms": 0}
        with self._engine.begin() as connection:
            connection.execute(insert(files_table).values(**file, **moments, content_token=content))
            connection.execute(insert(reports_table).values(**report, details=b"", files=1, scan="clean"))
            connection.execute(insert(report_files_table).values(report=f"r{number}", position=0, file=f"f{number}"))

    def doubt(self, reply: str) -> None:
        """Whoever sent this reply died before it heard whether it arrived."""
        row = {"id": reply, "owner": "o", "phone_number_id": "1", "kind": "text", "is_sensitive": False}
        times = {"attempts": 2, "unknowns": 1, "next_at_ms": 0, "claimed_until_ms": 0, "created_at_ms": 0}
        with self._engine.begin() as connection:
            connection.execute(insert(deliveries_table).values(**row, **times, state="accepted"))

    def give_up(self) -> None:
        """A message that was not handled."""
        row = {"phone_number_id": "1", "message_token": "m", "sender_token": "s", "kind": "text", "content_token": "c"}
        times = {"sent_at_ms": 0, "arrived_at_ms": 0, "attempts": 5, "handled_at_ms": 0}
        with self._engine.begin() as connection:
            connection.execute(insert(inbox_table).values(**row, **times, error="broken"))

    async def say(self, text: str, *, reply: str) -> None:
        """To the person, and wait until they see it."""
        phone, account = self.person.phone, self._simulator.account
        if not phone.chat.mine:
            await phone.send_text("Hello")
        heard = len(phone.received)
        message = {"messaging_product": "whatsapp", "to": phone.number, "type": "text", "text": {"body": text}}
        async with self._session.post(
            f"{self._simulator.graph_url}/v26.0/{account.phone_number_id}/messages",
            json={**message, "biz_opaque_callback_data": reply},
            headers={"Authorization": f"Bearer {account.access_token}"},
        ) as answer:
            assert answer.status == 200
        await eventually(lambda: len(phone.received) > heard)

    def books(self) -> Books:
        return check_books(self._path, self._simulator, [self.person])


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    path = tmp_path / "wipsie.db"
    engine = create_engine(f"sqlite:///{path}")
    for table in TABLES:
        table.create(engine)
    async with WhatsAppSimulator() as simulator, aiohttp.ClientSession() as session:
        yield Ledger(path, engine, simulator, session)
    engine.dispose()


async def test_what_was_sent_and_is_not_there_is_lost(ledger: Ledger) -> None:
    ledger.person.sent = 3
    ledger.keep("one")
    ledger.keep("two")
    books = ledger.books()
    assert (books.kept, books.lost, books.twice) == (2, 1, 0)


async def test_what_is_there_twice_neither_hides_nor_replaces_what_is_lost(ledger: Ledger) -> None:
    ledger.person.sent = 2
    ledger.keep("one")
    ledger.keep("one")
    books = ledger.books()
    assert (books.kept, books.lost, books.twice) == (2, 1, 1)


async def test_a_message_that_was_given_up_is_told(ledger: Ledger) -> None:
    ledger.give_up()
    assert ledger.books().given_up == 1


async def test_a_reply_that_was_sent_again_counts_unless_nobody_could_know(ledger: Ledger) -> None:
    for reply in ("sure", "sure", "doubtful", "doubtful", "once"):
        await ledger.say("Hello again.", reply=reply)
    ledger.doubt("doubtful")
    books = ledger.books()
    assert (books.said_twice, books.doubtful, books.doubtful_twice) == (1, 1, 1)


async def test_two_replies_that_tell_of_the_same_report_count(ledger: Ledger) -> None:
    await ledger.say("Saved as report 1.", reply="first")
    await ledger.say("Saved as report 2.", reply="second")
    await ledger.say("Saved as report 2.", reply="third")
    assert ledger.books().said_twice == 1
