"""Messages of programs that know nothing of Wipsie, on every store: handled, or dead-lettered with the reason."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kill_stores import ALL, Store, opened

from wipsie.app.application import Application
from wipsie.app.data_folder import prepare_data_folder
from wipsie.app.parts import build_parts
from wipsie.database.migrator import migrate
from wipsie.kernel.ids import MessageId, QueueName, new_message_id
from wipsie.queue.contract import Delivery, NewMessage
from wipsie.queue.engine import QueueEngine
from wipsie.testing.eventually import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
KOMBU = {
    "body": base64.b64encode(b'[[2, 3], {}, {"callbacks": null, "errbacks": null}]').decode(),
    "content-encoding": "utf-8",
    "content-type": "application/json",
    "headers": {"lang": "py", "task": "shop.tasks.add", "id": "5a9f", "argsrepr": "(2, 3)", "retries": 0, "eta": None},
    "properties": {
        "correlation_id": "5a9f",
        "reply_to": "b2c1",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": "default"},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": "f00d",
    },
}
BODIES = {
    "raw text": "hello",
    "JSON list": "[1, 2, 3]",
    "number": "42",
    "null": "null",
    "JSON text": '"text"',
    "half an object": '{"data":',
    "kombu envelope": json.dumps(KOMBU),
    "kombu envelope in base64": base64.b64encode(json.dumps(KOMBU).encode()).decode(),
    "bytes of no encoding in base64": base64.b64encode(bytes(range(256))).decode(),
    "standard fields of other types": '{"id": {}, "timestamp": 5, "task_type": [], "priority": 7, "retry_count": "many"}',
    "data of another type": '{"task_type": "data_polling", "data": [[]]}',
    "deep lists": "[" * 100_000,
    "deep objects": '{"data":' * 50_000,
    "deep but whole": '{"data":' * 3_000 + "1" + "}" * 3_000,
    "a megabyte of digits": "9" * 1_000_000,
    "digits in an object": '{"data": {"number": ' + "9" * 200_000 + "}}",
    "a number too large for a float": '{"data": {"number": 1e99999}}',
    "byte order mark": "\ufeff{}",
    "replacement characters": "\ufffd" * 1000,
    "other planes": "\U0001f4e6" * 1000,
    "control characters": "\x01\x02\x1f\x7f",
    "key given twice": '{"data": {"a": 1}, "data": {"b": 2}}',
}
_REFUSALS_OF_SQS = {"InvalidParameterValue", "InvalidMessageContents"}
"""Too long for it, or characters it refuses."""
UNREADABLE_OR_WRONG = {"UNREADABLE", "VALIDATION_ERROR"}


class Counter:
    """A Wipsie with a worker, and the way in that a foreign program has."""

    def __init__(self, application: Application, store: Store) -> None:
        self.application = application
        self.engine: QueueEngine = application.parts.engine
        self._foreign_send = _boto3_send(store, self.engine) if store.name == "sqs" else None

    async def send(self, queue: str, body: str) -> bool:
        """Send as a foreign program does; whether the store let it in."""
        stored = self.engine.resolve(queue)
        if self._foreign_send is not None:
            return self._foreign_send(stored, body)
        await self.engine.send(NewMessage(queue=stored, body=body, message_id=new_message_id()))
        return True

    async def until_empty(self, queue: str) -> None:
        async def is_empty() -> bool:
            return (await self.engine.counts(self.engine.resolve(queue))).total == 0

        await eventually(is_empty, 40, f"queue {queue} is worked off")

    async def dead_letters(self, queue: str, count: int) -> list[Delivery]:
        """So many dead letters of a queue, taken from it."""
        found: dict[MessageId, Delivery] = {}
        dead = self.engine.names.dead_letter(self.engine.resolve(queue))

        async def enough() -> bool:
            for delivery in await self.engine.receive(dead, max_messages=100):
                found[delivery.message_id] = delivery
            return len(found) >= count

        await eventually(enough, 20, f"{count} dead letters of {queue}")
        return list(found.values())


def _boto3_send(store: Store, engine: QueueEngine) -> Callable[[QueueName, str], bool]:
    """The client of Amazon, as any program uses it."""
    import boto3
    from botocore.exceptions import ClientError

    endpoint = store.environment["QUEUE_URL"].partition("endpoint_url=")[2]
    make: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    client = make("sqs", region_name="us-east-1", endpoint_url=endpoint)

    def send(queue: QueueName, body: str) -> bool:
        try:
            client.send_message(QueueUrl=client.get_queue_url(QueueName=queue)["QueueUrl"], MessageBody=body)
        except ClientError as error:
            answer: Any = error.response
            if answer["Error"]["Code"] not in _REFUSALS_OF_SQS:
                raise
            return False
        return True

    return send


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with opened(request.param, request) as store:
        yield store


@pytest.fixture
async def counter(store: Store, tmp_path: Path) -> AsyncIterator[Counter]:
    settings = store.settings(tmp_path / "data")
    prepare_data_folder(settings.data_dir)
    await migrate(settings.database.url)
    application = Application(build_parts(settings), ("worker",))
    await application.start()
    try:
        yield Counter(application, store)
    finally:
        await application.stop()


@pytest.mark.parametrize("store", ALL, indirect=True)
async def test_no_foreign_message_kills_a_worker_or_vanishes(counter: Counter) -> None:
    # `default` has a handler for anything, `data_polling` one that is particular.
    let_in = dict.fromkeys(("default", "data_polling"), 0)
    for queue in let_in:
        for body in BODIES.values():
            let_in[queue] += await counter.send(queue, body)
    for queue, count in let_in.items():
        assert count >= len(BODIES) - 3, "the store hardly lets anything in"
        await counter.until_empty(queue)
    worker = counter.application.worker
    assert worker is not None
    assert worker.status()["healthy"], worker.status()
    parts = worker.status()["parts"]
    assert not any(part["restarts"] for part in parts.values()), parts
    letters = await counter.dead_letters("data_polling", let_in["data_polling"])
    for letter in letters:
        assert letter.dead_letter is not None
        assert letter.dead_letter.cause.code in UNREADABLE_OR_WRONG, letter.dead_letter.cause
        assert len(letter.dead_letter.cause.reason) > 20
    runs = await counter.application.parts.run_log.recent(500, queue="default")
    # What the general handler could not take is dead, with a reason as well.
    refused = sum(run.status != "succeeded" for run in runs)
    assert len(runs) == let_in["default"]
    for letter in await counter.dead_letters("default", refused) if refused else ():
        assert letter.dead_letter is not None
        assert letter.dead_letter.cause.reason


@pytest.mark.parametrize("store", ALL, indirect=True)
async def test_after_foreign_messages_the_next_good_one_is_handled_as_ever(counter: Counter) -> None:
    for body in ("[" * 1000, json.dumps(KOMBU), "42"):
        await counter.send("default", body)
    await counter.send("default", json.dumps({"task_type": "echo", "data": {"last": True}}))

    async def is_handled() -> bool:
        runs = await counter.application.parts.run_log.recent(10, queue="default", status="succeeded")
        return any(run.task_type == "echo" and run.result and '"last":true' in run.result for run in runs)

    await eventually(is_handled, 20, "the good one is handled")
