"""Repeated receives, looking and wishes, on every store whose messages can be looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from direct_calls import DirectCalls

from wipsie.database import Database
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import StorageUnavailable
from wipsie.kernel.ids import new_uuid
from wipsie.queue.backends.postgres import PostgresQueueBackend
from wipsie.queue.backends.redis import RedisQueueBackend
from wipsie.queue.backends.sqlite import SqliteQueueBackend
from wipsie.queue.contract import QueueBackend
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames
from wipsie.sqs_endpoint.actions.change_message_visibility import (
    ChangeMessageVisibilityInput,
    change_message_visibility,
)
from wipsie.sqs_endpoint.actions.peek_messages import PeekInput, peek_messages
from wipsie.sqs_endpoint.actions.queue_lifecycle import CreateQueueInput, create_queue
from wipsie.sqs_endpoint.actions.receive_message import ReceiveMessageInput, receive_message
from wipsie.sqs_endpoint.actions.send_message import SendMessageInput, send_message
from wipsie.sqs_endpoint.errors import INVALID_PARAMETER, SqsError
from wipsie.sqs_endpoint.extensions import DELAY
from wipsie.sqs_endpoint.message_attributes import AttributeValue

FIFO = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> QueueBackend:
    clock = SystemClock()
    if request.param == "sqlite":
        return SqliteQueueBackend(tmp_path / "queue.db", clock=clock)
    if request.param == "redis":
        return RedisQueueBackend(request.getfixturevalue("redis_server").url(), clock=clock)
    server = request.getfixturevalue("postgres_server")
    return PostgresQueueBackend(server.create_database(f"queue_{new_uuid()}"), clock=clock)


@pytest.fixture
async def calls(backend: QueueBackend, migrated_database_url: str) -> AsyncIterator[DirectCalls]:
    engine = QueueEngine(backend, clock=SystemClock(), names=QueueNames())
    database = Database(migrated_database_url, clock=SystemClock(), pool_size=2)
    await engine.start()
    await database.start()
    yield DirectCalls(engine, database)
    await database.stop()
    await engine.stop()


async def test_a_receive_is_repeated_until_a_message_is_touched(calls: DirectCalls) -> None:
    queue = f"q{new_uuid()}.fifo"
    await calls.run(create_queue, CreateQueueInput(queue_name=queue, attributes=FIFO))
    for group in ("a", "b"):
        for number in (1, 2):
            given = SendMessageInput(queue_url=queue, message_body=f"{group}{number}", message_group_id=group)
            await calls.run(send_message, given)
    asked = ReceiveMessageInput(queue_url=queue, max_number_of_messages=10, receive_request_attempt_id="one")
    first = await calls.run(receive_message, asked)
    assert {one["Body"] for one in first["Messages"]} == {"a1", "b1"}
    for _ in range(2):
        assert await calls.run(receive_message, asked) == first
    handle = first["Messages"][0]["ReceiptHandle"]
    change = ChangeMessageVisibilityInput(queue_url=queue, receipt_handle=handle, visibility_timeout=500)
    await calls.run(change_message_visibility, change)
    with pytest.raises(SqsError) as refusal:
        await calls.run(receive_message, asked)
    assert refusal.value.kind is INVALID_PARAMETER


async def test_nothing_stays_leased_that_could_not_be_received_again(
    tmp_path: Path, migrated_database_url: str
) -> None:
    engine = QueueEngine(
        SqliteQueueBackend(tmp_path / "queue.db", clock=SystemClock()), clock=SystemClock(), names=QueueNames()
    )
    database = Database(migrated_database_url, clock=SystemClock(), write_wait_s_max=0.2)
    await engine.start()
    await database.start()
    calls = DirectCalls(engine, database)
    await calls.run(create_queue, CreateQueueInput(queue_name="q.fifo", attributes=FIFO))
    given = SendMessageInput(queue_url="q.fifo", message_body="x", message_group_id="g")
    await calls.run(send_message, given)
    asked = ReceiveMessageInput(queue_url="q.fifo", receive_request_attempt_id="one", attribute_names=["All"])
    with closing(sqlite3.connect(migrated_database_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable):
            await calls.run(receive_message, asked)
        other.execute("ROLLBACK")
    (message,) = (await calls.run(receive_message, asked))["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    await database.stop()
    await engine.stop()


async def test_messages_of_all_states_are_seen_in_order(calls: DirectCalls) -> None:
    queue = f"q{new_uuid()}"
    await calls.run(create_queue, CreateQueueInput(queue_name=queue))
    await calls.run(send_message, SendMessageInput(queue_url=queue, message_body="leased"))
    await calls.run(receive_message, ReceiveMessageInput(queue_url=queue))
    wish = {DELAY: AttributeValue(data_type="Number", string_value="864000")}
    await calls.run(send_message, SendMessageInput(queue_url=queue, message_body="delayed", message_attributes=wish))
    await calls.run(send_message, SendMessageInput(queue_url=queue, message_body="ready"))
    for most in (1, 2, 3, 100):
        seen: list[str] = []
        token: str | None = ""
        while token is not None:
            given = PeekInput(
                queue_url=queue,
                show_invisible=True,
                show_delayed=True,
                max_number_of_messages=most,
                next_token=token or None,
            )
            page = await calls.run(peek_messages, given)
            seen += [one["Body"] for one in page.get("Messages", ())]
            token = page.get("NextToken")
        assert seen == ["leased", "delayed", "ready"]
    assert [one["Body"] for one in (await calls.run(peek_messages, PeekInput(queue_url=queue)))["Messages"]] == [
        "ready"
    ]
