"""Amazon SQS where others reach Wipsie: a real process, boto3, and keys made by the command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from wipsie.testing import eventually
from wipsie.testing.ports import HOST, free_port
from wipsie.testing.process import WipsieProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
Start = Callable[..., WipsieProcess]
_AWS: Any = boto3
_CONFIG: Any = Config(retries={"total_max_attempts": 1}, read_timeout=60)


def call(url: str, key: dict[str, str], action: str, **members: Any) -> Any:
    """What boto3 gets; the code of an error in its place."""
    client = _AWS.client(
        "sqs",
        endpoint_url=url,
        region_name="eu-central-1",
        config=_CONFIG,
        aws_access_key_id=key["access_key_id"],
        aws_secret_access_key=key["secret"],
    )
    try:
        answer: Any = client._make_api_call(action, members)
    except ClientError as error:
        refused: Any = error.response
        return refused["Error"]["Code"]
    finally:
        client.close()
    return answer


async def test_boto3_with_a_key_reaches_both_ports_within_its_rights_and_no_longer_than_it_lives(
    start_wipsie: Start, cli: Any
) -> None:
    sqs_port = free_port()
    environment = {"API_HOST": "0.0.0.0", "SQS_ENDPOINT_PORT": str(sqs_port)}
    wipsie = start_wipsie(["up"], environment=environment)
    await wipsie.wait_until_healthy("/health/ready")
    assert f'"sqs_url":"http://{HOST}:{sqs_port}"' in wipsie.log()
    await cli(wipsie, "users", "create", "ada@example.org", "--name", "Ada", "--role", "admin")
    made = await cli(
        wipsie, "keys", "create", "ada@example.org", "--name", "shop", "--sqs", "--allow", "*:orders*", "--json"
    )
    key: dict[str, str] = made.json
    queue = {"QueueUrl": "orders"}
    for url in (wipsie.base_url, f"http://{HOST}:{sqs_port}"):
        listed = await asyncio.to_thread(call, url, key, "ListQueues")
        assert "wipsie-default" not in repr(listed)
        created = await asyncio.to_thread(call, url, key, "CreateQueue", QueueName="orders")
        assert created["QueueUrl"] == f"{url}/000000000000/orders"
        sent = await asyncio.to_thread(call, url, key, "SendMessage", **queue, MessageBody="hello")
        received = await asyncio.to_thread(call, url, key, "ReceiveMessage", **queue, WaitTimeSeconds=20)
        (message,) = received["Messages"]
        assert message["MessageId"] == sent["MessageId"]
        deleted = await asyncio.to_thread(
            call, url, key, "DeleteMessage", **queue, ReceiptHandle=message["ReceiptHandle"]
        )
        assert isinstance(deleted, dict)
        assert await asyncio.to_thread(call, url, key, "PurgeQueue", QueueUrl="wipsie-default") == "AccessDenied"
        stranger = {**key, "secret": "x" * 40}
        assert await asyncio.to_thread(call, url, stranger, "ListQueues") == "SignatureDoesNotMatch"
    await cli(wipsie, "keys", "revoke", key["id"])

    async def refused() -> bool:
        return await asyncio.to_thread(call, wipsie.base_url, key, "ListQueues") == "InvalidClientTokenId"

    await eventually(refused, 30, "the revoked key is refused")
    assert await wipsie.stop() == 0


async def test_a_port_for_amazon_sqs_that_is_taken_ends_the_start_in_one_sentence(
    start_wipsie: Start, tmp_path: Path
) -> None:
    port = free_port()
    same = start_wipsie(["up"], data_dir=tmp_path / "same", port=port, environment={"SQS_ENDPOINT_PORT": str(port)})
    assert await same.wait(60) == 1
    assert "SQS_ENDPOINT_PORT" in same.log()
    assert "the port of the API" in same.log()
    server = await asyncio.start_server(lambda _, writer: writer.close(), HOST, 0)
    async with server:
        taken = str(server.sockets[0].getsockname()[1])
        other = start_wipsie(["up"], data_dir=tmp_path / "taken", environment={"SQS_ENDPOINT_PORT": taken})
        assert await other.wait(60) == 1
    assert f"Port {taken} on {HOST} is taken" in other.log()
