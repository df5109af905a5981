"""kombu's SQS transport for queues of plain messages: bodies arrive as they are, and nothing is acknowledged or created here.

kombu takes some bodies for its own: one that is base64 is decoded, an object with `properties` is an envelope to it. Its
channel also deletes what is rejected and puts back what is unacknowledged when it closes. Here the message is settled by
whoever runs it, through Wipsie's queue engine.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from kombu.asynchronous.aws.sqs.connection import AsyncSQSConnection
from kombu.transport import SQS

from wipsie.kernel.clock import SYSTEM_CLOCK
from wipsie.kernel.errors import StorageUnavailable
from wipsie.telemetry.logging import get_logger
from wipsie.workers.outage import Outage

_REASON_BYTES = 500
_log = get_logger(__name__)

CONTENT_TYPE = "application/x-wipsie"
QUEUE_URLS = "wipsie_queue_urls"
ENDPOINT_URL = "wipsie_endpoint_url"
ANY_CREDENTIALS = "wipsie_any_credentials"
"""Transport options: URLs by stored name for queues that are not looked up; where SQS is spoken, None for Amazon; whether
to sign with something where no credentials are given."""


_Channel: Any = SQS.Channel
_Transport: Any = SQS.Transport
_Connection: Any = AsyncSQSConnection
"""A library without types."""


class PlainConnection(_Connection):
    """The long polls. kombu takes a server that is away for an empty list, which its channel cannot read, and ends the worker
    over any refusal; here both are told, and asked again after a pause."""

    def __init__(self, *args: Any, **options: Any) -> None:
        _Connection.__init__(self, *args, **options)
        self.http_client: Any = self._httpclient
        self._away = Outage(_log, "messages_not_fetched", SYSTEM_CLOCK)

    def _on_list_ready(self, parent: Any, markers: Any, operation: str, response: Any) -> Any:
        if response.status != HTTPStatus.OK:
            told = response.read() or b""
            reason = told[:_REASON_BYTES].decode("utf-8", "replace") or str(response.reason)
            self._away.failed(StorageUnavailable(f"HTTP status {response.status}: {reason}"))
            return {}
        self._away.over()
        return _Connection._on_list_ready(self, parent, markers, operation, response)


class PlainChannel(_Channel):
    """Queues are found and never made; messages are handed over and forgotten."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._held_back: set[str] = set()
        self._lease_s: dict[str, int] = {}
        _Channel.__init__(self, *args, **options)

    # ------------------------------------------------------------------------------------------------------- queues

    def _update_queue_cache(self, queue_name_prefix: str) -> None:
        """An account may have thousands of queues, and forbid to list them: each is looked up when it is used."""

    def _resolve_queue_url(self, queue: str) -> str:
        url = self._queue_cache.get(queue)
        if url is None:
            url = self.transport_options.get(QUEUE_URLS, {}).get(queue)
        if url is None:
            url = self.sqs().get_queue_url(QueueName=queue)["QueueUrl"]
        self._queue_cache[queue] = url
        return url

    def _new_queue(self, queue: str, **_: Any) -> str:
        return self._resolve_queue_url(queue)

    def entity_name(self, name: str, table: Any = None) -> str:
        return name

    def lease_s_of(self, queue: str) -> int:
        """For how long messages of a queue (stored name) are leased: its visibility timeout, in seconds."""
        if queue not in self._lease_s:
            answer = self.sqs().get_queue_attributes(
                QueueUrl=self._resolve_queue_url(queue), AttributeNames=["VisibilityTimeout"]
            )
            self._lease_s[queue] = max(1, int(answer["Attributes"]["VisibilityTimeout"]))
        return self._lease_s[queue]

    @property
    def endpoint_url(self) -> str | None:
        return self.transport_options.get(ENDPOINT_URL)

    @property
    def get_message_attributes(self) -> dict[str, Any]:
        return {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}

    def new_sqs_client(
        self, region: str, access_key_id: str | None, secret_access_key: str | None, session_token: str | None = None
    ) -> Any:
        if access_key_id is None and self.transport_options.get(ANY_CREDENTIALS):
            access_key_id, secret_access_key = ("anybody",) * 2
        return _Channel.new_sqs_client(self, region, access_key_id, secret_access_key, session_token)

    def asynsqs(self, queue: str | None = None) -> PlainConnection:
        polls: Any = self._asynsqs
        if polls is None:
            names = self.get_message_attributes
            polls = self._asynsqs = PlainConnection(
                sqs_connection=self.sqs(),
                region=self.region,
                message_system_attribute_names=names["MessageSystemAttributeNames"],
                message_attribute_names=names["MessageAttributeNames"],
            )
        return polls

    # ------------------------------------------------------------------------------------------------------ messages

    def _get_from_sqs(
        self, queue_name: str, queue_url: str, connection: Any, count: int = 1, callback: Any = None
    ) -> Any:
        return connection.receive_message(
            queue_name,
            queue_url,
            number_messages=count,
            # Said, so that it is so whatever becomes of the setting of the queue meanwhile.
            visibility_timeout=self.lease_s_of(queue_name),
            wait_time_seconds=self.wait_time_seconds,
            callback=callback,
        )

    def _message_to_python(self, message: dict[str, Any], queue_name: str, q_url: str) -> dict[str, Any]:
        """What kombu makes a message of: nothing is read, whatever the body is."""
        return {
            "body": "",
            "content-type": CONTENT_TYPE,
            "content-encoding": "binary",
            "headers": {},
            "properties": {
                "delivery_info": {"sqs_message": message, "sqs_queue": q_url, "routing_key": queue_name},
                "delivery_tag": message["ReceiptHandle"],
            },
        }

    def _schedule_queue(self, queue: str) -> None:
        """Fetch, or wait for room: kombu would look again every second only."""
        if queue in self._active_queues and not self.qos.can_consume():
            self._held_back.add(queue)
            return
        _Channel._schedule_queue(self, queue)

    def stop_fetching(self) -> None:
        """Hang up on the long polls: what they would bring now, nobody would take."""
        polls: Any = self._asynsqs
        if polls is not None:
            polls.http_client.close()

    def forget(self, delivery_tag: str) -> None:
        """There is room for another: this delivery is somebody else's to settle, or is settled."""
        self.qos.ack(delivery_tag)
        if self.hub is not None:
            held_back, self._held_back = self._held_back, set()
            for queue in held_back:
                self.hub.call_soon(self._schedule_queue, queue)

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        self.forget(delivery_tag)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        self.forget(delivery_tag)

    def _restore(self, message: Any, *_: Any, **__: Any) -> None:
        """A closing channel puts nothing back: what was handed over may be running."""

    def change_lease(self, queue: str, handle: str, seconds: float) -> None:
        """Let a received message stay hidden for so long from now; 0 gives it back. Raises botocore's errors."""
        self.sqs().change_message_visibility(
            QueueUrl=self._resolve_queue_url(queue), ReceiptHandle=handle, VisibilityTimeout=int(seconds)
        )

    def send_plain(self, queue: str, body: str, delay_s: int = 0) -> str:
        """Send one message as it is; gives its id. Raises botocore's errors."""
        answer = self.sqs().send_message(
            QueueUrl=self._resolve_queue_url(queue), MessageBody=body, DelaySeconds=delay_s
        )
        return answer["MessageId"]


class PlainTransport(_Transport):
    """Named by its path in `broker_transport`."""

    Channel = PlainChannel
