"""A batch of messages that Lambda received from Amazon SQS, run by the worker's handlers.

Each message is settled here, as a worker settles it: acknowledged, given back by the retry ladder, or dead-lettered. What
is left in the queue is named to Lambda, so that it leaves it alone::

    record ─► delivery ─► handler ─┬─ succeeded ──────► deleted ────────────────► done
                                   ├─ to be tried again ► hidden for 30, 60, 120 s ► failed: named to Lambda
                                   ├─ never, or too often ► dead-letter queue ─────► done
                                   └─ no time left ─────► given back, uncounted ──► failed: named to Lambda

Messages of a standard queue run at the same time. Those of a FIFO group run one after the other, and nothing of the group
runs after one that stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wipsie.app.direct_processor import DirectProcessor
from wipsie.app.lambda_functions.events import SqsRecord
from wipsie.app.lambda_functions.invocation import Invocation
from wipsie.app.lambda_functions.workshop import Workshop
from wipsie.kernel.errors import ConfigurationError, QueueNotFound, ReceiptExpired, WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.telemetry.logging import get_logger

if TYPE_CHECKING:
    from wipsie.queue.contract import Delivery

_CONCURRENT_MAX = 64

_log = get_logger(__name__)


class Batch:
    """The records of one invocation."""

    def __init__(self, workshop: Workshop, invocation: Invocation) -> None:
        self._workshop = workshop
        self._invocation = invocation
        self._processors: dict[QueueName, DirectProcessor] = {}
        self._places = asyncio.Semaphore(min(workshop.settings.wipsie.worker.concurrency, _CONCURRENT_MAX))

    async def run(self, records: Sequence[SqsRecord]) -> list[str]:
        """Handle all; the ids of those that stay in their queue, in the order they came. ConfigurationError for a queue whose
        messages no handler takes, QueueNotFound: then nothing was touched."""
        for queue in {record.queue for record in records}:
            self._processors[queue] = await self._processor(queue)
        lines: dict[tuple[str, str], list[SqsRecord]] = {}
        for record in records:
            key = record.group_id or "" if record.is_fifo else record.message.transport_id
            lines.setdefault((record.queue, key), []).append(record)
        stayed: set[str] = set()
        for some in await asyncio.gather(*(self._run_line(line) for line in lines.values())):
            stayed.update(some)
        return [record.message.transport_id for record in records if record.message.transport_id in stayed]

    async def _processor(self, queue: QueueName) -> DirectProcessor:
        parts = self._workshop.parts
        try:
            stored = parts.engine.resolve(queue)
        except QueueNotFound:
            # Made since this container started.
            await parts.engine.list_queues()
            stored = parts.engine.resolve(queue)
        short = parts.engine.names.short(stored)
        if short not in parts.registry.queues:
            raise ConfigurationError(
                f"No handler takes messages of the queue '{queue}'; this function serves {', '.join(parts.registry.queues)}. "
                "Correct the event source mapping, SQS_QUEUE_PREFIX or WIPSIE_SLICES.",
                details={"queue_name": queue, "served": list(parts.registry.queues)},
            )
        return DirectProcessor(parts, stored, run_cpu=self._workshop.cpu.run)

    async def _run_line(self, line: Sequence[SqsRecord]) -> list[str]:
        """Messages that must not overtake each other; the ids of those that stay."""
        for place, record in enumerate(line):
            async with self._places:
                done = await self._run(record)
            if not done:
                rest = line[place + 1 :]
                await asyncio.gather(*(self._return_unstarted(later) for later in rest))
                return [later.message.transport_id for later in line[place:]]
        return []

    async def _run(self, record: SqsRecord) -> bool:
        """Whether the message is done with, and gone from its queue."""
        processor = self._processors[record.queue]
        delivery: Delivery | None = None
        try:
            async with asyncio.timeout(self._remaining_s()):
                delivery = await self._take(record)
                if delivery is None:
                    return False
                processed = await processor.process(delivery)
        except TimeoutError:
            _log.warning(
                "no_time_left",
                queue=record.queue,
                message_id=delivery.message_id if delivery is not None else record.message.transport_id,
                advice="raise the function's timeout, or lower the batch size of its event source mapping",
            )
            if delivery is not None:
                await self._give_back(processor, delivery)
            else:
                await self._return_unstarted(record)
            return False
        except ReceiptExpired:
            # Somebody else has it, or it is gone: either way it is not ours any more, and not Lambda's to delete.
            _log.warning("lease_lost", queue=record.queue, message_id=delivery.message_id if delivery else None)
            return False
        except WipsieError as error:
            _log.error("message_not_settled", queue=record.queue, code=error.code, error=error.message)
            return False
        except Exception as error:
            # The others of the batch go on; this one comes back when its time is over.
            _log.error("message_not_settled", queue=record.queue, error=f"{type(error).__name__}: {error}")
            return False
        done = processed.retry_in_s is None
        _log.info(
            "message_processed",
            queue=record.queue,
            message_id=processed.message_id,
            task_type=processed.task_type,
            status=processed.status,
            attempt=processed.attempt,
            run_ms=processed.run_ms,
            retry_in_s=processed.retry_in_s,
            dead_lettered=processed.dead_lettered,
            error=processed.error,
        )
        return done

    async def _take(self, record: SqsRecord) -> Delivery | None:
        engine = self._workshop.parts.engine
        return await engine.take_pushed(engine.resolve(record.queue), record.message)

    async def _return_unstarted(self, record: SqsRecord) -> None:
        try:
            async with asyncio.timeout(self._give_back_s()):
                delivery = await self._take(record)
                if delivery is not None:
                    await self._processors[record.queue].skip(delivery)
        except (TimeoutError, WipsieError) as error:
            # The end of its visibility timeout brings it back as well.
            _log.warning("message_not_given_back", queue=record.queue, error=str(error) or type(error).__name__)

    async def _give_back(self, processor: DirectProcessor, delivery: Delivery) -> None:
        try:
            async with asyncio.timeout(self._give_back_s()):
                await processor.skip(delivery)
        except (TimeoutError, WipsieError) as error:
            _log.warning("message_not_given_back", queue=delivery.queue, error=str(error) or type(error).__name__)

    def _give_back_s(self) -> float:
        return max(0.0, self._invocation.give_back_until - self._workshop.clock.monotonic())

    def _remaining_s(self) -> float:
        return self._invocation.remaining_s(self._workshop.clock)
