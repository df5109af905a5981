"""Celery as it is, with kombu's `sqs://` transport, over Wipsie's queues: a real worker in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from celery_worker import WAIT_S_MAX, CeleryWorker, sender, settings
from foreign_clients import KINDS
from sqs_clients import Sqs, receive_all
from sqs_server import SqsServer

from wipsie.testing import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
QUEUES = ("celery-jobs", "celery-short", "celery-jobs.fifo")


def counts(sqs: Sqs, queue: str) -> tuple[int, int]:
    """Ready, in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return int(found[names[0]]), int(found[names[1]])


async def wait_until_empty(sqs: Sqs, queue: str) -> None:
    def empty() -> None:
        assert counts(sqs, queue) == (0, 0)

    await eventually(empty, WAIT_S_MAX, f"{queue} is empty")


@pytest.fixture(scope="module")
def send(server: SqsServer) -> Any:
    with sender(server.url) as app:
        yield app.send_task


Start = Callable[..., CeleryWorker]


@pytest.fixture
async def start(server: SqsServer, tmp_path: Path) -> AsyncIterator[Start]:
    """`start(["queue"], folder="1", wait_time_seconds=1)`: a worker that ends with the test."""
    workers: list[CeleryWorker] = []

    def start(
        queues: Sequence[str], *, folder: str = "worker", environment: Path = Path(sys.prefix), **options: Any
    ) -> CeleryWorker:
        worker = CeleryWorker(
            server.url, tmp_path / folder, queues, settings=settings(**options), environment=environment
        )
        worker.process.start()
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.process.kill()


async def test_a_queue_is_made_as_celery_asks(server: SqsServer, json_sqs: Sqs) -> None:
    with sender(server.url, queue_tags={"team": "mail"}) as app:
        app.send_task("note", ["x"], queue="celery.made/here")
    url = json_sqs.get_queue_url(QueueName="celery-made_here")["QueueUrl"]
    assert json_sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "mail"}
    attributes = json_sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "1800"
    assert attributes["ApproximateNumberOfMessages"] == "1"


async def test_tasks_run_are_retried_wait_and_keep_the_order_of_their_group(
    server: SqsServer, json_sqs: Sqs, send: Any, start: Start
) -> None:
    short = json_sqs.create_queue(QueueName="celery-short", Attributes={"VisibilityTimeout": "2"})["QueueUrl"]
    worker = start(QUEUES)
    begun_at = time.time()
    send("note", ["waits longer than its lease"], queue="celery-short", countdown=5)
    send("note", ["waits here"], queue="celery-jobs", DelaySeconds=2)
    send("note", ["waits there"], queue="celery-jobs", countdown=2)
    send("retried", ["third time"], queue="celery-jobs")
    for number in range(10):
        send("note", [f"ünïcödé {number}"], queue="celery-jobs")
        send("note", [f"in order {number}"], queue="celery-jobs.fifo")
    await worker.wait_until_told("third time", "try 1", "try 2", "try 3")
    await worker.wait_until_told("waits here", "noted")
    await worker.wait_until_told("waits there", "noted")
    for number in range(10):
        await worker.wait_until_told(f"ünïcödé {number}", "noted")
        await worker.wait_until_told(f"in order {number}", "noted")
    in_order = [line for line in worker.told() if line.startswith("noted in order")]
    assert in_order == [f"noted in order {number}" for number in range(10)]
    # Celery holds it, and is given it again whenever its lease ends: it may run more than once, but never too early.
    await eventually(lambda: worker.told("waits longer than its lease"), WAIT_S_MAX, "it runs after all")
    assert min(worker.times("waits longer than its lease")) >= begun_at + 4.5
    assert min(worker.times("waits here") + worker.times("waits there")) >= begun_at + 1.5
    await wait_until_empty(json_sqs, short)
    await wait_until_empty(json_sqs, json_sqs.get_queue_url(QueueName="celery-jobs")["QueueUrl"])
    await wait_until_empty(json_sqs, json_sqs.get_queue_url(QueueName="celery-jobs.fifo")["QueueUrl"])


async def test_an_older_celery_that_writes_forms_does_the_same(
    server: SqsServer, json_sqs: Sqs, send: Any, start: Start
) -> None:
    kind = KINDS["boto3-1.34.89"]
    kind.command()
    queues = ("celery-old", "celery-old.fifo")
    send("note", ["by forms"], queue="celery-old")
    send("note", ["in a group"], queue="celery-old.fifo")
    send("retried", ["third time by forms"], queue="celery-old")
    worker = start(queues, environment=kind.folder)
    await worker.wait_until_told("by forms", "noted")
    await worker.wait_until_told("in a group", "noted")
    await worker.wait_until_told("third time by forms", "try 1", "try 2", "try 3")
    for queue in queues:
        await wait_until_empty(json_sqs, queue)
    # Its own requests, beside those of boto3, go to the URL of the queue.
    received = {(one.action, one.protocol) for one in server.heard if one.path.endswith("/celery-old")}
    assert received == {("ReceiveMessage", "query")}


