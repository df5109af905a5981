"""`wipsie worker --processes N`, as people run it: real processes, real signals."""

from __future__ import annotations

import asyncio
import os
import signal
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from wipsie.testing import eventually
from wipsie.testing.process import WipsieProcess

pytestmark = pytest.mark.slow
Start = Callable[..., WipsieProcess]
LOCAL = {"POLLING_ALLOWED_HOSTS": "127.0.0.1"}


@pytest.fixture
async def api(start_wipsie: Start) -> WipsieProcess:
    api = start_wipsie(["api"])
    await api.wait_until_healthy()
    return api


async def workers(call: Any, api: WipsieProcess, state: str = "alive") -> dict[int, str]:
    """Process id to worker id."""
    status, answer = await call(api, "GET", "/sqs/workers")
    assert status == 200
    return {worker["pid"]: worker["id"] for worker in answer["workers"] if worker["state"] == state}


async def until_alive(call: Any, api: WipsieProcess, parent: WipsieProcess, count: int) -> dict[int, str]:
    async def enough() -> dict[int, str] | None:
        alive = await workers(call, api)
        return alive if len(alive) == count else None

    found = await eventually(enough, 30, f"{count} workers are alive\n{parent.log()[-2000:]}")
    assert found is not None
    return found


async def test_several_processes_share_the_queues_and_each_is_listed(
    start_wipsie: Start, api: WipsieProcess, call: Any, cli: Any, run_statuses: Any
) -> None:
    parent = start_wipsie(["worker", "--processes", "2"], data_dir=api.data_dir)
    alive = await until_alive(call, api, parent, 2)
    children = {child.pid for child in psutil.Process(parent.pid).children()}
    assert set(alive) == children
    sent = [
        (await call(api, "POST", "/sqs/send", {"queue_name": "default", "message": {"data": {"n": n}}}))[1][
            "message_id"
        ]
        for n in range(20)
    ]
    for message_id in sent:

        async def is_done(message_id: str = message_id) -> bool:
            return await run_statuses(api, message_id) == ["succeeded"]

        await eventually(is_done, 10, "the message is processed")
    shown = await cli(api, "workers", "--json")
    assert {worker["pid"] for worker in shown.json["workers"]} == children
    # A worker that is killed is replaced; the registry keeps it, late, once it has been silent for long enough.
    victim = min(children)
    os.kill(victim, signal.SIGKILL)
    await eventually(lambda: "worker_process_ended" in parent.log(), 10, "the death is told")
    alive = await until_alive(call, api, parent, 3)
    assert set(alive) - children
    # Every line of a child says whose it is.
    for worker_id in alive.values():
        assert f'"worker":"{worker_id}"' in parent.log()
    assert await parent.stop() == 0
    assert len(await workers(call, api, "stopped")) == 2


async def test_ctrl_c_for_the_whole_group_lets_running_handlers_finish(
    start_wipsie: Start, api: WipsieProcess, call: Any, run_statuses: Any, slow_receiver: Any
) -> None:
    parent = start_wipsie(["worker", "--processes", "2"], data_dir=api.data_dir, environment=LOCAL)
    await until_alive(call, api, parent, 2)
    _, sent = await call(api, "POST", "/sqs/send", slow_receiver.message())
    await eventually(slow_receiver.called.is_set, 10, "the handler is at work")
    # The terminal sends it to parent and children alike: it must not count as two.
    os.killpg(parent.pid, signal.SIGINT)
    await eventually(lambda: parent.log().count("worker_draining") == 2, 10, "both drain")
    slow_receiver.may_answer.set()
    assert await parent.wait(20) == 0, parent.log()[-3000:]
    assert await run_statuses(api, sent["message_id"]) == ["succeeded"]


async def test_a_second_signal_hastens_all(
    start_wipsie: Start, api: WipsieProcess, call: Any, cli: Any, slow_receiver: Any
) -> None:
    environment = {**LOCAL, "WORKER_DRAIN_DEADLINE": "10m"}
    parent = start_wipsie(["worker", "--processes", "2"], data_dir=api.data_dir, environment=environment)
    await until_alive(call, api, parent, 2)
    await call(api, "POST", "/sqs/send", slow_receiver.message())
    await eventually(slow_receiver.called.is_set, 10, "the handler is at work")
    os.kill(parent.pid, signal.SIGTERM)
    await eventually(lambda: parent.log().count("worker_draining") == 2, 10, "both drain")
    os.kill(parent.pid, signal.SIGTERM)
    assert await parent.wait(20) == 0, parent.log()[-3000:]
    stats = await cli(api, "queue", "stats", "notifications", "--json")
    assert stats.json["queues"][0]["ready"] == 1


async def test_children_of_a_killed_parent_stop_by_themselves_in_good_order(
    start_wipsie: Start, api: WipsieProcess, call: Any
) -> None:
    parent = start_wipsie(["worker", "--processes", "2"], data_dir=api.data_dir)
    children = [psutil.Process(pid) for pid in await until_alive(call, api, parent, 2)]
    os.kill(parent.pid, signal.SIGKILL)
    await asyncio.to_thread(psutil.wait_procs, children, 20)
    assert not any(child.is_running() for child in children), parent.log()[-3000:]
    assert len(await workers(call, api, "stopped")) == 2


async def test_a_wrong_setting_is_told_in_one_sentence_and_nothing_is_started(start_wipsie: Start) -> None:
    parent = start_wipsie(["worker", "--processes", "3"], environment={"WORKER_QUEUES": "letters"})
    assert await parent.wait(20) == 1
    assert parent.log().count("WORKER_QUEUES names 'letters'") == 1
    assert "No worker process was started" in parent.log()
    assert "Traceback" not in parent.log()


async def test_the_number_may_be_a_setting_or_the_number_of_cores(start_wipsie: Start, tmp_path: Path) -> None:
    wrong = start_wipsie(["worker", "--processes", "many"])
    assert await wrong.wait(20) == 2
    assert "must be auto, or a whole number from 1 to 256" in wrong.log()
    parent = start_wipsie(["worker"], data_dir=tmp_path / "set", environment={"WORKER_PROCESSES": "2"})
    await eventually(lambda: parent.log().count('"event":"started"') == 2, 30, f"both work\n{parent.log()}")
    assert await parent.stop() == 0


def _page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
        return answer.read().decode()


async def test_a_worker_without_the_api_shows_its_health_and_its_metrics(start_wipsie: Start, call: Any) -> None:
    worker = start_wipsie(["worker", "--slices", "tasks"])
    await worker.wait_until_healthy("/health/ready")
    status, health = await call(worker, "GET", "/health")
    assert (status, health["status"]) == (200, "healthy")
    page = await asyncio.to_thread(_page, f"{worker.base_url}/metrics")
    assert "worker_heartbeat_timestamp_seconds" in page
    assert (await call(worker, "GET", "/sqs/queues"))[0] == 404
    assert 'api_requests_total{endpoint="/health",method="GET",status="200"}' in page
    os.kill(worker.pid, signal.SIGTERM)
    assert await worker.wait(15) == 0


async def test_a_port_of_metrics_that_was_asked_for_and_is_taken_is_told(start_wipsie: Start) -> None:
    first = start_wipsie(["worker"])
    await first.wait_until_healthy()
    second = start_wipsie(["worker"], data_dir=first.data_dir, environment={"METRICS_PORT": str(first.port)})
    assert await second.wait(20) == 1
    assert "choose another with METRICS_PORT" in second.log()
