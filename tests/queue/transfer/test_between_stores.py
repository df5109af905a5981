"""From SQLite to PostgreSQL to Redis and back again: every field is as it was, on every leg, killed or not."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transfer_parts import all_settings, contents, transfer
from transfer_stores import OpenStore, new_store, opened
from transfer_stories import ACTIONS, DEAD, LINE, PLAIN, QUEUES, Fate, Killed, live, struck

from wipsie.testing.clock import FakeClock
from wipsie.testing.servers import PostgresServer, RedisServer

ROUND_TRIP = ("sqlite", "postgresql", "redis", "sqlite", "redis", "postgresql", "sqlite")
MakeStore = Callable[[str, Path], OpenStore]
Actions = list[tuple[str, Any]]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="session")
def make_store(postgres_server: PostgresServer, redis_server: RedisServer) -> MakeStore:
    return lambda kind, folder: new_store(kind, folder, postgres_server, redis_server)


def profile(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


async def travel(make_store: MakeStore, folder: Path, actions: Actions, moments: list[int]) -> None:
    """Round through all stores; on each leg movers are killed at these moments before one comes to its end."""
    clock = FakeClock()
    here = make_store(ROUND_TRIP[0], folder)
    async with opened(here, clock) as backend:
        await live(backend, clock, actions)
        before, wanted = await contents(backend), await all_settings(backend)
    for kind in ROUND_TRIP[1:]:
        there = make_store(kind, folder)
        for moment in moments:
            await one_life(here, there, folder, clock, moment)
        async with opened(here, clock) as source, opened(there, clock) as destination:
            report = await transfer(source, destination, folder, clock, batch_messages_max=3).run()
            assert report.left == 0
            assert await contents(destination) == before, kind
            assert await all_settings(destination) == wanted
            assert not any((await contents(source)).values())
            for queue in before:
                assert (await destination.counts(queue)).total == len(before[queue])
                assert (await source.counts(queue)).total == 0
        here = there


async def one_life(here: OpenStore, there: OpenStore, folder: Path, clock: FakeClock, moment: int) -> None:
    fate = Fate(moment)
    async with opened(here, clock) as source, opened(there, clock) as destination:
        try:
            await transfer(struck(source, fate), struck(destination, fate), folder, clock, batch_messages_max=3).run()
        except Killed:
            return


@profile(4)
@given(actions=ACTIONS.filter(lambda actions: len(actions) > 8))
def test_every_field_survives_the_round_trip(make_store: MakeStore, actions: Actions) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(travel(make_store, Path(folder), actions, []))


@profile(4)
@given(
    actions=ACTIONS.filter(lambda actions: len(actions) > 8),
    moments=st.lists(st.integers(20, 90), min_size=1, max_size=2),
)
def test_a_mover_killed_on_the_way_is_continued_without_loss_or_repeat(
    make_store: MakeStore, actions: Actions, moments: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(travel(make_store, Path(folder), actions, moments))


async def test_a_full_mix_survives_the_round_trip(make_store: MakeStore, tmp_path: Path) -> None:
    actions: Actions = [
        ("send", {"queue": one.name, "body": f"{one.name} {number}", "group_id": "ab"[number % 2]})
        for number in range(6)
        for one in QUEUES
    ]
    actions += [("send", {"queue": PLAIN, "body": "late", "delay_s": 100_000.0})]
    actions += [("bury", PLAIN), ("release", LINE), ("forget", LINE), ("bury", LINE), ("redrive", DEAD), ("pass", 1.0)]
    await travel(make_store, tmp_path, actions, [])
