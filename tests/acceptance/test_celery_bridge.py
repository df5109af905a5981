"""`celery -A wipsie.celery_worker worker`, as people run it: real processes over Wipsie's endpoint and over an Amazon SQS."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest

from wipsie.testing import eventually
from wipsie.testing.process import WipsieProcess
from wipsie.testing.servers import MotoServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
Start = Callable[..., WipsieProcess]
LOCAL = {"POLLING_ALLOWED_HOSTS": "127.0.0.1", "AWS_EC2_METADATA_DISABLED": "true"}
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
START_S_MAX = 60.0
DONE_S_MAX = 60.0
LEASE_ENDS_S_MAX = 120.0
HOSTILE = [
    '{"properties": {"delivery_info": {}}}',
    '{"properties": [1]}',
    '{"properties": null, "body": "x", "headers": {}}',
    "[1, 2]",
    "plain text",
    "{}",
    "null",
    base64.b64encode(b"hello there, this is base64").decode(),
    '{"a":' * 500 + "1" + "}" * 500,
]
CALL = {"task_type": "default", "message": "called", "data": {"by": "Celery"}}


@pytest.fixture
async def start_celery() -> AsyncIterator[Start]:
    """`start_celery(api, "-c", "2")`: the worker, with the folder and queues of a Wipsie."""
    started: list[WipsieProcess] = []

    def start(api: WipsieProcess, *options: str, environment: dict[str, str] | None = None) -> WipsieProcess:
        process = WipsieProcess(
            ["-A", "wipsie.celery_worker", "worker", "--loglevel", "info", *options],
            data_dir=api.data_dir,
            command=[str(Path(sys.executable).with_name("celery"))],
            environment={**LOCAL, "API_PORT": str(api.port), **(environment or {})},
        )
        process.start()
        started.append(process)
        return process

    yield start
    for process in reversed(started):
        await process.stop()


async def until_ready(worker: WipsieProcess, times: int = 1) -> None:
    def ready() -> bool:
        assert worker.return_code is None, worker.log()[-4000:]
        return worker.log().count(" ready.") >= times

    await eventually(ready, START_S_MAX, "the worker is ready")


class Web:
    """A source to poll, and a receiver of webhooks."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Any] = []


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200 if self.path == "/items" else 500, b'[{"id": 1}, {"id": 2}]')

        def do_POST(self) -> None:
            web.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(200, b"{}")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Tests print for themselves."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield web
    server.shutdown()
    thread.join()
    server.server_close()


def four_kinds(web: Web) -> list[dict[str, Any]]:
    """A message for each of the four tasks."""
    notification = {"recipient": f"{web.url}/hook", "notification_type": "webhook", "body": "hello"}
    polling = {"source_url": f"{web.url}/items", "poll_interval": 60}
    return [
        {"queue_name": "default", "message": {"task_type": "default", "message": "hello", "data": {"n": 1}}},
        {"queue_name": "data_polling", "message": {"task_type": "data_polling", "data": polling}},
        {
            "queue_name": "task_processing",
            "message": {
                "task_type": "processing",
                "data": {"operation": "analysis", "input_data": [{"a": 1}, {"a": 3}]},
            },
        },
        {"queue_name": "notifications", "message": {"task_type": "notification", "data": notification}},
    ]


