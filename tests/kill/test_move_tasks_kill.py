"""kill -9 of the process that works on a message move task: another goes on, and each message arrives once."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from wipsie.testing.eventually import eventually
from wipsie.testing.process import WipsieProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
COUNT = 90
RATE_PER_S = 30
ARN = "arn:aws:sqs:us-east-1:000000000000:"
PATIENCE_S = 60.0


class Client:
    """Asks one process."""

    def __init__(self, session: aiohttp.ClientSession, process: WipsieProcess) -> None:
        self._session = session
        self._url = process.base_url

    async def ask(self, action: str, **members: Any) -> Any:
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"}
        async with self._session.post(self._url, data=json.dumps(members), headers=headers) as answer:
            body = await answer.read()
            assert answer.status == 200, body
            return json.loads(body)

    async def task(self) -> dict[str, Any]:
        (task,) = (await self.ask("ListMessageMoveTasks", SourceArn=f"{ARN}dead"))["Results"]
        return task

    async def taken(self, queue: str) -> Counter[str]:
        """All bodies of a queue; they are deleted."""
        bodies: Counter[str] = Counter()
        while messages := (await self.ask("ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10)).get("Messages"):
            bodies.update(one["Body"] for one in messages)
            entries = [{"Id": str(at), "ReceiptHandle": one["ReceiptHandle"]} for at, one in enumerate(messages)]
            await self.ask("DeleteMessageBatch", QueueUrl=queue, Entries=entries)
        return bodies


def moved(folder: Path) -> int:
    """As it is written down, whether anybody answers or not."""
    with closing(sqlite3.connect(folder / "wipsie.db", timeout=10)) as database:
        ((count,),) = database.execute("SELECT moved FROM sqs_move_tasks").fetchall()
        return count


async def prepare(client: Client) -> None:
    """A dead-letter queue full of messages, and a place to move them to."""
    for name in ("dead", "other"):
        await client.ask("CreateQueue", QueueName=name)
    policy = json.dumps({"deadLetterTargetArn": f"{ARN}dead", "maxReceiveCount": 1})
    await client.ask("CreateQueue", QueueName="source", Attributes={"RedrivePolicy": policy})
    for start in range(0, COUNT, 10):
        entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(start, start + 10)]
        await client.ask("SendMessageBatch", QueueUrl="dead", Entries=entries)


async def test_the_rest_of_a_task_of_a_killed_process_arrives_once(tmp_path: Path) -> None:
    folder = tmp_path / "wipsie"
    worker, other = (WipsieProcess(["api", "--slices", "tasks"], data_dir=folder) for _ in range(2))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        try:
            worker.start()
            await worker.wait_until_healthy(timeout_s=PATIENCE_S)
            client = Client(session, worker)
            await prepare(client)
            await client.ask(
                "StartMessageMoveTask",
                SourceArn=f"{ARN}dead",
                DestinationArn=f"{ARN}other",
                MaxNumberOfMessagesPerSecond=RATE_PER_S,
            )

            await worker.hold_midway(lambda: moved(folder) > 0, PATIENCE_S)
            worker.kill()
            await worker.wait(PATIENCE_S)
            other.start()
            await other.wait_until_healthy(timeout_s=PATIENCE_S)
            client = Client(session, other)
            task = await client.task()
            assert task["Status"] == "RUNNING"
            assert 0 < task["ApproximateNumberOfMessagesMoved"] < COUNT

            async def done() -> bool:
                return (await client.task())["Status"] == "COMPLETED"

            await eventually(done, PATIENCE_S, "nobody went on with the task")
            assert await client.taken("other") == Counter(str(number) for number in range(COUNT))
            assert await client.taken("dead") == Counter()
        finally:
            for process in (worker, other):
                if process.return_code is None:
                    process.kill()
                    await process.wait(PATIENCE_S)
