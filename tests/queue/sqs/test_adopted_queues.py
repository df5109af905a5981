"""Queues that somebody else made and named: they are used as they are, with rights to nothing else, and never changed."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, Forbidden
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.sqs import SqsQueueBackend
from wipsie.queue.contract import NewMessage, QueueSettings
from wipsie.queue.engine import QueueEngine
from wipsie.queue.names import QueueNames

if TYPE_CHECKING:
    from conftest import ForeignClient, Refusal, ScriptedSqs, SqsUrl


class Adopted:
    """An engine that knows a foreign queue by the short name ``mail``."""

    def __init__(self, queue_url: str, sqs_url: str, session: object | None = None) -> None:
        self.name = QueueName(queue_url.rpartition("/")[2])
        backend = SqsQueueBackend(sqs_url, clock=SystemClock(), session=session, adopted={self.name: queue_url})
        self.engine = QueueEngine(backend, clock=SystemClock(), names=QueueNames(adopted={"mail": self.name}))

    async def send(self, body: str) -> None:
        await self.engine.send(NewMessage(queue=self.engine.resolve("mail"), body=body, message_id=new_message_id()))


@pytest.fixture
async def queue_url(foreign: ForeignClient) -> AsyncIterator[str]:
    """A queue with a redrive policy and settings that Wipsie would choose otherwise."""
    name = f"EmailQueue-{os.urandom(4).hex()}"
    dead = (await foreign.call("create_queue", QueueName=f"{name}-DeadLetters"))["QueueUrl"]
    arn = (await foreign.call("get_queue_attributes", QueueUrl=dead, AttributeNames=["QueueArn"]))["Attributes"]
    policy = f'{{"deadLetterTargetArn":"{arn["QueueArn"]}","maxReceiveCount":"7"}}'
    url = (
        await foreign.call(
            "create_queue", QueueName=name, Attributes={"VisibilityTimeout": "77", "RedrivePolicy": policy}
        )
    )["QueueUrl"]
    yield url
    await foreign.call("delete_queue", QueueUrl=url)
    await foreign.call("delete_queue", QueueUrl=dead)


@pytest.fixture
async def adopted(queue_url: str, sqs_url: str, aws_session: object) -> AsyncIterator[Adopted]:
    adopted = Adopted(queue_url, f"{sqs_url}&prefix=wipsie-", aws_session)
    await adopted.engine.start()
    yield adopted
    await adopted.engine.stop()


async def _attributes(foreign: ForeignClient, url: str) -> dict[str, Any]:
    answer = await foreign.call("get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
    return {key: answer["Attributes"][key] for key in ("VisibilityTimeout", "RedrivePolicy", "LastModifiedTimestamp")}


async def test_it_has_a_short_name_and_keeps_its_own(adopted: Adopted) -> None:
    assert adopted.engine.resolve("mail") == adopted.name == adopted.engine.resolve(adopted.name)
    assert adopted.engine.names.short(adopted.name) == "mail"
    assert adopted.engine.work_queues() == ["mail"]
    assert adopted.name in [one.name for one in await adopted.engine.list_queues()]


async def test_messages_go_both_ways_between_us_and_others(adopted: Adopted, foreign: ForeignClient) -> None:
    await adopted.send("from us")
    assert (await foreign.receive(adopted.name))["Body"] == "from us"
    (delivery,) = await adopted.engine.receive(adopted.name, wait_s=5)
    assert delivery.body == "from us"
    assert await adopted.engine.delete([(adopted.name, delivery.receipt)]) == [None]
    await foreign.send(adopted.name, '{"from": "others"}')
    (delivery,) = await adopted.engine.receive(adopted.name, wait_s=5)
    assert delivery.body == '{"from": "others"}'


async def test_its_settings_are_read_and_never_changed(
    adopted: Adopted, foreign: ForeignClient, queue_url: str
) -> None:
    before = await _attributes(foreign, queue_url)
    settings = await adopted.engine.queue_settings(adopted.name)
    assert (settings.visibility_timeout_s, settings.max_receive_count) == (77.0, 7)
    assert settings.dead_letter_queue == f"{adopted.name}-DeadLetters"
    for change in (
        adopted.engine.pause(adopted.name),
        adopted.engine.change_queue(QueueSettings(name=adopted.name)),
        adopted.engine.delete_queue(adopted.name),
    ):
        with pytest.raises(Forbidden, match="belongs to others"):
            await change
    assert await _attributes(foreign, queue_url) == before


async def test_one_that_is_not_there_is_told_at_the_start(queue_url: str, sqs_url: str, aws_session: object) -> None:
    missing = Adopted(f"{queue_url}-missing", sqs_url, aws_session)
    with pytest.raises(ConfigurationError, match=r"There is no queue '.*-missing'"):
        await missing.engine.start()


async def test_a_role_that_may_only_send_is_enough(scripted: ScriptedSqs, url_of: SqsUrl, refusal: Refusal) -> None:
    denied = [refusal(403, "AccessDeniedException")] * 20
    for action in ("listqueues", "getqueueattributes", "listqueuetags", "getqueueurl"):
        scripted.script[action].extend(denied)
    adopted = Adopted(f"{scripted.endpoint_url}/123456789012/email", url_of(scripted.endpoint_url))
    await adopted.engine.start()
    try:
        await adopted.send("hello")
    finally:
        await adopted.engine.stop()
    assert scripted.seen["sendmessagebatch"] == 1
    assert scripted.seen["getqueueurl"] == scripted.seen["createqueue"] == 0
