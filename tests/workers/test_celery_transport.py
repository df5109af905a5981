"""kombu hands messages to the bridge as they are, whatever their bodies look like, and settles none of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kombu import messaging
from kombu.connection import Connection
from kombu.entity import Queue

from wipsie.workers.celery_bridge.transport import CONTENT_TYPE, QUEUE_URLS, PlainConnection, PlainTransport

QUEUE = "wipsie-default"


@pytest.fixture
def channel() -> Iterator[Any]:
    """A channel that has asked nobody for anything."""
    connection: Any = Connection(
        "sqs://any:thing@127.0.0.1:1",
        transport=PlainTransport,
        transport_options={
            QUEUE_URLS: {QUEUE: "http://127.0.0.1:1/000000000000/wipsie-default"},
            "region": "us-east-1",
        },
    )
    yield connection.default_channel
    connection.release()


def raw_message(body: str, handle: str = "a-handle") -> dict[str, Any]:
    return {"MessageId": "an-id", "ReceiptHandle": handle, "Body": body}


def given_to_a_consumer(channel: Any, raw: dict[str, Any]) -> list[Any]:
    """What a consumer of kombu's is called with."""
    arrived: list[Any] = []
    consumer: Any = messaging.Consumer(
        channel,
        queues=[Queue(QUEUE, no_declare=True)],
        on_message=arrived.append,
        accept=[CONTENT_TYPE],
        auto_declare=False,
    )
    with consumer:
        channel._on_messages_ready("http://127.0.0.1:1/000000000000/wipsie-default", QUEUE, {"Messages": [raw]})
    return arrived


@given(
    body=st.one_of(
        st.text(),
        st.binary().map(lambda raw: base64.b64encode(raw).decode()),
        st.dictionaries(
            st.sampled_from(["properties", "body", "headers", "x"]), st.none() | st.integers() | st.text()
        ).map(json.dumps),
    )
)
@example(body='{"properties": [1]}')
@example(body='{"properties": {"delivery_tag": "another"}}')
@example(body="[" * 5000)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_every_body_arrives_as_it_is(channel: Any, body: str) -> None:
    (message,) = given_to_a_consumer(channel, raw_message(body))
    assert message.delivery_info["sqs_message"] == raw_message(body)
    assert message.delivery_info["routing_key"] == QUEUE


@pytest.mark.parametrize("settle", ["ack", "reject", "requeue"])
def test_what_kombu_settles_or_puts_back_is_only_forgotten(channel: Any, settle: str) -> None:
    """Each of them would ask the server, which is none."""
    (message,) = given_to_a_consumer(channel, raw_message("text"))
    channel.qos.prefetch_count = 1
    assert not channel.qos.can_consume()
    getattr(message, settle)()
    assert channel.qos.can_consume()


def test_a_channel_that_closes_puts_nothing_back(channel: Any) -> None:
    given_to_a_consumer(channel, raw_message("text"))
    channel.close()


def test_a_server_that_refuses_or_is_away_is_an_empty_answer(channel: Any) -> None:
    """kombu's own raises: in its event loop, which ends the worker."""

    class Response:
        status = 403
        reason = "Forbidden"

        def read(self) -> bytes:
            return b'{"__type": "AccessDenied"}'

    polls: Any = PlainConnection(channel.sqs(), http_client=object())
    assert channel._on_messages_ready("url", QUEUE, polls._on_list_ready(None, [], "ReceiveMessage", Response())) == 0


def test_a_queue_that_finds_no_room_is_fetched_from_as_soon_as_there_is(channel: Any) -> None:
    fetched: list[str] = []

    class Hub:
        def call_soon(self, function: Any, *arguments: Any) -> None:
            function(*arguments)

    channel.hub = Hub()

    def fetch(queue: str, callback: Any) -> None:
        fetched.append(queue)

    channel._get_bulk_async = fetch
    channel.qos.prefetch_count = 1
    channel._active_queues.append(QUEUE)
    (message,) = given_to_a_consumer(channel, raw_message("text"))
    fetched.clear()
    channel._active_queues.append(QUEUE)
    channel._schedule_queue(QUEUE)
    assert fetched == []
    message.ack()
    assert fetched == [QUEUE]
