"""Handlers of the queue of messages: what waits in the inbox, and what is due by the clock of a conversation."""

from __future__ import annotations

from typing import Any, Final

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Unavailable
from wipsie.queue.message import StandardMessage
from wipsie.slices.vault.jobs import MESSAGES_QUEUE, PROCESS, TIMER, ProcessJob, TimerJob
from wipsie.slices.vault.service.cleaning import Cleaner
from wipsie.slices.vault.service.processing import InboxProcessor
from wipsie.workers.handler import HandlerSpec, Retry, TaskContext
from wipsie.workers.retry_policy import RetryPolicy

PAUSE_S: Final = 5.0
"""While a store or the key is away. A job that is given up after many such pauses is made anew by the upkeep."""
RETRY: Final = RetryPolicy(delays_s=(1.0, 5.0, 15.0, 60.0))
"""As many tries as a message has: what others of the same sender wait for is not long."""


class MessageHandlers:
    """One per process."""

    def __init__(self, processor: InboxProcessor, cleaner: Cleaner, clock: Clock) -> None:
        self._processor = processor
        self._cleaner = cleaner
        self._clock = clock

    def specs(self) -> list[HandlerSpec]:
        """To be registered."""
        return [
            HandlerSpec(
                task_type=PROCESS,
                queue=MESSAGES_QUEUE,
                function=self.process_messages,
                data_type=ProcessJob,
                timeout_s=300.0,
                retry=RETRY,
                concurrency_key=_sender,
            ),
            HandlerSpec(
                task_type=TIMER,
                queue=MESSAGES_QUEUE,
                function=self.end_timer,
                data_type=TimerJob,
                timeout_s=60.0,
                retry=RETRY,
                concurrency_key=_owner,
            ),
        ]

    async def process_messages(self, message: StandardMessage[ProcessJob], context: TaskContext) -> dict[str, Any]:
        """Handle what waits of one sender."""
        try:
            # A process that died recorded no attempt; that the message came again says so.
            is_repeat = context.delivery.receive_count > 1
            handled = await self._processor.process(message.data.sender, is_repeat=is_repeat)
        except Unavailable as error:
            raise Retry(error.code, after_s=error.retry_after_s or PAUSE_S, counted=False) from error
        return {"handled": handled}

    async def end_timer(self, message: StandardMessage[TimerJob], context: TaskContext) -> dict[str, Any]:
        """Let a conversation go on whose time is over."""
        del context
        job = message.data
        try:
            wait_s = (job.deadline_ms - self._clock.now_ms()) / 1000
            if wait_s > 0:
                # The queue has a clock of its own.
                raise Retry("not yet", after_s=wait_s, counted=False)
            went_on = await self._cleaner.end_timer(job.owner, job.deadline_ms)
        except Unavailable as error:
            raise Retry(error.code, after_s=error.retry_after_s or PAUSE_S, counted=False) from error
        return {"went_on": went_on}


def _sender(message: StandardMessage[ProcessJob]) -> str:
    return message.data.sender


def _owner(message: StandardMessage[TimerJob]) -> str:
    return message.data.owner
