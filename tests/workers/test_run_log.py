"""The run log: what is written comes back, and old rows can be removed."""

from __future__ import annotations

from typing import Any

import pytest

from wipsie.kernel.ids import MessageId
from wipsie.workers.run_log import TaskRun

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


def _run(number: int, status: str = "succeeded", queue: str = "default", **fields: Any) -> TaskRun:
    return TaskRun(
        MessageId(f"m-{number}"),
        queue,
        "job",
        fields.pop("attempt", 1),
        status,
        "w-1",
        5,
        number,
        number + 1,
        1.5,
        **fields,
    )


async def test_runs_come_back_as_they_were_written(workshop: Any) -> None:
    runs = [
        _run(1, result='{"a":1}', correlation_id="c-1"),
        _run(2, "failed", error="ValueError: ünïcode 'quoted'", traceback="a\nb", correlation_id="m-2"),
    ]
    await workshop.run_log.record(runs)
    assert await workshop.run_log.recent(10) == runs[::-1]
    assert await workshop.run_log.runs_of(MessageId("m-2")) == runs[1:]


async def test_what_senders_name_freely_stops_no_batch(workshop: Any) -> None:
    odd = TaskRun(MessageId("m-1"), "default", "a\0b", 1, "rejected", "w-1", 5, 1, 2, 1.5, correlation_id="c\ud800d")
    await workshop.run_log.record([odd, _run(2, correlation_id="naïve")])
    plain, cleaned = await workshop.run_log.recent(10)
    assert plain.correlation_id == "naïve"
    assert (cleaned.task_type, cleaned.correlation_id) == ("a\N{REPLACEMENT CHARACTER}b", "c?d")


async def test_batches_of_every_size_are_written_completely_and_in_order(workshop: Any) -> None:
    for size in (1, 3, 25, 199, 200, 467):
        before = len(await workshop.run_log.recent(10_000))
        runs = [_run(number, correlation_id="c") for number in range(size)]
        await workshop.run_log.record(runs)
        found = await workshop.run_log.recent(10_000)
        assert len(found) == before + size
        assert found[:size] == runs[::-1]


async def test_succeeded_names_those_with_a_successful_run(workshop: Any) -> None:
    await workshop.run_log.record([_run(1), _run(2, "failed"), _run(3, "retried"), _run(3, attempt=2)])
    ids = [MessageId(f"m-{number}") for number in range(1, 1200)]
    assert await workshop.run_log.succeeded(ids) == {"m-1", "m-3"}
    assert await workshop.run_log.tries_of(ids) == {"m-1": 1, "m-2": 1, "m-3": 2}


async def test_recent_runs_can_be_asked_by_queue_and_status(workshop: Any) -> None:
    await workshop.run_log.record([_run(1), _run(2, "failed"), _run(3, "failed", queue="other"), _run(4)])
    assert [run.message_id for run in await workshop.run_log.recent(1)] == ["m-4"]
    assert [run.message_id for run in await workshop.run_log.recent(10, status="failed")] == ["m-3", "m-2"]
    assert [run.message_id for run in await workshop.run_log.recent(10, "default", "failed")] == ["m-2"]
    assert [run.message_id for run in await workshop.run_log.recent(10, status="succeeded")] == ["m-4", "m-1"]


async def test_prune_removes_what_is_older_and_nothing_else(workshop: Any) -> None:
    await workshop.run_log.record([_run(number) for number in range(12_000)])
    assert await workshop.run_log.prune(11_000) == 10_999
    assert len(await workshop.run_log.recent(20_000)) == 1_001
    assert await workshop.run_log.prune(11_000) == 0
