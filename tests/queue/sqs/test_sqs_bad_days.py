"""Amazon SQS on bad days: no credentials, no access, nobody there, too many requests, a server that forgot everything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import (
    ConfigurationError,
    InvalidInput,
    QueueNotFound,
    ShuttingDown,
    StorageUnavailable,
    TooManyRequests,
    WipsieError,
)
from wipsie.kernel.ids import QueueName, new_message_id
from wipsie.queue.backends.sqs import SqsQueueBackend
from wipsie.queue.contract import NewMessage, QueueSettings, SendResult
from wipsie.testing.ports import free_port
from wipsie.testing.servers import MotoServer

if TYPE_CHECKING:
    from conftest import Refusal, ScriptedSqs, SqsUrl

QUEUE = QueueName("wipsie-orders")


def message(body: str = "hello") -> NewMessage:
    return NewMessage(queue=QUEUE, body=body, message_id=new_message_id())


@pytest.fixture
async def backend(scripted: ScriptedSqs, url_of: SqsUrl) -> AsyncIterator[SqsQueueBackend]:
    """A backend on a server that fails as it is told."""
    backend = SqsQueueBackend(url_of(scripted.endpoint_url), clock=SystemClock())
    await backend.start()
    yield backend
    await backend.stop()


async def test_without_credentials_the_start_says_what_to_set(
    scripted: ScriptedSqs, url_of: SqsUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigurationError, match="AWS_ACCESS_KEY_ID"):
        await SqsQueueBackend(url_of(scripted.endpoint_url), clock=SystemClock()).start()


async def test_a_profile_that_does_not_exist_is_named_at_the_start(
    scripted: ScriptedSqs, url_of: SqsUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this")
    with pytest.raises(ConfigurationError, match="nobody-has-this"):
        await SqsQueueBackend(url_of(scripted.endpoint_url), clock=SystemClock()).start()


async def test_a_missing_region_is_asked_for(made_up_credentials: None) -> None:
    with pytest.raises(ConfigurationError, match="region"):
        await SqsQueueBackend("sqs://?endpoint_url=http://127.0.0.1:9", clock=SystemClock()).start()


async def test_the_endpoint_of_the_aws_variables_is_used(
    scripted: ScriptedSqs, made_up_credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", scripted.endpoint_url)
    backend = SqsQueueBackend("sqs://us-east-1", clock=SystemClock())
    await backend.start()
    await backend.stop()
    assert scripted.seen["listqueues"] == 1


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"])
async def test_refused_credentials_are_a_mistake_of_the_configuration_at_the_start(
    scripted: ScriptedSqs, url_of: SqsUrl, refusal: Refusal, code: str
) -> None:
    scripted.script["listqueues"].append(refusal(403, code))
    with pytest.raises(ConfigurationError, match=code):
        await SqsQueueBackend(url_of(scripted.endpoint_url), clock=SystemClock()).start()


async def test_access_lost_on_the_way_names_the_queue_and_the_action(
    backend: SqsQueueBackend, scripted: ScriptedSqs, refusal: Refusal
) -> None:
    scripted.script["sendmessagebatch"] += [refusal(403, "AccessDenied")] * 10
    with pytest.raises(StorageUnavailable) as failure:
        await backend.send([message()])
    assert "SendMessageBatch" in failure.value.message
    assert QUEUE in failure.value.message
    assert failure.value.retry_after_s is not None


async def test_a_role_that_may_not_read_tags_sends_and_receives_all_the_same(
    backend: SqsQueueBackend, scripted: ScriptedSqs, refusal: Refusal
) -> None:
    scripted.script["listqueuetags"].append(refusal(403, "AccessDenied"))
    assert isinstance((await backend.send([message()]))[0], SendResult)
    assert await backend.receive(QUEUE) == []


async def test_a_throttled_request_is_tried_again(
    backend: SqsQueueBackend, scripted: ScriptedSqs, refusal: Refusal
) -> None:
    scripted.script["sendmessagebatch"].append(refusal(400, "RequestThrottled"))
    assert isinstance((await backend.send([message()]))[0], SendResult)
    assert scripted.seen["sendmessagebatch"] == 2


@pytest.mark.slow
async def test_a_server_that_keeps_throttling_is_told_as_such(
    backend: SqsQueueBackend, scripted: ScriptedSqs, refusal: Refusal
) -> None:
    scripted.script["sendmessagebatch"] += [refusal(400, "RequestThrottled")] * 20
    (outcome,) = await backend.send([message()])
    assert isinstance(outcome, TooManyRequests)
    assert outcome.retry_after_s is not None


@pytest.mark.slow
async def test_a_server_in_trouble_is_unavailable_for_now(
    backend: SqsQueueBackend, scripted: ScriptedSqs, refusal: Refusal
) -> None:
    scripted.script["receivemessage"] += [refusal(500, "InternalFailure", fault="Receiver")] * 20
    with pytest.raises(StorageUnavailable) as failure:
        await backend.receive(QUEUE)
    assert failure.value.retry_after_s is not None
    assert QUEUE in failure.value.message


async def test_entries_that_the_server_failed_are_tried_again_and_only_they(
    backend: SqsQueueBackend, scripted: ScriptedSqs
) -> None:
    failed: dict[str, Any] = {"Id": "1", "SenderFault": False, "Code": "InternalError", "Message": "oops"}
    fine = [{"Id": one, "MessageId": "m", "MD5OfMessageBody": ""} for one in ("0", "2")]
    scripted.script["sendmessagebatch"].append((200, {"Successful": fine, "Failed": [failed]}))
    outcomes = await backend.send([message() for _ in range(3)])
    assert all(isinstance(outcome, SendResult) for outcome in outcomes)
    assert scripted.entries == [3, 1]


async def test_an_entry_that_the_sender_got_wrong_is_refused_alone(
    backend: SqsQueueBackend, scripted: ScriptedSqs
) -> None:
    failed: dict[str, Any] = {"Id": "1", "SenderFault": True, "Code": "InvalidAttributeValue", "Message": "bad"}
    fine = [{"Id": one, "MessageId": "m", "MD5OfMessageBody": ""} for one in ("0", "2")]
    scripted.script["sendmessagebatch"].append((200, {"Successful": fine, "Failed": [failed]}))
    outcomes = await backend.send([message() for _ in range(3)])
    assert [isinstance(outcome, InvalidInput) for outcome in outcomes] == [False, True, False]
    assert scripted.entries == [3]


async def test_a_batch_refused_as_a_whole_goes_one_by_one(
    backend: SqsQueueBackend, scripted: ScriptedSqs, refusal: Refusal
) -> None:
    scripted.script["sendmessagebatch"].append(refusal(400, "InvalidParameterValue"))
    scripted.script["sendmessagebatch"].append(refusal(400, "InvalidParameterValue"))
    outcomes = await backend.send([message() for _ in range(4)])
    assert sum(isinstance(outcome, InvalidInput) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, SendResult) for outcome in outcomes) == 3
    assert scripted.entries == [4, 1, 1, 1, 1]


async def test_purging_again_too_soon_says_when(
    backend: SqsQueueBackend, scripted: ScriptedSqs, refusal: Refusal
) -> None:
    scripted.script["purgequeue"].append(refusal(403, "PurgeQueueInProgress"))
    with pytest.raises(TooManyRequests) as failure:
        await backend.purge(QUEUE)
    assert failure.value.retry_after_s == 60


async def test_a_name_that_is_not_free_yet_says_when(
    backend: SqsQueueBackend, scripted: ScriptedSqs, refusal: Refusal
) -> None:
    scripted.script["getqueueurl"] += [refusal(400, "AWS.SimpleQueueService.NonExistentQueue")] * 2
    scripted.script["createqueue"].append(refusal(400, "AWS.SimpleQueueService.QueueDeletedRecently"))
    with pytest.raises(WipsieError, match="less than a minute") as failure:
        await backend.create_queue(QueueSettings(name=QUEUE))
    assert failure.value.retry_after_s == 60


async def test_a_backend_that_is_not_running_says_so(made_up_credentials: None, url_of: SqsUrl) -> None:
    backend = SqsQueueBackend(url_of("http://127.0.0.1:9"), clock=SystemClock())
    for call in (backend.send([message()]), backend.receive(QUEUE), backend.counts(QUEUE), backend.delete([])):
        with pytest.raises(ShuttingDown):
            await call
    await backend.stop()


async def test_an_endpoint_that_is_away_is_told_at_once(url_of: SqsUrl) -> None:
    began = time.monotonic()
    with pytest.raises(StorageUnavailable) as failure:
        await SqsQueueBackend(url_of(f"http://127.0.0.1:{free_port()}"), clock=SystemClock()).start()
    assert time.monotonic() - began < 10
    assert failure.value.retry_after_s is not None


@pytest.mark.slow
async def test_a_server_killed_in_mid_load_is_away_and_comes_back_without_its_queues(
    server_folder: Path, url_of: SqsUrl
) -> None:
    server = MotoServer(server_folder / "moto")
    await asyncio.to_thread(server.start)
    backend = SqsQueueBackend(url_of(server.endpoint_url), clock=SystemClock())
    try:
        await backend.start()
        await backend.create_queue(QueueSettings(name=QUEUE))
        outcomes: list[SendResult | WipsieError] = []
        running = True

        async def sender() -> None:
            while running:
                try:
                    outcomes.extend(await backend.send([message()]))
                except WipsieError as error:
                    outcomes.append(error)
                await asyncio.sleep(0)

        senders = [asyncio.create_task(sender()) for _ in range(20)]
        waiting = asyncio.create_task(backend.receive(QueueName("wipsie-orders"), wait_s=20.0, max_messages=1))
        await asyncio.sleep(1.0)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(2.0)
        running = False
        await asyncio.wait_for(asyncio.gather(*senders), 30)
        await asyncio.wait((waiting,), timeout=30)
        assert waiting.done()
        refused = [outcome for outcome in outcomes if isinstance(outcome, WipsieError)]
        assert refused, "nobody noticed that the server was away"
        assert {type(outcome) for outcome in refused} == {StorageUnavailable}
        assert all(outcome.retry_after_s is not None for outcome in refused)

        await asyncio.to_thread(server.start)
        (gone,) = await backend.send([message()])
        assert isinstance(gone, QueueNotFound)
        assert QUEUE in gone.message
        with pytest.raises(QueueNotFound, match=QUEUE):
            await backend.receive(QUEUE)
        await backend.create_queue(QueueSettings(name=QUEUE))
        assert isinstance((await backend.send([message("again")]))[0], SendResult)
        (delivery,) = await backend.receive(QUEUE)
        assert delivery.body == "again"
    finally:
        await backend.stop()
        await asyncio.to_thread(server.stop)