async def test_what_a_killed_worker_had_begun_is_delivered_again(
    server: SqsServer, json_sqs: Sqs, send: Any, start: Start
) -> None:
    queue = json_sqs.create_queue(QueueName="celery-killed", Attributes={"VisibilityTimeout": "3"})["QueueUrl"]
    first = start(["celery-killed"], folder="first")
    send("held", ["unlucky one"], queue="celery-killed")
    await eventually(lambda: "began" in first.told("unlucky one"), WAIT_S_MAX, "the task begins")
    first.process.kill()
    second = start(["celery-killed"], folder="second")
    second.let_end()
    await eventually(lambda: "ended" in second.told("unlucky one"), WAIT_S_MAX, "another worker gets it")
    await wait_until_empty(json_sqs, queue)


async def test_a_worker_that_ends_in_peace_gives_back_what_it_had_not_begun(
    server: SqsServer, json_sqs: Sqs, send: Any, start: Start
) -> None:
    queue = json_sqs.create_queue(QueueName="celery-peace", Attributes={"VisibilityTimeout": "1800"})["QueueUrl"]
    for word in ("one", "two", "three", "four"):
        send("held", [word], queue="celery-peace")
    # What Celery gives back becomes visible after the time of its long poll.
    worker = start(["celery-peace"], wait_time_seconds=1)
    await eventually(lambda: len(worker.told()) == 1 and counts(json_sqs, queue) == (0, 4), WAIT_S_MAX, "it has all")
    ending = worker.process
    os.kill(ending.pid, signal.SIGTERM)
    await eventually(lambda: "Warm shutdown" in ending.log(), WAIT_S_MAX, "it was told to end")
    worker.let_end()
    assert await ending.wait(WAIT_S_MAX) == 0
    assert [line.split()[0] for line in worker.told()] == ["began", "ended"]

    def given_back() -> None:
        assert counts(json_sqs, queue) == (3, 0)

    await eventually(given_back, WAIT_S_MAX, "the others are there again, long before their lease ends")


@pytest.mark.parametrize("told_by", [signal.SIGTERM, signal.SIGKILL])
async def test_a_worker_that_ends_while_it_waits_takes_nothing_with_it(
    server: SqsServer, json_sqs: Sqs, send: Any, start: Start, told_by: signal.Signals
) -> None:
    name = f"celery-waiting-{told_by.name}"
    queue = json_sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1800"})["QueueUrl"]
    worker = start([name], wait_time_seconds=20)
    await worker.wait_until_ready()
    send("note", ["first"], queue=name)
    await worker.wait_until_told("first", "noted")
    os.killpg(worker.process.pid, told_by)
    await worker.process.wait(WAIT_S_MAX)
    for number in range(5):
        send("note", [f"later {number}"], queue=name)
    left: list[Any] = []

    def all_there() -> bool:
        left.extend(receive_all(json_sqs, queue))
        return len(left) == 5

    await eventually(
        all_there, WAIT_S_MAX, "what was sent afterwards is there, long before a lease of theirs would end"
    )


async def test_a_failed_task_comes_again_by_its_backoff_or_goes_to_the_dead_letters(
    server: SqsServer, json_sqs: Sqs, start: Start
) -> None:
    lucky = json_sqs.create_queue(QueueName="celery-backoff", Attributes={"VisibilityTimeout": "1800"})["QueueUrl"]
    dead = json_sqs.create_queue(QueueName="celery-dead")["QueueUrl"]
    arn = json_sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = {
        "VisibilityTimeout": "1",
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2}),
    }
    poor = json_sqs.create_queue(QueueName="celery-redriven", Attributes=redrive)["QueueUrl"]
    predefined = {
        "celery-backoff": {"url": lucky, "backoff_policy": {1: 1, 2: 1}, "backoff_tasks": ["unlucky"]},
        "celery-redriven": {"url": poor},
    }
    worker = start([*predefined], predefined_queues=predefined)
    with sender(server.url, predefined_queues=predefined) as app:
        app.send_task("unlucky", ["third time lucky"], queue="celery-backoff")
        app.send_task("unlucky", ["twice is enough"], queue="celery-redriven")
    await worker.wait_until_told("third time lucky", "try 1", "try 2", "try 3")
    await wait_until_empty(json_sqs, lucky)
    await eventually(lambda: counts(json_sqs, dead) == (1, 0), WAIT_S_MAX, "it is with the dead letters")
    assert counts(json_sqs, poor) == (0, 0)
