"""Guessing is slow: by account with growing pauses, by address with a bound, and nobody learns which accounts there are."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from auth_parts import AuthParts, open_auth_parts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wipsie.auth.throttle import FREE_FAILURES, PAUSE_S_MAX, PER_HOUR, PER_MINUTE, LoginThrottle, pause_s
from wipsie.kernel.errors import LoginThrottled

# On a server the rates run by its own clock, which no test can move.
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
EMAIL = "ann@example.org"


class Guesser:
    """Fails to log in, each time from another address: only the account slows them down."""

    def __init__(self, parts: AuthParts, email: str = EMAIL) -> None:
        self._parts = parts
        self._email = email
        self._addresses: Iterator[str] = (f"198.51.{one // 250}.{one % 250}" for one in itertools.count())
        self.throttle: LoginThrottle = parts.services.office.throttle

    async def guess(self) -> float:
        """One attempt: 0.0 when it was let through, else the seconds to wait."""
        try:
            await self.throttle.begin(self._email, next(self._addresses))
        except LoginThrottled as error:
            return error.retry_after_s or -1.0
        return 0.0

    async def guess_after_pause(self) -> float:
        """One attempt that is let through; how long it had to wait."""
        waited = await self.guess()
        if waited:
            self._parts.clock.jump(waited)
            assert await self.guess() == 0.0
        return waited


@on_sqlite
async def test_from_the_fifth_failure_on_the_pause_doubles_up_to_a_quarter_of_an_hour(parts: AuthParts) -> None:
    guesser = Guesser(parts)
    waits = [await guesser.guess_after_pause() for _ in range(17)]
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


@on_sqlite
async def test_who_does_not_wait_gains_nothing_and_loses_nothing(parts: AuthParts) -> None:
    guesser = Guesser(parts)
    for _ in range(6):
        await guesser.guess_after_pause()
    assert [await guesser.guess() for _ in range(20)] == [2.0] * 20
    parts.clock.jump(2)
    assert await guesser.guess() == 0.0


@on_sqlite
async def test_a_success_forgets_the_failures(parts: AuthParts) -> None:
    guesser = Guesser(parts)
    for _ in range(10):
        await guesser.guess_after_pause()
    await guesser.throttle.forget(EMAIL)
    assert [await guesser.guess() for _ in range(5)] == [0.0] * 5


@on_sqlite
async def test_an_account_is_the_same_however_its_address_is_written(parts: AuthParts) -> None:
    for _ in range(5):
        await Guesser(parts, "Ann@Example.ORG").guess_after_pause()
    assert await Guesser(parts, "ann@example.org").guess() == 1.0
    assert await Guesser(parts, "bob@example.org").guess() == 0.0


@pytest.mark.parametrize("guesses", [30])
async def test_guesses_of_one_moment_all_count(parts: AuthParts, guesses: int) -> None:
    guesser = Guesser(parts)
    waits = await asyncio.gather(*(guesser.guess() for _ in range(guesses)))
    # Those that lost the race to count are sent away as well.
    assert 1 <= waits.count(0.0) <= FREE_FAILURES + 1


@on_sqlite
async def test_an_address_may_try_twenty_times_a_minute_and_two_hundred_times_an_hour(parts: AuthParts) -> None:
    throttle = parts.services.office.throttle
    tried = 0

    async def try_often() -> int:
        for done in range(PER_MINUTE + 1):
            try:
                # An account of its own each time: only the address counts.
                await throttle.begin(f"{tried + done}@example.org", "192.0.2.1")
            except LoginThrottled:
                return done
        return PER_MINUTE + 1

    assert await try_often() == PER_MINUTE
    tried = PER_MINUTE
    for _ in range(12):
        parts.clock.jump(60)
        tried += await try_often()
    # A bucket of 200 that was full, and what flowed in within twelve minutes.
    assert PER_HOUR <= tried <= PER_HOUR + PER_HOUR / 5 + 1
    await throttle.begin("somebody@example.org", "192.0.2.2")


@on_sqlite
async def test_a_whole_network_of_ipv6_is_one_address(parts: AuthParts) -> None:
    throttle = parts.services.office.throttle
    for number in range(PER_MINUTE):
        await throttle.check_address(f"2001:db8::{number:x}")
    with pytest.raises(LoginThrottled):
        await throttle.check_address("2001:db8::ffff")
    await throttle.check_address("2001:db8:0:1::1")
    await throttle.check_address("fe80::1%eth0")
    await throttle.check_address("not an address")


async def test_an_account_is_named_without_telling_its_address(parts: AuthParts) -> None:
    throttle = parts.services.office.throttle
    name = throttle.name_of(EMAIL)
    assert len(name) == 32
    assert "ann" not in name
    assert name == throttle.name_of("ANN@example.org") != throttle.name_of("bob@example.org")
    for odd in ("", "\x00", "\ud800@x", "@", "a" * 10_000, "\u0131@example.org"):
        assert len(throttle.name_of(odd)) == 32


@given(st.integers(min_value=0, max_value=10_000))
def test_pauses_grow_and_have_a_bound(failures: int) -> None:
    assert 0 <= pause_s(failures) <= pause_s(failures + 1) <= PAUSE_S_MAX
    assert (pause_s(failures) == 0) == (failures <= FREE_FAILURES)


@given(steps=st.lists(st.sampled_from(["guess", "succeed", "second", "hour"]), max_size=25))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_no_more_gets_through_than_the_pauses_allow(
    migrated_sqlite_file: Path, tmp_path: Path, steps: list[str]
) -> None:
    """Against a model of three lines."""
    path = tmp_path / "wipsie.db"
    shutil.copy(migrated_sqlite_file, path)

    async def play() -> None:
        async with open_auth_parts(f"sqlite:///{path}") as parts:
            guesser = Guesser(parts)
            failures, open_at_s = 0, 0.0
            for step in steps:
                if step == "guess":
                    now_s = parts.clock.now()
                    is_let_through = await guesser.guess() == 0.0
                    assert is_let_through == (now_s >= open_at_s)
                    if is_let_through:
                        failures += 1
                        open_at_s = now_s + pause_s(failures)
                elif step == "succeed":
                    await guesser.throttle.forget(EMAIL)
                    failures, open_at_s = 0, 0.0
                else:
                    parts.clock.jump(1 if step == "second" else 3600)

    asyncio.run(play())
