"""The first five minutes: the commands a newcomer types, against a real process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wipsie.testing import eventually
from wipsie.testing.process import WipsieProcess

pytestmark = pytest.mark.slow
Start = Callable[..., WipsieProcess]
QUEUES = [
    *("default", "data_polling", "task_processing", "notifications", "operations", "mail"),
    *("vault_messages", "vault_media", "vault_deliveries"),
]


async def test_the_commands_of_the_readme_work_as_written(
    start_wipsie: Start, call: Any, cli: Any, run_statuses: Any
) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    assert await call(wipsie, "GET", "/sqs/queues") == (200, {"available_queues": QUEUES, "region": "us-east-1"})
    status, sent = await call(wipsie, "POST", "/sqs/test-message")
    assert (status, sent["status"]) == (200, "success")
    message_id = sent["result"]["message_id"]

    async def processed() -> bool:
        return await run_statuses(wipsie, message_id) == ["succeeded"]

    await eventually(processed, 10, "the test message is processed")
    stats = await cli(wipsie, "queue", "stats", "--json")
    assert {row["queue"]: row["total"] for row in stats.json["queues"]} == {
        name + suffix: 0 for name in QUEUES for suffix in ("", "_dlq")
    }


async def test_doctor_finds_the_running_wipsie_healthy(start_wipsie: Start, cli: Any, tmp_path: Path) -> None:
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    wipsie = start_wipsie(["up"], data_dir=folder)
    await wipsie.wait_until_healthy("/health/ready")
    done = await cli(wipsie, "doctor", "--json")
    found = {one["check"]: one for one in done.json["checks"]}
    assert done.code == 0
    # Somebody is still to open the link that was printed.
    assert found.pop("accounts")["status"] == "warn"
    assert {one["status"] for one in found.values()} == {"ok"}, found
    assert wipsie.base_url in found["port"]["detail"]
    assert "1 alive" in found["workers"]["detail"]


async def test_roles_may_live_in_processes_of_their_own(start_wipsie: Start, call: Any, run_statuses: Any) -> None:
    intake = start_wipsie(["api"])
    await intake.wait_until_healthy()
    status, ready = await call(intake, "GET", "/health/ready")
    assert (status, ready["checks"]["workers"]["status"]) == (503, "failed")
    _, sent = await call(intake, "POST", "/sqs/send", {"queue_name": "default", "message": {"data": {"a": 1}}})
    start_wipsie(["up"], data_dir=intake.data_dir, environment={"WIPSIE_ROLES": "worker"})

    async def processed() -> bool:
        return await run_statuses(intake, sent["message_id"]) == ["succeeded"]

    await eventually(processed, 20, "a worker in another process takes the message")
    await intake.wait_until_healthy("/health/ready")


async def test_commands_work_without_a_running_wipsie(start_wipsie: Start, cli: Any) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy()
    assert await wipsie.stop() == 0
    assert (await cli(wipsie, "queue", "send", "default", "--data", '{"a": 1}')).code == 0
    done = await cli(wipsie, "queue", "process", "default", "--action", "process", "--json")
    assert done.out, (done.code, done.err, wipsie.log())
    assert done.json["status"] == "succeeded"


async def test_the_ids_of_a_request_reach_the_log_lines_of_its_task(
    start_wipsie: Start, call: Any, run_statuses: Any
) -> None:
    wipsie = start_wipsie(["up"])
    await wipsie.wait_until_healthy("/health/ready")
    poll = {"source_url": "http://169.254.169.254/latest", "poll_interval": 60}
    _, sent = await call(
        wipsie,
        "POST",
        "/sqs/send",
        {"queue_name": "data_polling", "message": {"task_type": "data_polling", "data": poll}},
        headers={"X-Request-ID": "req-of-mine", "X-Correlation-ID": "order-7"},
    )

    async def refused() -> bool:
        return await run_statuses(wipsie, sent["message_id"]) == ["rejected"]

    await eventually(refused, 10, "the metadata address is refused")
    lines = [json.loads(line) for line in wipsie.log().splitlines() if '"task_failed"' in line]
    (line,) = lines
    assert (line["request_id"], line["correlation_id"]) == ("req-of-mine", "order-7")