class Sqs:
    """The same queues through Amazon's own client."""

    def __init__(self, endpoint_url: str, prefix: str = "wipsie-") -> None:
        import boto3

        library: Any = boto3
        self._prefix = prefix
        self.client: Any = library.client("sqs", endpoint_url=endpoint_url, **KEYS)

    async def send(self, queue: str, body: str) -> str:
        return (await asyncio.to_thread(self.client.send_message, QueueUrl=await self._url(queue), MessageBody=body))[
            "MessageId"
        ]

    async def count(self, queue: str, *states: str) -> int:
        """Messages in these states, by default in any."""
        names = [f"ApproximateNumberOfMessages{state}" for state in states or ("", "Delayed", "NotVisible")]
        url = await self._url(queue)
        answer = await asyncio.to_thread(self.client.get_queue_attributes, QueueUrl=url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    async def _url(self, queue: str) -> str:
        answer = await asyncio.to_thread(self.client.get_queue_url, QueueName=self._prefix + queue)
        return answer["QueueUrl"]


def celery_envelope(task: str, *arguments: Any, **headers: Any) -> str:
    """What Celery's own `send_task` puts into a queue of SQS."""
    body = base64.b64encode(json.dumps([arguments, {}, {"chain": None}]).encode()).decode()
    envelope = {
        "body": body,
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": task, "id": "0b8c6b1e-call", "lang": "py", "eta": None, "expires": None, **headers},
        "properties": {"body_encoding": "base64", "delivery_info": {"routing_key": "wipsie-default"}},
    }
    return base64.b64encode(json.dumps(envelope).encode()).decode()


class Check:
    """What was sent, and how it shall have ended."""

    def __init__(self, api: WipsieProcess, call: Any, run_statuses: Any) -> None:
        self._api = api
        self._call = call
        self._run_statuses = run_statuses

    async def send(self, message: dict[str, Any]) -> str:
        status, answer = await self._call(self._api, "POST", "/sqs/send", message)
        assert status == 200, answer
        return answer["message_id"]

    async def ended(self, worker: WipsieProcess, message_id: str, *statuses: str, within_s: float = DONE_S_MAX) -> None:
        async def found() -> bool:
            return await self._run_statuses(self._api, message_id) == list(statuses)

        try:
            await eventually(found, within_s, f"{message_id} ended {statuses}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{worker.log()[-6000:]}") from None


async def all_is_handled(check: Check, sqs: Sqs, worker: WipsieProcess, web: Web) -> None:
    """The four kinds, what fails, what cannot be read and what Celery itself sends."""
    good = [await check.send(message) for message in four_kinds(web)]
    polling = {"source_url": f"{web.url}/broken", "poll_interval": 60}
    failing = await check.send(
        {"queue_name": "data_polling", "message": {"task_type": "data_polling", "data": polling}}
    )
    hostile = [await sqs.send("default", body) for body in HOSTILE]
    unreadable = await sqs.send("notifications", "plain text")
    called = await sqs.send("default", celery_envelope("process_default_message", CALL))
    await sqs.send("default", celery_envelope("shop.tasks.bill", 1))
    for message_id in (*good, *hostile, called):
        await check.ended(worker, message_id, "succeeded")
    await check.ended(worker, failing, "retried")
    await check.ended(worker, unreadable, "rejected")
    assert web.received, "the webhook was called"

    async def lie_with_the_dead() -> bool:
        return await sqs.count("notifications-dlq") == 1 and await sqs.count("default-dlq") == 1

    await eventually(lie_with_the_dead, DONE_S_MAX, f"dead letters\n{worker.log()[-3000:]}")
    assert "only process_default_message" in worker.log()
    # It waits in its queue, for the first step of the ladder.
    assert await sqs.count("data-polling") == 1

    async def is_empty() -> bool:
        return await sqs.count("default") == 0

    # A run is recorded before its message is acknowledged.
    await eventually(is_empty, DONE_S_MAX, "all is acknowledged")


async def test_over_wipsies_endpoint_with_processes_killed_and_stopped(
    start_wipsie: Start, start_celery: Start, call: Any, cli: Any, run_statuses: Any, slow_receiver: Any, web: Web
) -> None:
    api = start_wipsie(["api"])
    await api.wait_until_healthy()
    check, sqs = Check(api, call, run_statuses), Sqs(api.base_url)
    worker = start_celery(api, "-c", "2", "--prefetch-multiplier", "4")
    await until_ready(worker)
    killed_with_it = await check.send(slow_receiver.message())
    await eventually(slow_receiver.called.is_set, DONE_S_MAX, "the handler is at work")
    worker.kill()
    # Called again, it answers at once.
    slow_receiver.may_answer.set()

    worker.start()
    await until_ready(worker, 2)
    for name in ("process_default_message", "process_data_polling", "process_task", "send_notification"):
        assert f". {name}" in worker.log()
    await all_is_handled(check, sqs, worker, web)
    # The cause lies with the message, as if Wipsie's own worker had put it there.
    dead = await cli(api, "queue", "peek", "default-dlq", "--json")
    assert "shop.tasks.bill" in dead.out, dead.err + dead.out

    # What was killed comes back when its lease ends.
    await check.ended(worker, killed_with_it, "succeeded", within_s=LEASE_ENDS_S_MAX)

    # A warm shutdown lets running handlers finish, settles them, and gives back what waited for a place.
    slow_receiver.may_answer.clear()
    begun = worker.log().count("Task send_notification[")
    slow = [await check.send(slow_receiver.message()) for _ in range(2)]
    await eventually(
        lambda: worker.log().count("Task send_notification[") == begun + 2, DONE_S_MAX, "both places are taken"
    )
    waiting = await check.send(four_kinds(web)[0])

    async def is_fetched() -> bool:
        return await sqs.count("default", "NotVisible") == 1

    await eventually(is_fetched, DONE_S_MAX, "it waits for a place")
    os.kill(worker.pid, signal.SIGTERM)
    await eventually(lambda: "celery_bridge_stops" in worker.log(), DONE_S_MAX, "it stops")
    slow_receiver.may_answer.set()
    assert await worker.wait(60) == 0, worker.log()[-4000:]
    for message_id in slow:
        assert await run_statuses(api, message_id) == ["succeeded"]
    assert await sqs.count("notifications") == 0
    assert await run_statuses(api, waiting) == []
    assert await sqs.count("default", "") == 1


async def test_over_amazon_sqs_with_threads(
    start_wipsie: Start, start_celery: Start, call: Any, run_statuses: Any, web: Web, moto_server: MotoServer
) -> None:
    prefix = f"wipsie-{os.urandom(3).hex()}-"
    url = f"sqs://us-east-1?endpoint_url={quote(moto_server.endpoint_url, safe='')}&poll_s=1&settings_s=1"
    amazon = {
        "QUEUE_URL": url,
        "SQS_QUEUE_PREFIX": prefix,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    api = start_wipsie(["api"], environment=amazon)
    await api.wait_until_healthy()
    check, sqs = Check(api, call, run_statuses), Sqs(moto_server.endpoint_url, prefix)
    worker = start_celery(api, "--pool", "threads", "-c", "4", environment=amazon)
    await until_ready(worker)
    await all_is_handled(check, sqs, worker, web)
    assert await worker.stop() == 0, worker.log()[-4000:]


async def test_alone_in_its_process_for_named_queues_what_other_code_calls_and_a_broker_that_goes_away(
    start_wipsie: Start, start_celery: Start, call: Any, run_statuses: Any, web: Web
) -> None:
    api = start_wipsie(["api"])
    await api.wait_until_healthy()
    check = Check(api, call, run_statuses)
    worker = start_celery(api, "--pool", "solo", "-Q", "default,task_processing")
    await until_ready(worker)
    other = await check.send(four_kinds(web)[3])
    code = (
        "from wipsie.celery_worker import process_task\n"
        "print(process_task.delay({'id': 'my-own', 'task_type': 'processing',"
        " 'data': {'operation': 'analysis', 'input_data': [{'a': 1}]}}).id)\n"
    )
    caller = WipsieProcess(
        ["-c", code],
        data_dir=api.data_dir,
        command=[sys.executable],
        environment={**LOCAL, "CELERY_BROKER_URL": f"sqs://any:thing@127.0.0.1:{api.port}"},
    )
    caller.start()
    assert await caller.wait(60) == 0, caller.log()
    assert caller.log().strip() == "my-own"
    await eventually(lambda: "succeeded in" in worker.log(), DONE_S_MAX, f"it is done\n{worker.log()[-3000:]}")
    assert "Task process_task[" in worker.log()
    # The broker may go and come back.
    api.kill()
    await eventually(lambda: "messages_not_fetched" in worker.log(), DONE_S_MAX, "it is told")
    api.start()
    await api.wait_until_healthy()
    again = await check.send(four_kinds(web)[0])
    await check.ended(worker, again, "succeeded")
    # Nobody here serves this queue.
    assert await run_statuses(api, other) == []
    children = psutil.Process(worker.pid).children(recursive=True)
    assert await worker.stop() == 0, worker.log()[-4000:]
    psutil.wait_procs(children, 10)
