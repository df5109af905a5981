"""An event source mapping: receives from a queue of anything that speaks Amazon SQS, hands batches to a function, and deletes
what the function does not name as failed."""

from __future__ import annotations

import base64
from typing import Any, cast

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session  # pyright: ignore[reportUnknownVariableType]  (library without types)

from wipsie.testing.simulators.aws_lambda.runtime_api import Invoked, RuntimeApi

_CALL_S_MAX = 10.0
_WAIT_S_MAX = 20


class SqsMapping:
    """``async with SqsMapping(api, endpoint_url, queue) as mapping: await mapping.pump()``."""

    def __init__(
        self,
        api: RuntimeApi,
        endpoint_url: str,
        queue: str,
        *,
        batch_size: int = 10,
        reports_failures: bool = True,
        region: str = "us-east-1",
        account: str = "000000000000",
    ) -> None:
        """`queue`: its name. `reports_failures`: the mapping has ReportBatchItemFailures; without, an answer of any kind
        deletes the whole batch, and an error none of it."""
        self._api = api
        self._endpoint_url = endpoint_url
        self._queue = queue
        self._batch_size = batch_size
        self._reports_failures = reports_failures
        self._region = region
        self._account = account
        self._context: Any = None
        self._client: Any = None
        self._url = ""

    async def __aenter__(self) -> SqsMapping:
        config = AioConfig(
            connect_timeout=_CALL_S_MAX, read_timeout=_WAIT_S_MAX + _CALL_S_MAX, retries={"total_max_attempts": 3}
        )
        self._context = cast("Any", get_session()).create_client(
            "sqs",
            region_name=self._region,
            endpoint_url=self._endpoint_url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=config,
        )
        self._client = await self._context.__aenter__()
        self._url = (await self._client.get_queue_url(QueueName=self._queue))["QueueUrl"]
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._context.__aexit__(*exception)

    async def receive(self, *, wait_s: int = 0) -> dict[str, Any] | None:
        """The event of one batch, None when nothing came within `wait_s` seconds."""
        answer = await self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=self._batch_size,
            WaitTimeSeconds=wait_s,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        arn = f"arn:aws:sqs:{self._region}:{self._account}:{self._queue}"
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return {"Records": [_record(one, arn, self._region) for one in messages]} if messages else None

    async def pump(self, *, wait_s: int = 5, timeout_s: float = 30.0) -> Invoked | None:
        """Receive one batch, have it served, and delete what is done with. None when nothing came."""
        event = await self.receive(wait_s=wait_s)
        if event is None:
            return None
        invoked = await self._api.invoke(event, timeout_s=timeout_s)
        await self.settle(event, invoked)
        return invoked

    async def settle(self, event: dict[str, Any], invoked: Invoked) -> None:
        """Delete what the answer leaves to be deleted."""
        records: list[dict[str, Any]] = event["Records"]
        stayed = _stayed(invoked, [one["messageId"] for one in records], reports_failures=self._reports_failures)
        entries = [
            {"Id": str(number), "ReceiptHandle": one["receiptHandle"]}
            for number, one in enumerate(records)
            if one["messageId"] not in stayed
        ]
        if entries:
            await self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)


def _stayed(invoked: Invoked, ids: list[str], *, reports_failures: bool) -> set[str]:
    """The ids of the messages that Lambda leaves alone. An answer it cannot read, or that names a message nobody sent, counts
    as a failure of all."""
    if invoked.error is not None:
        return set(ids)
    if not reports_failures or not invoked.answer:
        return set()
    answer = cast("dict[str, Any]", invoked.answer) if isinstance(invoked.answer, dict) else {}
    failures = answer.get("batchItemFailures")
    if not isinstance(failures, list):
        return set(ids)
    named = {cast("dict[str, Any]", one).get("itemIdentifier") for one in cast("list[Any]", failures)}
    return {one for one in ids if one in named} if named <= set(ids) else set(ids)


def _record(message: dict[str, Any], arn: str, region: str) -> dict[str, Any]:
    attributes: dict[str, dict[str, Any]] = message.get("MessageAttributes", {})
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {name: _attribute(one) for name, one in attributes.items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": region,
    }


def _attribute(one: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": one["DataType"]}
    if "BinaryValue" in one:
        made["binaryValue"] = base64.b64encode(one["BinaryValue"]).decode()
    else:
        made["stringValue"] = one["StringValue"]
    return made
