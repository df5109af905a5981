"""Whatever a store holds arrives as it was, once, even when the mover is killed at any moment."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transfer_parts import all_settings, contents, transfer
from transfer_stories import ACTIONS, DEAD, LINE, PLAIN, Fate, Killed, live, struck

from wipsie.kernel.ids import new_message_id
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import NewMessage, QueueBackend, SendResult
from wipsie.testing.clock import FakeClock


def profile(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def open_store(path: Path, clock: FakeClock) -> SqliteQueueBackend:
    return SqliteQueueBackend(path, clock=clock, synchronous="NORMAL")


async def move_and_compare(folder: Path, actions: list[tuple[str, Any]], moments: list[int]) -> None:
    """Let messages live, kill a mover at each of the moments, then let one come to its end; and compare."""
    clock = FakeClock()
    here, there = open_store(folder / "here.db", clock), open_store(folder / "there.db", clock)
    await here.start()
    await there.start()
    try:
        await live(here, clock, actions)
        before, wanted = await contents(here), await all_settings(here)
        for moment in moments:
            await one_life(folder, clock, moment)
        report = await transfer(here, there, folder, clock, batch_messages_max=3).run()
        assert (report.left, report.interrupted) == (0, False)
        assert await contents(there) == before
        assert await all_settings(there) == wanted
        assert await all_settings(here) == wanted
        assert not any((await contents(here)).values())
        await goes_on_working(there)
    finally:
        await here.stop()
        await there.stop()


async def one_life(folder: Path, clock: FakeClock, moment: int) -> None:
    """A mover in a process of its own that ends at this call of a store, or comes to its end before."""
    fate = Fate(moment)
    here, there = (struck(open_store(folder / f"{name}.db", clock), fate) for name in ("here", "there"))
    await here.start()
    await there.start()
    try:
        await transfer(here, there, folder, clock, batch_messages_max=3).run()
    except Killed:
        pass
    finally:
        await here.stop()
        await there.stop()


async def goes_on_working(backend: QueueBackend) -> None:
    """The counts of the destination are right and its keys are free: what is sent now is delivered in its turn."""
    for queue, held in (await contents(backend)).items():
        counts = await backend.counts(queue)
        assert counts.total == len(held)
        assert counts.delayed == sum(one["state"] == "delayed" for one in held)
    fresh = NewMessage(queue=LINE, body="next", message_id=new_message_id(), group_id="of its own")
    (result,) = await backend.send([fresh])
    assert isinstance(result, SendResult)


LIVES = ACTIONS.filter(lambda actions: len(actions) > 4)
MOMENTS = st.lists(st.integers(0, 80), min_size=1, max_size=3)


@profile(12)
@given(LIVES, MOMENTS)
def test_any_mix_of_states_arrives_as_it_was_though_movers_are_killed(
    actions: list[tuple[str, Any]], moments: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(move_and_compare(Path(folder), actions, moments))


@pytest.mark.slow
@pytest.mark.timeout(300)
@profile(40)
@given(ACTIONS)
def test_any_mix_of_states_arrives_as_it_was(actions: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(move_and_compare(Path(folder), actions, []))


@pytest.mark.slow
@pytest.mark.timeout(300)
@profile(40)
@given(LIVES, MOMENTS)
def test_a_mover_killed_at_any_moment_is_continued_without_loss_or_repeat(
    actions: list[tuple[str, Any]], moments: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(move_and_compare(Path(folder), actions, moments))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_moment_is_a_safe_one_to_be_killed_at(tmp_path: Path) -> None:
    actions: list[tuple[str, Any]] = [
        ("send", {"queue": queue, "body": f"{queue} {number}", "group_id": "a"})
        for number in range(5)
        for queue in (PLAIN, LINE)
    ]
    actions += [("send", {"queue": DEAD, "body": "late", "origin": PLAIN})]
    for moment in range(0, 140, 2):
        folder = tmp_path / str(moment)
        folder.mkdir()
        asyncio.run(move_and_compare(folder, actions, [moment]))
