"""The token of the intake: read seldom, read again when it may have changed, good while its keeper is away, and never guessed."""

from __future__ import annotations

import asyncio

import pytest

from wipsie.kernel.errors import Unavailable
from wipsie.slices.mail.metrics import MailMetrics
from wipsie.slices.mail.service.token_keeper import (
    FRESH_S,
    JITTER,
    LOOK_EVERY_S,
    LOOK_S_MAX,
    QUIET_S_MAX,
    STALE_S_MAX,
    TokenKeeper,
    Tokens,
)
from wipsie.telemetry.metrics import Metrics
from wipsie.testing.clock import FakeClock
from wipsie.testing.eventually import eventually

OLD, NEW = "old<$#token", "new<$#token"


class Shelf:
    """A place for tokens that counts looks, and can be away or slow."""

    def __init__(self) -> None:
        self.tokens = Tokens(OLD)
        self.looks = 0
        self.away = False
        self.broken = False
        self.gate: asyncio.Event | None = None

    async def read(self) -> Tokens:
        self.looks += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.broken:
            raise KeyError("Value")
        if self.away:
            raise Unavailable("The shelf is away.")
        return self.tokens

    async def stop(self) -> None:
        return


class Bench:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.shelf = Shelf()
        self.metrics = Metrics()
        self.keeper = TokenKeeper(self.shelf, clock=self.clock, metrics=MailMetrics(self.metrics))

    async def check(self, *tokens: str) -> bool:
        return await self.keeper.check(tokens)

    def uses(self, generation: str) -> float:
        return self.metrics.registry.get_sample_value("mail_token_uses_total", {"generation": generation}) or 0.0


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_it_is_read_once_for_many_checks(bench: Bench) -> None:
    assert [await bench.check(OLD) for _ in range(5)] == [True] * 5
    assert bench.shelf.looks == 1


async def test_it_is_read_again_after_some_minutes(bench: Bench) -> None:
    await bench.check(OLD)
    await bench.clock.advance(FRESH_S * (1 + JITTER) + 1)
    bench.shelf.tokens = Tokens(NEW)
    # Beside the answer to the first who comes.
    assert await bench.check(OLD)
    await eventually(lambda: bench.shelf.looks == 2)
    assert not await bench.check(OLD)
    assert await bench.check(NEW)


async def test_a_new_token_is_good_at_once(bench: Bench) -> None:
    await bench.check(OLD)
    await bench.clock.advance(LOOK_EVERY_S)
    bench.shelf.tokens = Tokens(NEW, OLD)
    assert await bench.check(NEW)
    assert await bench.check(OLD)
    assert (bench.uses("current"), bench.uses("previous")) == (2, 1)


async def test_wrong_tokens_cause_few_looks(bench: Bench) -> None:
    await bench.check(OLD)
    for _ in range(100):
        assert not await bench.check("guess")
    assert bench.shelf.looks == 1
    await bench.clock.advance(LOOK_EVERY_S)
    assert not await bench.check("guess")
    assert not await bench.check("guess")
    assert bench.shelf.looks == 2


async def test_a_request_without_a_token_causes_no_look(bench: Bench) -> None:
    await bench.check(OLD)
    await bench.clock.advance(LOOK_EVERY_S)
    assert not await bench.check()
    assert bench.shelf.looks == 1


async def test_all_who_wait_share_one_look(bench: Bench) -> None:
    bench.shelf.gate = asyncio.Event()
    checks = [asyncio.create_task(bench.check(OLD)) for _ in range(20)]
    await eventually(lambda: bench.shelf.looks == 1)
    checks[0].cancel()
    bench.shelf.gate.set()
    assert await asyncio.gather(*checks[1:]) == [True] * 19
    assert bench.shelf.looks == 1


async def test_several_tokens_must_agree(bench: Bench) -> None:
    assert await bench.check(OLD, OLD)
    assert not await bench.check(OLD, "other")
    bench.shelf.tokens = Tokens(NEW, OLD)
    await bench.clock.advance(LOOK_EVERY_S)
    assert not await bench.check(NEW, OLD)


async def test_nothing_is_known_while_the_keeper_is_away_from_the_start(bench: Bench) -> None:
    bench.shelf.away = True
    with pytest.raises(Unavailable) as caught:
        await bench.check(OLD)
    assert caught.value.retry_after_s
    with pytest.raises(Unavailable):
        await bench.check()
    bench.shelf.away = False
    await bench.clock.advance(LOOK_EVERY_S)
    assert await bench.check(OLD)


async def test_what_was_known_is_good_for_hours_while_the_keeper_is_away(bench: Bench) -> None:
    await bench.check(OLD)
    bench.shelf.away = True
    await bench.clock.advance(STALE_S_MAX / 2)
    assert await bench.check(OLD)
    assert not await bench.check("guess")
    assert bench.metrics.registry.get_sample_value("mail_token_age_seconds") == STALE_S_MAX / 2
    await bench.clock.advance(STALE_S_MAX / 2 + 1)
    with pytest.raises(Unavailable):
        await bench.check(OLD)
    bench.shelf.away = False
    await bench.clock.advance(LOOK_EVERY_S)
    assert await bench.check(OLD)


@pytest.mark.parametrize("quiet_s", [QUIET_S_MAX + 1, STALE_S_MAX + 1])
async def test_after_a_quiet_time_the_tokens_are_read_before_the_first_answer(bench: Bench, quiet_s: float) -> None:
    await bench.check(OLD)
    await bench.clock.advance(quiet_s)
    bench.shelf.tokens = Tokens(NEW)
    assert not await bench.check(OLD)
    assert await bench.check(NEW)


async def test_a_keeper_that_does_not_answer_keeps_nobody_waiting_whose_token_is_known(bench: Bench) -> None:
    await bench.check(OLD)
    await bench.clock.advance(FRESH_S * (1 + JITTER) + 1)
    bench.shelf.gate = asyncio.Event()
    assert await bench.check(OLD)
    await eventually(lambda: bench.shelf.looks == 2)
    unknown = asyncio.create_task(bench.check(NEW))
    assert await bench.check(OLD)
    await bench.clock.advance(LOOK_S_MAX)
    assert not await unknown
    await bench.keeper.stop()


async def test_a_keeper_that_breaks_takes_no_known_token_away(bench: Bench) -> None:
    await bench.check(OLD)
    await bench.clock.advance(LOOK_EVERY_S)
    bench.shelf.broken = True
    assert not await bench.check("guess")
    assert await bench.check(OLD)
