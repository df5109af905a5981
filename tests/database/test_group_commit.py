"""Small writes that share commits: each is told how its own ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import Table, insert, select
from sqlalchemy.exc import IntegrityError

from wipsie.database import Database, GroupCommit, UnitOfWork
from wipsie.kernel.errors import StorageUnavailable, Unavailable


class Notes:
    """Writes notes in groups, and remembers the groups."""

    def __init__(self, database: Database, notes: Table, *, weight_max: int = 100) -> None:
        self._database = database
        self._notes = notes
        self.groups: list[list[str]] = []
        self.is_away = False
        self.commits = GroupCommit[str](database, self._write, weight_max=weight_max)

    async def _write(self, unit: UnitOfWork, items: Sequence[str]) -> None:
        self.groups.append(list(items))
        if self.is_away:
            raise StorageUnavailable("away")
        for item in items:
            # The column takes no NULL.
            text = None if item == "bad" else item
            await unit.connection.execute(insert(self._notes).values(text=text))

    async def add(self, *items: str) -> list[BaseException | None]:
        return await asyncio.gather(*(self.commits.add(item) for item in items), return_exceptions=True)

    async def kept(self) -> list[str]:
        async with self._database.read() as connection:
            found = await connection.execute(select(self._notes.c.text).order_by(self._notes.c.id))
            return list(found.scalars())


@pytest.fixture
def written(database: Database, notes: Table) -> Notes:
    return Notes(database, notes)


async def test_what_comes_while_one_is_written_is_written_together_and_in_order(written: Notes) -> None:
    assert await written.add("a", "b", "c", "d") == [None] * 4
    assert [*map(len, written.groups)] in ([4], [1, 3])
    assert await written.kept() == ["a", "b", "c", "d"]


async def test_a_group_is_not_heavier_than_it_may_be(database: Database, notes: Table) -> None:
    written = Notes(database, notes, weight_max=10)
    weights = {"a": 4, "b": 6, "c": 1, "huge": 50, "d": 1}
    await asyncio.gather(*(written.commits.add(item, weight=weight) for item, weight in weights.items()))
    assert written.groups == [["a", "b"], ["c"], ["huge"], ["d"]]


async def test_one_that_cannot_be_written_does_not_keep_the_others_from_it(written: Notes) -> None:
    a, bad, b = await written.add("a", "bad", "b")
    assert isinstance(bad, IntegrityError)
    assert (a, b) == (None, None)
    assert await written.kept() == ["a", "b"]


async def test_a_store_that_is_away_is_not_asked_for_each_of_them(written: Notes) -> None:
    written.is_away = True
    assert all(isinstance(error, StorageUnavailable) for error in await written.add("a", "b", "c"))
    assert len(written.groups) == 1
    written.is_away = False
    assert await written.add("d") == [None]
    assert await written.kept() == ["d"]


async def test_one_that_stops_waiting_does_not_keep_the_others_from_it(written: Notes) -> None:
    tasks = [asyncio.create_task(written.commits.add(item)) for item in ("a", "b", "c")]
    await asyncio.sleep(0)
    tasks[1].cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in ended] == [type(None), asyncio.CancelledError, type(None)]
    assert set(await written.kept()) >= {"a", "c"}


async def test_no_more_wait_than_may(written: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wipsie.database.group_commit.WAITING_MAX", 2)
    ended = await written.add("a", "b", "c")
    assert [type(one) for one in ended] == [type(None), type(None), Unavailable]
