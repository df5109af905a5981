"""What grows is cut back, and nothing younger than it may be."""

from __future__ import annotations

from wipsie.app.housekeeping import Housekeeping
from wipsie.app.parts import Parts
from wipsie.kernel.ids import MessageId
from wipsie.workers.run_log import TaskRun

DAY_MS = 86_400_000


def run(message_id: str, finished_at_ms: int) -> TaskRun:
    return TaskRun(
        MessageId(message_id), "default", "default", 1, "succeeded", "w", 0, finished_at_ms, finished_at_ms, 1.0
    )


async def test_runs_older_than_their_time_go_and_the_others_stay(parts: Parts) -> None:
    now_ms = parts.clock.now_ms()
    await parts.run_log.record([run("old", now_ms - 31 * DAY_MS), run("young", now_ms - 29 * DAY_MS)])
    assert await Housekeeping(parts).prune() == (1, 0)
    assert await parts.run_log.runs_of(MessageId("old")) == []
    assert len(await parts.run_log.runs_of(MessageId("young"))) == 1


async def test_a_message_is_remembered_as_handled_longer_than_any_queue_keeps_it(parts: Parts) -> None:
    async with parts.database.unit_of_work() as unit:
        assert await unit.mark_handled("m-1", "handler")
    assert await Housekeeping(parts).prune() == (0, 0)
    async with parts.database.unit_of_work() as unit:
        assert not await unit.mark_handled("m-1", "handler")
