"""A mail whose reader ends in the middle is read again, kept as text when that is of no use, and can be read anew later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from keepers import Keepers, mail

from wipsie.slices.mail.domain.arrival import Envelope, RawArrival, RawMail, raw_body, raw_key
from wipsie.slices.mail.service.archive import Archived, MailArchive
from wipsie.slices.mail.service.index_writer import IndexWriter
from wipsie.testing.clock import FakeClock
from wipsie.workers.cpu_pool import CpuTaskCrashed

CONTENT = mail(1, attachment=b"%PDF-1.4")
RunCpu = Callable[..., Awaitable[Any]]


class Stumbling:
    """Processes that end without an answer so many times."""

    def __init__(self, run: RunCpu, times: int) -> None:
        self.run_whole = run
        self.times = times

    async def run(self, function: Callable[..., Any], *args: Any, timeout_s: float | None = None) -> Any:
        if self.times:
            self.times -= 1
            raise CpuTaskCrashed(function.__name__, -9)
        return await self.run_whole(function, *args, timeout_s=timeout_s)


class Bench:
    def __init__(self, desk: Any, clock: FakeClock, archive: MailArchive) -> None:
        self.desk = desk
        self.clock = clock
        self.archive = archive

    async def take(self, *, crashes: int = 0, again: bool = False) -> Archived:
        stored = await self.desk.blobs.put_by_digest(raw_key, CONTENT)
        source = RawMail(key=stored.key, sha256=stored.sha256, size=stored.size)
        body = raw_body(
            RawArrival(source=source, envelope=Envelope(door="smtp", received_at_ms=self.clock.now_ms()), again=again)
        )
        run = Stumbling(self.desk.pool.run, crashes).run
        archiving = asyncio.create_task(
            self.archive.archive(body, message_id=f"m-{crashes}-{again}", sent_at_ms=self.clock.now_ms(), run_cpu=run)
        )
        while not archiving.done():
            await self.clock.advance(20)
            await asyncio.wait([archiving], timeout=0.05)
        return archiving.result()

    async def told(self) -> list[tuple[str, int]]:
        return [(row["subject"], row["attachments"]) for row in await self.desk.mails()]


@pytest.fixture
async def bench(open_desk: Any) -> AsyncIterator[Bench]:
    clock = FakeClock()
    desk = await open_desk(clock=clock)
    writer = IndexWriter(desk.database)
    yield Bench(desk, clock, Keepers(desk).archive(writer))
    await writer.stop()


async def test_a_reader_that_ends_once_or_twice_costs_nothing(bench: Bench) -> None:
    await bench.take(crashes=2)
    assert await bench.told() == [("Report 1", 1)]


async def test_what_no_reader_can_take_apart_is_kept_as_text_and_read_anew_when_one_can(bench: Bench) -> None:
    kept = await bench.take(crashes=100)
    assert await bench.told() == [("", 0)]
    read = await bench.take(again=True)
    # One more: tags, holds and copies of the first are still there for whoever erases it.
    assert read.id != kept.id
    assert sorted(await bench.told()) == [("", 0), ("Report 1", 1)]
    assert (await bench.take(again=True)).id == read.id
