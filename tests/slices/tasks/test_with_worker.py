"""The slice under a real worker: what is sent over HTTP is processed, recorded and shown."""

from __future__ import annotations

import mailbox
from importlib.resources import files
from typing import Any

import aiohttp

from wipsie.telemetry.metrics import Metrics
from wipsie.testing.eventually import eventually
from wipsie.testing.simulators.http_source import HttpSource
from wipsie.workers.settings import WorkerSettings
from wipsie.workers.worker import Worker

PENGUINS = files("wipsie.slices.tasks").joinpath("data", "penguins.csv").read_bytes()


async def test_every_queue_does_its_work_and_tells_what_became_of_it(desk: Any, client: aiohttp.ClientSession) -> None:
    async def send(queue: str, message: dict[str, Any]) -> str:
        async with client.post("/sqs/send", json={"queue_name": queue, "message": message}) as response:
            return (await response.json())["message_id"]

    async def run_of(message_id: str) -> dict[str, Any]:
        async def found() -> dict[str, Any] | None:
            async with client.get("/sqs/runs", params={"message_id": message_id}) as response:
                runs = (await response.json())["runs"]
            return runs[0] if runs else None

        run = await eventually(found, 20, "the message is processed")
        assert run is not None
        return run

    worker = Worker(
        desk.engine,
        desk.registry,
        run_log=desk.run_log,
        database=desk.database,
        metrics=Metrics(),
        clock=desk.clock,
        settings=WorkerSettings(),
        cpu_pool=desk.pool,
    )
    async with HttpSource() as source:
        source.serve("/penguins.csv", PENGUINS, "text/csv")
        await worker.start()
        try:
            poll = {"source_url": source.url("/penguins.csv"), "poll_interval": 60, "filters": {"year": 2009}}
            polled = await run_of(await send("data_polling", {"task_type": "data_polling", "data": poll}))
            assert (polled["status"], polled["result"]["matched"]) == ("succeeded", 120)
            work = {"operation": "analysis", "input_data": {"blob_key": polled["result"]["blob_key"]}}
            worked = await run_of(await send("task_processing", {"task_type": "processing", "data": work}))
            assert worked["result"]["result"]["rows"] == 344
            letter = {"recipient": "ann@example.org", "notification_type": "email", "body": "Done"}
            told = await run_of(await send("notifications", {"task_type": "notification", "data": letter}))
            assert told["result"]["status"] == "delivered"
            assert len(mailbox.Maildir(desk.mailbox, create=False)) == 1
            filed = await run_of(await send("default", {"task_type": "nobody_knows", "data": {"a": 1}}))
            assert (filed["attempt"], filed["result"]["data"]) == (1, {"a": 1})
            refused = await run_of(
                await send(
                    "notifications", {"task_type": "notification", "data": letter | {"notification_type": "sms"}}
                )
            )
            assert (refused["status"], "no SMS provider" in refused["error"]) == ("rejected", True)
        finally:
            await worker.drain(5)
    dead = await desk.engine.peek(desk.engine.resolve("notifications_dlq"))
    assert [letter.dead_letter.cause.code for letter in dead] == ["NOT_CONFIGURED"]
