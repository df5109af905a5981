"""Who writes next: in order of arrival, urgent ones first, and nobody never."""

from __future__ import annotations

import asyncio

import pytest

from wipsie.database.writing_turns import URGENT_IN_A_ROW_MAX, WritingTurns


class Line:
    """Tasks that want a turn, and the order in which they had it."""

    def __init__(self) -> None:
        self.turns = WritingTurns()
        self.had: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def join(self, *names: str, urgent: bool = False) -> None:
        for name in names:
            self.tasks[name] = asyncio.create_task(self._write(name, urgent=urgent))
        await asyncio.sleep(0)

    async def _write(self, name: str, *, urgent: bool) -> None:
        await self.turns.take(urgent=urgent)
        self.had.append(name)
        self.turns.leave()

    async def ended(self) -> list[str]:
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        return self.had


@pytest.fixture
async def line() -> Line:
    """The turn is taken; `leave` lets the first one begin."""
    line = Line()
    await line.turns.take()
    return line


async def test_those_who_wait_have_their_turns_in_order_of_arrival(line: Line) -> None:
    await line.join("a", "b", "c")
    assert line.had == []
    line.turns.leave()
    assert await line.ended() == ["a", "b", "c"]


async def test_urgent_ones_come_before_those_who_were_there_first(line: Line) -> None:
    await line.join("a", "b")
    await line.join("u", "v", urgent=True)
    line.turns.leave()
    assert await line.ended() == ["u", "v", "a", "b"]


async def test_urgent_ones_do_not_keep_the_others_waiting_for_ever(line: Line) -> None:
    urgent = [f"u{number}" for number in range(2 * URGENT_IN_A_ROW_MAX)]
    await line.join("a", "b")
    await line.join(*urgent, urgent=True)
    line.turns.leave()
    had = await line.ended()
    assert had.index("a") == URGENT_IN_A_ROW_MAX
    assert had.index("b") == 2 * URGENT_IN_A_ROW_MAX + 1


@pytest.mark.parametrize("name", ["a", "b", "u"])
async def test_one_that_stops_waiting_leaves_the_turn_to_the_others(line: Line, name: str) -> None:
    await line.join("a", "b")
    await line.join("u", urgent=True)
    line.tasks[name].cancel()
    await asyncio.sleep(0)
    line.turns.leave()
    assert await line.ended() == [other for other in ("u", "a", "b") if other != name]


@pytest.mark.parametrize("first", ["leave", "cancel"])
async def test_a_turn_given_to_one_that_stops_waiting_in_that_moment_is_not_lost(line: Line, first: str) -> None:
    await line.join("a", "b")
    if first == "leave":
        line.turns.leave()
    line.tasks["a"].cancel()
    if first == "cancel":
        line.turns.leave()
    assert await line.ended() == ["b"]
    await asyncio.wait_for(line.turns.take(), 1)
