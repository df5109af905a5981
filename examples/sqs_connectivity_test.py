"""Is an Amazon SQS there, and does it do what a program needs? Needs boto3 and nothing else.

    python examples/sqs_connectivity_test.py                                             Amazon, by the usual AWS settings
    python examples/sqs_connectivity_test.py --endpoint-url http://127.0.0.1:8000        Wipsie, or any other server
    python examples/sqs_connectivity_test.py --queue wipsie-default --send               an existing queue: look, and send one

Without --queue it makes a queue of its own, sends, receives and deletes a message, and removes the queue again. With --queue
it only looks: whatever waits there is left alone. Ends with 0 when every step succeeded, else with 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ReadTimeoutError,
)

CONNECT_S_MAX = 5
ANSWER_S_MAX = 30
POLLS_MAX = 5
POLL_S = 2

_ADVICE = {
    "InvalidClientTokenId": "the server does not know this access key; check AWS_ACCESS_KEY_ID.",
    "UnrecognizedClientException": "the server does not know this access key; check AWS_ACCESS_KEY_ID.",
    "SignatureDoesNotMatch": "the secret does not belong to the access key; check AWS_SECRET_ACCESS_KEY.",
    "ExpiredToken": "the session has ended; sign in again.",
    "AccessDenied": "this key may not do that; see its rights to the queue.",
    "AccessDeniedException": "this key may not do that; see its rights to the queue.",
    "RequestExpired": "the clocks differ; set this machine's clock.",
    "AWS.SimpleQueueService.NonExistentQueue": "there is no such queue in this account and region.",
    "AWS.SimpleQueueService.QueueDeletedRecently": "the name was used a moment ago; wait a minute.",
}


class Failed(Exception):
    """A step did not succeed; the text says why, and what to do."""


def explain(error: Exception) -> str:
    """One sentence for a person."""
    match error:
        case Failed():
            return str(error)
        case NoCredentialsError() | PartialCredentialsError():
            return (
                "No credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
                "a server on this machine mostly takes any."
            )
        case NoRegionError():
            return "No region is set: use --region or AWS_REGION."
        case EndpointConnectionError() | ConnectTimeoutError():
            return f"Nobody answers there: {error} Check the address, and whether the server runs."
        case ReadTimeoutError():
            return f"The server took the request and did not answer within {ANSWER_S_MAX} s."
        case ClientError():
            refused: Any = error
            found: dict[str, Any] = refused.response.get("Error", {})
            code = str(found.get("Code", "unknown"))
            return f"The server refused it ({code}): {found.get('Message', '')} {_ADVICE.get(code, '')}".strip()
        case KeyError():
            return f"The server's answer lacks {error}: it does not speak Amazon SQS, or not all of it."
        case _:
            return f"{type(error).__name__}: {error}"


class Run:
    """The steps, with what came of each. After a failure the rest is skipped, but the tidying."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, float, str]] = []
        self.failure: str | None = None

    def step(self, name: str, work: Callable[[], str], *, always: bool = False) -> None:
        """Do one step. `work` gives a few words about what it found."""
        if self.failure is not None and not always:
            self.rows.append((name, "skipped", 0.0, ""))
            return
        began = time.perf_counter()
        try:
            note, result = work(), "ok"
        except (Failed, KeyError, BotoCoreError, ClientError) as error:
            note, result = explain(error), "FAILED"
            self.failure = self.failure or f"{name}: {note}"
        self.rows.append((name, result, (time.perf_counter() - began) * 1000, note))

    def table(self) -> str:
        """All steps, as lines."""
        width = max(len(name) for name, *_ in self.rows)
        lines = [f"{'step':<{width}}  {'result':<7}  {'ms':>8}  what", "-" * (width + 40)]
        lines += [f"{name:<{width}}  {result:<7}  {ms:>8.1f}  {note}" for name, result, ms, note in self.rows]
        return "\n".join(lines)


