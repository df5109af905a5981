"""Keys of a process: loaded once, looked for again when one is missing, kept when the provider is away."""

from __future__ import annotations

import asyncio

import pytest
from sealed_form import KEK, OLD_KEK

from wipsie.blobs.sealing import KeyHolder, KeyMissing, KeyRing
from wipsie.kernel.errors import ConfigurationError
from wipsie.testing.clock import FakeClock


class Provider:
    """Gives what it is told to give, and counts."""

    def __init__(self, *keys: bytes) -> None:
        self.keys = keys
        self.looks = 0
        self.error: Exception | None = None
        self.hangs = False

    async def load(self) -> KeyRing:
        self.looks += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        if not self.keys:
            raise KeyMissing("Not there.")
        return KeyRing(self.keys)


async def test_keys_are_loaded_at_the_first_use_and_once() -> None:
    provider = Provider(KEK)
    holder = KeyHolder(provider, FakeClock())
    assert provider.looks == 0
    assert holder.is_standing_by
    rings = await asyncio.gather(*(holder.ring() for _ in range(20)))
    assert len(set(map(id, rings))) == 1
    assert provider.looks == 1
    assert not holder.is_standing_by


async def test_a_stand_by_asks_seldom_and_ends_when_the_key_is_there() -> None:
    provider, clock = Provider(), FakeClock()
    holder = KeyHolder(provider, clock)
    for _ in range(50):
        with pytest.raises(KeyMissing):
            await holder.ring()
    assert provider.looks == 1
    provider.keys = (KEK,)
    await clock.advance(2.0)
    assert (await holder.ring()).ids == KeyRing([KEK]).ids
    assert provider.looks == 2


async def test_a_key_that_another_process_added_is_found_without_a_restart() -> None:
    provider, clock = Provider(KEK), FakeClock()
    holder = KeyHolder(provider, clock)
    await holder.ring()
    await clock.advance(2.0)
    provider.keys = (OLD_KEK, KEK)
    wrapped = KeyRing([OLD_KEK]).wrap(b"\x01" * 32, "rep_1")
    assert await holder.use(lambda ring: ring.unwrap(wrapped, "rep_1")) == b"\x01" * 32
    assert provider.looks == 2
    assert (await holder.ring()).active == wrapped.kek_id


async def test_a_key_that_was_added_is_used_within_a_minute_by_who_wants_no_other() -> None:
    provider, clock = Provider(KEK), FakeClock()
    holder = KeyHolder(provider, clock)
    await holder.ring()
    provider.keys = (OLD_KEK, KEK)
    await clock.advance(59.0)
    assert (await holder.ring()).active == KeyRing([KEK]).active
    await clock.advance(1.0)
    rings = await asyncio.gather(*(holder.ring() for _ in range(5)))
    assert rings[0].active == (await holder.ring()).active == KeyRing([OLD_KEK]).active
    assert provider.looks == 2


async def test_keys_that_cannot_be_used_do_not_displace_those_that_are_held() -> None:
    provider, clock = Provider(KEK), FakeClock()
    holder = KeyHolder(provider, clock)
    ring = await holder.ring()
    provider.keys = (b"short",)
    await clock.advance(60.0)
    assert await holder.ring() is ring
    provider.keys = ()
    await clock.advance(60.0)
    assert await holder.ring() is ring
    assert provider.looks == 3


async def test_a_key_that_is_nowhere_is_looked_for_seldom() -> None:
    provider, clock = Provider(KEK), FakeClock()
    holder = KeyHolder(provider, clock)
    wrapped = KeyRing([OLD_KEK]).wrap(b"\x01" * 32, "rep_1")
    await holder.ring()
    await clock.advance(2.0)
    for _ in range(50):
        with pytest.raises(KeyMissing) as refusal:
            await holder.use(lambda ring: ring.unwrap(wrapped, "rep_1"))
        assert refusal.value.kek_id == wrapped.kek_id
    assert provider.looks == 2


async def test_keys_that_are_held_stay_while_the_provider_is_away() -> None:
    provider, clock = Provider(KEK), FakeClock()
    holder = KeyHolder(provider, clock)
    ring = await holder.ring()
    provider.keys = ()
    await clock.advance(2.0)
    wrapped = KeyRing([OLD_KEK]).wrap(b"\x01" * 32, "rep_1")
    with pytest.raises(KeyMissing) as refusal:
        await holder.use(lambda ring: ring.unwrap(wrapped, "rep_1"))
    assert refusal.value.kek_id == wrapped.kek_id
    with pytest.raises(KeyMissing):
        await holder.refresh()
    assert await holder.ring() is ring


async def test_a_refresh_looks_at_once() -> None:
    provider = Provider(KEK)
    holder = KeyHolder(provider, FakeClock())
    await holder.ring()
    provider.keys = (OLD_KEK, KEK)
    assert (await holder.refresh()).ids == KeyRing([OLD_KEK, KEK]).ids
    assert (await holder.ring()).active == KeyRing([OLD_KEK]).active


async def test_a_provider_that_does_not_answer_is_given_up_and_not_asked_by_everybody() -> None:
    provider = Provider(KEK)
    provider.hangs = True
    holder = KeyHolder(provider, FakeClock(), timeout_s=0.02)
    outcomes = await asyncio.gather(*(holder.ring() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(outcome, KeyMissing) for outcome in outcomes)
    assert provider.looks == 1


async def test_a_setting_that_is_wrong_is_told_as_such() -> None:
    provider = Provider(KEK)
    provider.error = ConfigurationError("Others may read the key file.")
    holder = KeyHolder(provider, FakeClock())
    with pytest.raises(ConfigurationError):
        await holder.ring()
    assert holder.is_standing_by


async def test_what_the_work_itself_raises_is_not_mistaken() -> None:
    holder = KeyHolder(Provider(KEK), FakeClock())

    def fail(ring: KeyRing) -> None:
        raise LookupError(ring.active)

    with pytest.raises(LookupError):
        await holder.use(fail)
