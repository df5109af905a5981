"""Numbers that are silent: for everybody, until it is over, or until one message was tried."""

from __future__ import annotations

import pytest

from wipsie.database import Database
from wipsie.slices.vault.domain.sending.pauses import Pause
from wipsie.slices.vault.store.pauses import end_pause, pause, pause_of, paused_numbers, take_probe, try_now
from wipsie.testing.clock import FakeClock

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
TOKEN = Pause(error_code=190, reason="token_invalid", in_s=60)
RATE = Pause(error_code=130429, reason="throughput", in_s=2)


async def test_a_pause_is_told_once_and_grows(database: Database, clock: FakeClock) -> None:
    async with database.begin() as connection:
        assert await pause(connection, "n1", RATE, now_ms=clock.now_ms())
        assert not await pause(connection, "n1", RATE, now_ms=clock.now_ms() + 500)
        assert await pause(connection, "n1", TOKEN, now_ms=clock.now_ms() + 600)
        # What ends by itself does not cut short what ends by a probe.
        assert not await pause(connection, "n1", RATE, now_ms=clock.now_ms() + 700)
        found = await pause_of(connection, "n1")
        assert found is not None
        assert (found.reason, found.since_ms, found.is_probed) == ("token_invalid", clock.now_ms() + 600, True)
        assert found.until_ms == clock.now_ms() + 60_600
        assert [one.phone_number_id for one in await paused_numbers(connection)] == ["n1"]
        assert await pause_of(connection, "n2") is None


async def test_one_of_all_who_wait_probes(database: Database, clock: FakeClock) -> None:
    async with database.begin() as connection:
        await pause(connection, "n1", TOKEN, now_ms=clock.now_ms())
        assert not await take_probe(connection, "n1", now_ms=clock.now_ms() + 59_999)
        assert await take_probe(connection, "n1", now_ms=clock.now_ms() + 60_000)
        assert not await take_probe(connection, "n1", now_ms=clock.now_ms() + 60_000)
        # Who probed died.
        assert await take_probe(connection, "n1", now_ms=clock.now_ms() + 120_000)


async def test_another_token_lets_it_be_tried_at_once(database: Database, clock: FakeClock) -> None:
    async with database.begin() as connection:
        await pause(connection, "n1", TOKEN, now_ms=clock.now_ms())
        await pause(connection, "n2", TOKEN, now_ms=clock.now_ms())
        assert await try_now(connection, "n1", now_ms=clock.now_ms()) == ["n1"]
        assert await try_now(connection, now_ms=clock.now_ms()) == ["n2"]
        assert await take_probe(connection, "n1", now_ms=clock.now_ms())
        assert await end_pause(connection, "n1")
        assert not await end_pause(connection, "n1")