class OwnQueue:
    """The whole way of a message, in a queue that nobody else knows."""

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs
        self._name = f"connectivity-test-{uuid.uuid4().hex[:12]}"
        self._body = json.dumps({"id": str(uuid.uuid4()), "message": "connectivity test", "source": "manual"})
        self._url = ""
        self._received: dict[str, Any] = {}

    def run(self, run: Run) -> None:
        """All steps."""
        run.step("create a queue", self._create)
        run.step("read its attributes", self._attributes)
        run.step("send a message", self._send)
        run.step("receive it", self._receive)
        run.step("extend its lease", self._extend)
        run.step("delete it", self._delete)
        run.step("find the queue empty", self._empty)
        if self._url:
            run.step("remove the queue", self._remove, always=True)

    def _create(self) -> str:
        self._url = self._sqs.create_queue(QueueName=self._name, Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
        return self._url

    def _attributes(self) -> str:
        found = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["All"])["Attributes"]
        if found.get("VisibilityTimeout") != "60":
            raise Failed(f"The visibility timeout is {found.get('VisibilityTimeout')}, and was set to 60.")
        return str(found.get("QueueArn", ""))

    def _send(self) -> str:
        attributes = {"source": {"DataType": "String", "StringValue": "manual"}}
        sent = self._sqs.send_message(QueueUrl=self._url, MessageBody=self._body, MessageAttributes=attributes)
        digest = hashlib.md5(self._body.encode(), usedforsecurity=False).hexdigest()
        if sent["MD5OfMessageBody"] != digest:
            raise Failed("The server's digest of the body is wrong: it did not get what was sent.")
        return str(sent["MessageId"])

    def _receive(self) -> str:
        for _ in range(POLLS_MAX):
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=1,
                WaitTimeSeconds=POLL_S,
                MessageAttributeNames=["All"],
            )
            if messages := answer.get("Messages"):
                self._received = messages[0]
                break
        else:
            raise Failed(f"Nothing came within {POLLS_MAX * POLL_S} s.")
        if self._received["Body"] != self._body:
            raise Failed("Another body came than was sent.")
        if self._received.get("MessageAttributes", {}).get("source", {}).get("StringValue") != "manual":
            raise Failed("The message came without its attribute.")
        return f"{len(self._body)} bytes, with its attribute"

    def _extend(self) -> str:
        handle = self._received["ReceiptHandle"]
        self._sqs.change_message_visibility(QueueUrl=self._url, ReceiptHandle=handle, VisibilityTimeout=120)
        return "120 s"

    def _delete(self) -> str:
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=self._received["ReceiptHandle"])
        return ""

    def _empty(self) -> str:
        if self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=1).get("Messages"):
            raise Failed("The message came again after it was deleted.")
        return ""

    def _remove(self) -> str:
        self._sqs.delete_queue(QueueUrl=self._url)
        return ""


class ExistingQueue:
    """A look at a queue that others use."""

    def __init__(self, sqs: Any, name: str) -> None:
        self._sqs = sqs
        self._name = name
        self._url = ""

    def run(self, run: Run, *, send: bool) -> None:
        """All steps; a message only with `send`."""
        run.step("find the queue", self._find)
        run.step("count its messages", self._count)
        if send:
            run.step("send a message", self._send)

    def _find(self) -> str:
        self._url = self._sqs.get_queue_url(QueueName=self._name)["QueueUrl"]
        return self._url

    def _count(self) -> str:
        found = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["All"])["Attributes"]
        waiting, leased = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
        return f"{found.get(waiting, '?')} waiting, {found.get(leased, '?')} being worked on"

    def _send(self) -> str:
        body = json.dumps({"message": "connectivity test", "source": "manual", "data": {}})
        return str(self._sqs.send_message(QueueUrl=self._url, MessageBody=body)["MessageId"])


def connect(endpoint_url: str | None, region: str | None) -> Any:
    """A client, with bounds. BotoCoreError."""
    aws: Any = boto3  # it makes its clients at run time: there are no types
    config = Config(
        connect_timeout=CONNECT_S_MAX, read_timeout=ANSWER_S_MAX, retries={"mode": "standard", "total_max_attempts": 2}
    )
    return aws.client("sqs", endpoint_url=endpoint_url, region_name=region, config=config)


def list_queues(sqs: Any) -> str:
    """How many there are, and some names."""
    urls: list[str] = sqs.list_queues(MaxResults=100).get("QueueUrls", [])
    names = ", ".join(url.rsplit("/", 1)[-1] for url in urls[:5])
    return f"{len(urls)}{'+' if len(urls) == 100 else ''} queues: {names}" if urls else "none yet"


def main(arguments: list[str] | None = None) -> int:
    """Run the steps and print the table; the exit code."""
    parser = argparse.ArgumentParser(
        description="Test whether Amazon SQS, or what stands in for it, can be used from here."
    )
    parser.add_argument("--endpoint-url", help="a server that is not Amazon's, such as http://127.0.0.1:8000")
    parser.add_argument("--region", help="such as us-east-1; by default that of the AWS settings")
    parser.add_argument("--queue", help="look at this queue and leave its messages alone")
    parser.add_argument("--send", action="store_true", help="with --queue: send one message")
    chosen = parser.parse_args(arguments)
    if chosen.send and not chosen.queue:
        parser.error("--send needs --queue")
    run = Run()
    try:
        # What stands in for Amazon takes any region.
        sqs = connect(chosen.endpoint_url, chosen.region or ("us-east-1" if chosen.endpoint_url else None))
    except (BotoCoreError, ValueError) as error:
        print(f"Cannot begin. {explain(error)}", file=sys.stderr)
        return 1
    try:
        run.step("list queues", lambda: list_queues(sqs))
        if chosen.queue:
            ExistingQueue(sqs, chosen.queue).run(run, send=chosen.send)
        else:
            OwnQueue(sqs).run(run)
    finally:
        sqs.close()
    print(run.table())
    if run.failure is not None:
        print(f"\nNot everything works. {run.failure}", file=sys.stderr)
        return 1
    print(f"\nEverything works at {chosen.endpoint_url or 'Amazon'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
