"""The use cases behind the ``/sqs`` API: send, receive, delete, look at queues and runs."""

from __future__ import annotations

from typing import Any

import msgspec

from wipsie.api.idempotency import Idempotency
from wipsie.kernel import json, limits
from wipsie.kernel.clock import Clock, iso_utc_ms
from wipsie.kernel.errors import InvalidInput
from wipsie.kernel.ids import MessageId, Receipt
from wipsie.queue.contract import Delivery, NewMessage
from wipsie.queue.engine import QueueEngine
from wipsie.queue.message import complete, find_priority
from wipsie.slices.tasks.domain.attributes import as_sqs, parse_attributes
from wipsie.slices.tasks.schemas.requests import (
    DeleteResponse,
    QueuesResponse,
    QueueStatistics,
    ReceivedMessage,
    ReceiveResponse,
    RunsResponse,
    SendRequest,
    SendResponse,
    SentTestMessage,
    StatisticsResponse,
    TaskRunView,
    TestMessageResponse,
)
from wipsie.slices.tasks.schemas.validation import convert
from wipsie.telemetry import correlation
from wipsie.workers.handler import HandlerRegistry
from wipsie.workers.run_log import RunLog, TaskRun

TEST_QUEUE = "default"
_SENT = "sent"


def test_message() -> dict[str, Any]:
    """The message of ``POST /sqs/test-message``."""
    return {
        "type": "test",
        "message": "Hello from FastAPI!",
        "source": "api_test",
        "data": {"test_id": "api-test-001", "description": "Testing SQS integration via FastAPI"},
    }


