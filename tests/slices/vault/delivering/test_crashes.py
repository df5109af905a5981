"""A worker that is killed at any step: what it was to send is sent, and what it sent is not sent again where a status tells of it."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from sending_desk import SendingDesk
from spoken import row_of, said

from wipsie.database import Database
from wipsie.slices.vault.domain.sending.body import FileMessage
from wipsie.testing.eventually import eventually


class Killed(BaseException):
    """The process ends here."""


class DyingDatabase:
    """A database of a process that dies at its nth write: before it, or right after its commit."""

    def __init__(self, database: Database, write: int, *, after: bool) -> None:
        self._database = database
        self._left = write
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def begin(self) -> Any:
        return _Dying(self, self._database.begin())

    def unit_of_work(self) -> Any:
        return _Dying(self, self._database.unit_of_work())

    def count(self, *, is_before: bool) -> None:
        if is_before:
            self._left -= 1
        if self._left == 0 and is_before is not self._after:
            raise Killed


class _Dying:
    def __init__(self, database: DyingDatabase, inner: Any) -> None:
        self._database = database
        self._inner = inner

    async def __aenter__(self) -> Any:
        self._database.count(is_before=True)
        return await self._inner.__aenter__()

    async def __aexit__(self, *error: Any) -> Any:
        result = await self._inner.__aexit__(*error)
        if error[0] is None:
            self._database.count(is_before=False)
        return result


async def kill(desk: SendingDesk, owner: str, *, write: int, after: bool) -> bool:
    """Let a worker begin with a line and die. False when it was done before that."""
    worker = desk.new_worker(database=cast("Database", DyingDatabase(desk.database, write, after=after)))
    desk.lose_jobs()
    try:
        await desk.finish(worker.deliver(owner))
    except Killed:
        # The queue gives its job to another when the lease ends.
        desk.add_job(owner, 30.0)
        return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("hears_statuses", [True, False], ids=["told", "untold"])
async def test_killed_at_any_write_nothing_is_lost(desk: SendingDesk, hears_statuses: bool) -> None:
    owner, asha = await desk.meet()
    desk.hears_statuses = hears_statuses
    kills = 0
    for write in range(1, 12):
        for after in (False, True):
            file = said(FileMessage(object="vobj_1", file_name="a.pdf", caption=f"file {write} {after}"))
            ids = await desk.say(owner, file, f"text {write} {after}")
            kills += await kill(desk, owner, write=write, after=after)
            await desk.run(400)
            assert set(await desk.states(*ids)) == {"accepted"}, (write, after)
    shown = desk.shown(asha)
    expected = [
        f"{kind} {write} {after}" for write in range(1, 12) for after in (False, True) for kind in ("file", "text")
    ]
    assert list(dict.fromkeys(shown)) == expected, "everything, in order"
    assert kills >= 10
    if hears_statuses:
        assert len(shown) == len(expected), "and once"
    else:
        assert max(shown.count(one) for one in expected) <= 2


async def test_killed_in_the_middle_of_a_call(desk: SendingDesk) -> None:
    owner, asha = await desk.meet()
    ids: list[str] = []
    for message in (said("one"), said("two", is_sensitive=True)):
        ids += await desk.say(owner, message)
        desk.lose_jobs()
        desk.simulator.faults.slow(5, route="messages")
        calls = desk.calls()
        dying = asyncio.ensure_future(desk.delivering.deliver(owner))
        await eventually(lambda calls=calls: desk.calls() > calls, 5, "it was not called")
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        # The queue gives its job to another when the lease ends.
        desk.add_job(owner, 30.0)
        await desk.run(30)
        assert desk.calls() == calls + 1, "nobody touches it while its claim lasts"
        await desk.run(60)
    plain, secret = [await row_of(desk.database, one) for one in ids]
    assert (plain.state, plain.unknowns) == ("accepted", 1)
    # The call broke off before it did anything; but nobody could know.
    assert (secret.state, secret.error) == ("failed", "outcome_unknown")
    assert desk.shown(asha) == ["one"]
