"""Amazon SQS where others reach Wipsie: signed requests alone, within the rights of their key."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from yarl import URL

from wipsie.app.application import Application
from wipsie.app.parts import Parts, build_parts
from wipsie.app.settings import Settings
from wipsie.auth import accounts
from wipsie.auth.accounts import User
from wipsie.auth.principal import Principal
from wipsie.auth.queue_rights import ALWAYS, PERMISSION_OF
from wipsie.auth.rights import ADMIN
from wipsie.auth.service.keys import MadeKey
from wipsie.auth.service.office import fresh_user
from wipsie.kernel.ids import QueueName, new_object_id
from wipsie.queue.contract import QueueSettings
from wipsie.sqs_endpoint.actions.table import OPERATIONS
from wipsie.testing.served import served

ORDERS, INVOICES, DEAD = "orders", "invoices", "orders-dead"
ARN = "arn:aws:sqs:us-east-1:000000000000:"
_AWS: Any = boto3
_SIGNERS: Any = botocore.auth
_REQUESTS: Any = botocore.awsrequest
_CREDENTIALS: Any = botocore.credentials
_CONFIG: Any = Config(retries={"total_max_attempts": 1}, read_timeout=60)

# One request for each action, all about the queue `orders-dead`.
REQUESTS: dict[str, dict[str, Any]] = {
    "SendMessage": {"QueueUrl": DEAD, "MessageBody": "x"},
    "SendMessageBatch": {"QueueUrl": DEAD, "Entries": [{"Id": "1", "MessageBody": "x"}]},
    "ReceiveMessage": {"QueueUrl": DEAD},
    "DeleteMessage": {"QueueUrl": DEAD, "ReceiptHandle": "x"},
    "DeleteMessageBatch": {"QueueUrl": DEAD, "Entries": [{"Id": "1", "ReceiptHandle": "x"}]},
    "ChangeMessageVisibility": {"QueueUrl": DEAD, "ReceiptHandle": "x", "VisibilityTimeout": 1},
    "ChangeMessageVisibilityBatch": {
        "QueueUrl": DEAD,
        "Entries": [{"Id": "1", "ReceiptHandle": "x", "VisibilityTimeout": 1}],
    },
    "CreateQueue": {"QueueName": DEAD},
    "GetQueueUrl": {"QueueName": DEAD},
    "GetQueueAttributes": {"QueueUrl": DEAD, "AttributeNames": ["All"]},
    "SetQueueAttributes": {"QueueUrl": DEAD, "Attributes": {"DelaySeconds": "0"}},
    "PurgeQueue": {"QueueUrl": DEAD},
    "TagQueue": {"QueueUrl": DEAD, "Tags": {"a": "b"}},
    "UntagQueue": {"QueueUrl": DEAD, "TagKeys": ["a"]},
    "ListQueueTags": {"QueueUrl": DEAD},
    "ListDeadLetterSourceQueues": {"QueueUrl": DEAD},
    "AddPermission": {"QueueUrl": DEAD, "Label": "x", "AWSAccountIds": ["123456789012"], "Actions": ["SendMessage"]},
    "RemovePermission": {"QueueUrl": DEAD, "Label": "x"},
    "StartMessageMoveTask": {"SourceArn": ARN + DEAD},
    # {"taskId": "x", "sourceArn": "arn:aws:sqs:us-east-1:000000000000:orders-dead"}
    "CancelMessageMoveTask": {
        "TaskHandle": "eyJ0YXNrSWQiOiAieCIsICJzb3VyY2VBcm4iOiAiYXJuOmF3czpzcXM6dXMtZWFzdC0xOjAwMDAwMDAwMDAwMDpvcmRlcnMtZGVhZCJ9"
    },
    "ListMessageMoveTasks": {"SourceArn": ARN + DEAD},
    "DeleteQueue": {"QueueUrl": DEAD},
}


@dataclass
class House:
    """An API that others reach, and its keys."""

    parts: Parts
    url: str
    owner: User

    async def key(self, *allow: str, days: int | None = None) -> MadeKey:
        async with self.parts.database.unit_of_work() as unit:
            return await self.parts.accounts.keys.create(
                unit, self._admin(), owner_id=self.owner.id, name="k", allow=allow, lifetime_days=days
            )

    async def revoke(self, made: MadeKey) -> None:
        async with self.parts.database.unit_of_work() as unit:
            await self.parts.accounts.keys.revoke(unit, self._admin(), made.key.id)

    def _admin(self) -> Principal:
        return Principal(kind="cli", id="", extents=self.parts.rights.of(ADMIN))

    async def ask(self, made: MadeKey, action: str, secret: str | None = None, **members: Any) -> Any:
        """What boto3 gets, in a thread of its own; the code of an error in its place."""
        return await asyncio.to_thread(self._ask, made, action, secret or made.secret, members)

    def _ask(self, made: MadeKey, action: str, secret: str, members: dict[str, Any]) -> Any:
        client = _AWS.client(
            "sqs",
            endpoint_url=self.url,
            region_name="us-east-1",
            config=_CONFIG,
            aws_access_key_id=made.key.access_key_id,
            aws_secret_access_key=secret,
        )
        try:
            answer: Any = client._make_api_call(action, members)
        except ClientError as error:
            refused: Any = error.response
            return refused["Error"]["Code"]
        finally:
            client.close()
        return answer


async def add_admin(parts: Parts) -> User:
    now_ms = parts.clock.now_ms()
    user = fresh_user(
        user_id=new_object_id("usr", now_ms),
        email="ada@example.org",
        name="Ada",
        role="admin",
        now_ms=now_ms,
        created_by=None,
        password=None,
    )
    async with parts.database.unit_of_work() as unit:
        await accounts.add(unit.connection, user)
    return user


@asynccontextmanager
async def opened_house(parts: Parts, *, loopback_only: bool = False) -> AsyncGenerator[House]:
    for queue in (
        QueueSettings(name=QueueName(DEAD)),
        QueueSettings(name=QueueName(ORDERS), dead_letter_queue=QueueName(DEAD)),
        QueueSettings(name=QueueName(INVOICES)),
    ):
        await parts.engine.create_queue(queue)
    api = Application(parts, ("api",)).build_api(loopback_only=loopback_only)
    async with served(api) as url:
        yield House(parts, url, await add_admin(parts))


@pytest.fixture
async def house(parts: Parts) -> AsyncGenerator[House]:
    async with opened_house(parts) as house:
        yield house


def test_there_is_a_request_for_every_action() -> None:
    assert {*REQUESTS, "ListQueues"} == {*OPERATIONS}


async def test_each_action_takes_the_right_to_it_on_that_queue_and_no_other(house: House) -> None:
    elsewhere = await house.key(f"*:{INVOICES}", f"*:{DEAD}x")
    for action, members in REQUESTS.items():
        assert await house.ask(elsewhere, action, **members) == "AccessDenied", action
        if action not in ALWAYS:
            few = await house.key(*(f"{one}:{DEAD}" for one in sorted({*PERMISSION_OF} - {action})))
            assert await house.ask(few, action, **members) == "AccessDenied", action
            await house.revoke(few)
    for action, members in REQUESTS.items():
        # Dead letters go where they came from, which takes the right to send there.
        more = (f"SendMessage:{ORDERS}",) if action == "StartMessageMoveTask" else ()
        exact = await house.key(f"{action}:{DEAD}", *more)
        answer = await house.ask(exact, action, **members)
        assert answer != "AccessDenied", action
        await house.revoke(exact)


async def test_a_list_shows_the_queues_a_key_may_do_something_with(house: House) -> None:
    made = await house.key(f"send:{ORDERS}", "receive:in*")
    listed = (await house.ask(made, "ListQueues"))["QueueUrls"]
    assert [url.rpartition("/")[2] for url in listed] == [INVOICES, ORDERS]
    assert await house.ask(made, "ListDeadLetterSourceQueues", QueueUrl=DEAD) == "AccessDenied"
    reader = await house.key(f"read:{DEAD}")
    answer = await house.ask(reader, "ListDeadLetterSourceQueues", QueueUrl=DEAD)
    assert answer.get("queueUrls", []) == []


async def test_messages_move_only_to_where_a_key_may_send(house: House) -> None:
    made = await house.key(f"manage:{DEAD}", f"send:{INVOICES}")
    start = {"SourceArn": ARN + DEAD}
    assert await house.ask(made, "StartMessageMoveTask", **start) == "AccessDenied"
    assert await house.ask(made, "StartMessageMoveTask", **start, DestinationArn=ARN + ORDERS) == "AccessDenied"
    assert "TaskHandle" in await house.ask(made, "StartMessageMoveTask", **start, DestinationArn=ARN + INVOICES)


async def test_a_policy_for_dead_letters_takes_the_right_to_send_there(house: House) -> None:
    made = await house.key("manage:mine*", f"send:{INVOICES}")

    def policy(target: str) -> dict[str, str]:
        return {"RedrivePolicy": f'{{"deadLetterTargetArn": "{ARN}{target}", "maxReceiveCount": 1}}'}

    assert await house.ask(made, "CreateQueue", QueueName="mine", Attributes=policy(ORDERS)) == "AccessDenied"
    assert "QueueUrl" in await house.ask(made, "CreateQueue", QueueName="mine")
    assert await house.ask(made, "SetQueueAttributes", QueueUrl="mine", Attributes=policy(ORDERS)) == "AccessDenied"
    assert await house.ask(made, "SetQueueAttributes", QueueUrl="mine", Attributes=policy(INVOICES)) != "AccessDenied"
    assert await house.ask(made, "CreateQueue", QueueName="yours") == "AccessDenied"


async def test_what_a_request_lacks_is_told_to_those_who_could_do_it_somewhere(house: House) -> None:
    made = await house.key(f"send:{ORDERS}")
    assert await house.ask(made, "SendMessage", QueueUrl="", MessageBody="x") == "MissingParameter"
    assert await house.ask(made, "PurgeQueue", QueueUrl="") == "AccessDenied"


async def test_wrong_secrets_ended_and_revoked_keys_are_refused(house: House) -> None:
    made = await house.key("*:*")
    assert "QueueUrls" in await house.ask(made, "ListQueues")
    assert await house.ask(made, "ListQueues", "wrong") == "SignatureDoesNotMatch"
    await house.revoke(made)
    assert await house.ask(made, "ListQueues") == "InvalidClientTokenId", "at once, in the process that revoked it"


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/x-amz-json-1.0", b'"__type":"com.amazon.coral.service#MissingAuthenticationTokenException"'),
        ("application/x-www-form-urlencoded", b"<Code>MissingAuthenticationToken</Code>"),
    ],
)
async def test_without_a_signature_the_answer_is_amazons(house: House, content_type: str, expected: bytes) -> None:
    headers = {"Content-Type": content_type}
    if "json" in content_type:
        headers["X-Amz-Target"] = "AmazonSQS.ListQueues"
    async with (
        aiohttp.ClientSession() as session,
        session.post(house.url, data=b"Action=ListQueues", headers=headers) as answer,
    ):
        assert answer.status == 403
        assert expected in await answer.read()
        if "json" in content_type:
            assert answer.headers["x-amzn-query-error"] == "MissingAuthenticationToken;Sender"


async def test_a_signed_url_works_until_somebody_changes_it(house: House) -> None:
    made = await house.key(f"send:{ORDERS}")

    text = f"{house.url}/000000000000/{ORDERS}?Action=SendMessage&MessageBody=a%20b%2B%C3%A9&Version=2012-11-05"
    request = _REQUESTS.AWSRequest("GET", text)
    credentials = _CREDENTIALS.Credentials(made.key.access_key_id, made.secret)
    _SIGNERS.SigV4QueryAuth(credentials, "sqs", "us-east-1", expires=300).add_auth(request)
    url: str = request.prepare().url
    async with aiohttp.ClientSession() as session:
        async with session.get(URL(url, encoded=True)) as answer:
            assert (answer.status, b"<MessageId>" in await answer.read()) == (200, True)
        async with session.get(URL(url.replace("a%20b", "c%20d"), encoded=True)) as answer:
            assert (answer.status, b"SignatureDoesNotMatch" in await answer.read()) == (403, True)
        async with session.get(URL(url.replace(ORDERS, INVOICES), encoded=True)) as answer:
            assert answer.status == 403
    received = await house.parts.engine.receive(QueueName(ORDERS), max_messages=10)
    assert [one.body for one in received] == ["a b+é"]


async def test_nobody_deletes_a_queue_of_wipsies_own(house: House) -> None:
    made = await house.key("*:*")
    for name in ("wipsie-default", "wipsie-default-dlq"):
        answer = await house.ask(made, "DeleteQueue", QueueUrl=name)
        assert answer == "AWS.SimpleQueueService.UnsupportedOperation", name
    assert isinstance(await house.ask(made, "DeleteQueue", QueueUrl=INVOICES), dict)


async def test_on_loopback_any_credentials_do_until_a_setting_asks_for_signatures(parts: Parts, tmp_path: Path) -> None:
    async with opened_house(parts, loopback_only=True) as house:
        made = await house.key("send:nothing")
        assert "QueueUrls" in await house.ask(made, "ListQueues", "any")
    settings = Settings.read({"WIPSIE_DATA_DIR": str(tmp_path / "other"), "SQS_ENDPOINT_SIGNATURES": "required"})
    api = Application(build_parts(settings), ("api",)).build_api()
    async with served(api) as url, aiohttp.ClientSession() as session, session.get(f"{url}/?Action=ListQueues") as told:
        assert (told.status, b"MissingAuthenticationToken" in await told.read()) == (403, True)


async def test_behind_a_proxy_loopback_counts_for_nothing(tmp_path: Path) -> None:
    settings = Settings.read({"WIPSIE_DATA_DIR": str(tmp_path / "p"), "PUBLIC_URL": "https://wipsie.example.org"})
    api = Application(build_parts(settings), ("api",)).build_api()
    async with served(api) as url, aiohttp.ClientSession() as session, session.get(f"{url}/?Action=ListQueues") as told:
        assert told.status == 403


async def test_on_its_own_port_everything_is_for_amazon_sqs_but_the_health(parts: Parts) -> None:
    application = Application(parts, ("api",))
    application.build_api()
    async with served(application.build_sqs_port()) as url, aiohttp.ClientSession() as session:
        for path in ("/anything", "/api/users", "/docs", "/"):
            async with session.get(url + path) as answer:
                assert answer.status == 404, path
                assert b"<Code>UnknownOperation</Code>" in await answer.read(), path
        async with session.get(f"{url}/sqs/queues?Action=ListQueues") as answer:
            assert answer.status == 200, "at any path"
        async with session.get(f"{url}/health") as answer:
            assert (await answer.json())["status"] == "healthy"
        async with session.delete(f"{url}/health") as answer:
            assert answer.status == 405


async def test_looking_takes_the_right_to_receive(house: House) -> None:
    made = await house.key(f"ReceiveMessage:{ORDERS}", f"SendMessage:{ORDERS}")
    await house.ask(made, "SendMessage", QueueUrl=ORDERS, MessageBody="x")
    looking = dataclasses.replace(house, url=f"{house.url}/_aws/sqs/messages")
    (message,) = (await looking.ask(made, "ReceiveMessage", QueueUrl=ORDERS))["Messages"]
    assert (message["Body"], message["Attributes"]["ApproximateReceiveCount"]) == ("x", "0")
    assert await looking.ask(made, "ReceiveMessage", QueueUrl=INVOICES) == "AccessDenied"
    sender = await house.key(f"SendMessage:{ORDERS}")
    assert await looking.ask(sender, "ReceiveMessage", QueueUrl=ORDERS) == "AccessDenied"
    async with aiohttp.ClientSession() as session:
        for path in (f"?QueueUrl={ORDERS}", f"/us-east-1/000000000000/{ORDERS}"):
            async with session.get(looking.url + path) as answer:
                assert answer.status == 403
                assert b"<Body>" not in await answer.read()