class MessageService:
    """Plain calls; the routes translate them from and to HTTP."""

    def __init__(
        self, *, engine: QueueEngine, registry: HandlerRegistry, run_log: RunLog, clock: Clock, region: str
    ) -> None:
        """`registry` may be filled later; it is asked at each send."""
        self._engine = engine
        self._registry = registry
        self._run_log = run_log
        self._clock = clock
        self._region = region

    async def send(
        self, request: SendRequest, idempotency: Idempotency | None = None, *, source: str = "api"
    ) -> SendResponse:
        """Check, complete and store one message. Hot. QueueNotFound, InvalidInput, MessageTooLarge, QueueFull, …"""
        engine = self._engine
        message = request.message
        stored = engine.resolve(request.queue_name)
        short = engine.names.short(stored)
        self._check_task(message)
        attributes = parse_attributes(request.attributes) if request.attributes else None
        message_id, body = complete(
            message,
            queue=short,
            source=source,
            now_s=self._clock.now(),
            correlation_id=correlation.correlation_id(),
            request_id=correlation.request_id(),
        )
        new = NewMessage(
            queue=stored,
            body=body,
            message_id=message_id,
            attributes=attributes,
            priority=find_priority(message, attributes),
            delay_s=request.delay_s,
            group_id=request.group_id,
            deduplication_id=request.deduplication_id,
        )
        if idempotency is not None:
            if request.deduplication_id is not None:
                raise InvalidInput(
                    "Send either the header Idempotency-Key or deduplication_id, not both.",
                    details={"field": "deduplication_id"},
                )
            new.deduplication_id = idempotency.deduplication_id
            new.deduplication_window_s = idempotency.window_s
            new.fingerprint = idempotency.fingerprint
        sent = await engine.send(new)
        return SendResponse(
            message_id=sent.message_id,
            queue=short,
            status=_SENT,
            timestamp=iso_utc_ms(sent.sent_at_ms),
            duplicate=sent.duplicate,
        )

    def _check_task(self, message: dict[str, Any]) -> None:
        """A known task type is checked against its schema; an unknown one is nobody's business before its handler."""
        task_type = message.get("task_type")
        if task_type is None:
            return
        if not isinstance(task_type, str) or not 0 < len(task_type) <= limits.KEY_LENGTH_MAX:
            raise InvalidInput(
                f"message.task_type must be a text of 1 to {limits.KEY_LENGTH_MAX} characters.",
                details={"field": "message.task_type"},
            )
        spec = self._registry.find_by_type(task_type)
        if spec is None or not _is_struct(spec.data_type):
            return
        if "data" not in message:
            raise InvalidInput(
                f"message.data is required by the task type '{task_type}'.",
                details={"field": "message.data", "problem": "is required", "task_type": task_type},
            )
        convert(message["data"], spec.data_type, "message.data")

    async def receive(
        self,
        queue_name: str,
        *,
        max_messages: int = 1,
        wait_s: float = 0.0,
        visibility_timeout_s: float | None = None,
    ) -> ReceiveResponse:
        """Lease up to `max_messages`. QueueNotFound."""
        stored = self._engine.resolve(queue_name)
        deliveries = await self._engine.receive(
            stored, max_messages=max_messages, wait_s=wait_s, visibility_timeout_s=visibility_timeout_s
        )
        return ReceiveResponse(
            queue=self._engine.names.short(stored),
            message_count=len(deliveries),
            messages=[_received(delivery) for delivery in deliveries],
        )

    async def delete(self, queue_name: str, receipt_handle: str) -> DeleteResponse:
        """Acknowledge one message. QueueNotFound, InvalidReceipt, ReceiptExpired."""
        stored = self._engine.resolve(queue_name)
        refusal = (await self._engine.delete([(stored, Receipt(receipt_handle))]))[0]
        if refusal is not None:
            raise refusal
        return DeleteResponse(status="deleted", queue=self._engine.names.short(stored))

    def queues(self) -> QueuesResponse:
        """The queues that take work, by short name."""
        return QueuesResponse(available_queues=self._engine.work_queues(), region=self._region)

    async def send_test_message(self) -> TestMessageResponse:
        """Send the test message to the default queue."""
        message = test_message()
        sent = await self.send(SendRequest(queue_name=TEST_QUEUE, message=dict(message)), source="api_test")
        result = SentTestMessage(message_id=sent.message_id, queue=sent.queue, status=sent.status)
        return TestMessageResponse(status="success", test_message=message, result=result)

    async def statistics(self) -> StatisticsResponse:
        """Every queue in numbers."""
        engine = self._engine
        dead_letter_queues = {settings.dead_letter_queue for settings in await engine.list_queues()}
        queues = [
            QueueStatistics(
                queue=engine.names.short(counts.queue),
                ready=counts.ready,
                delayed=counts.delayed,
                leased=counts.leased,
                blocked=counts.blocked,
                total=counts.total,
                oldest_ready_age_s=counts.oldest_ready_age_s,
                paused=counts.paused,
                is_dead_letter_queue=counts.queue in dead_letter_queues,
            )
            for counts in await engine.all_counts()
        ]
        return StatisticsResponse(queues=queues, timestamp=iso_utc_ms(self._clock.now_ms()))

    async def runs(
        self, *, message_id: str | None = None, limit: int = 50, queue: str | None = None, status: str | None = None
    ) -> RunsResponse:
        """The tries of one message, or the last tries of all. QueueNotFound."""
        if message_id is not None:
            found = await self._run_log.runs_of(MessageId(message_id))
        else:
            short = None if queue is None else self._engine.names.short(self._engine.resolve(queue))
            found = await self._run_log.recent(limit, queue=short, status=status)
        return RunsResponse(runs=[_view(run) for run in found])


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _received(delivery: Delivery) -> ReceivedMessage:
    try:
        body = json.decode(delivery.body)
    except (msgspec.DecodeError, RecursionError):
        body = delivery.body
    return ReceivedMessage(
        message_id=delivery.message_id,
        body=body,
        attributes=as_sqs(delivery.attributes),
        receipt_handle=delivery.receipt,
    )


def _view(run: TaskRun) -> TaskRunView:
    return TaskRunView(
        message_id=run.message_id,
        queue=run.queue,
        task_type=run.task_type,
        attempt=run.attempt,
        status=run.status,
        worker=run.worker,
        wait_ms=run.wait_ms,
        run_ms=run.run_ms,
        started_at=iso_utc_ms(run.started_at_ms),
        finished_at=iso_utc_ms(run.finished_at_ms),
        # Stored as JSON already: handed on as it is.
        result=None if run.result is None else msgspec.Raw(run.result.encode()),
        error=run.error,
        traceback=run.traceback,
        correlation_id=run.correlation_id,
    )
