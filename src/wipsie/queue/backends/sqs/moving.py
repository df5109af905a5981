"""Moving house: messages of another store sent with their history; see `wipsie.queue.transfer.port`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import WipsieError
from wipsie.queue.backends.sqs.directory import STALE_S, QueueDirectory, SqsQueue
from wipsie.queue.backends.sqs.envelope import Envelope, encode_body
from wipsie.queue.backends.sqs.parcel import Parcel
from wipsie.queue.backends.sqs.sending import Sender
from wipsie.queue.backends.sqs.sqs_limits import DELAY_S_MAX
from wipsie.queue.contract import MessageState, Outcome, StoredMessage


class HouseMover:
    """The backend's part in moves to it."""

    def __init__(self, directory: QueueDirectory, sender: Sender, *, clock: Clock) -> None:
        self._directory = directory
        self._sender = sender
        self._clock = clock

    async def send_stored(self, messages: Sequence[StoredMessage]) -> list[Outcome]:
        """Send messages as they stood; one outcome each. What follows a refused message of its group is refused with it.
        QueueNotFound, StorageUnavailable."""
        queues = {
            name: await self._directory.find(name, age_s_max=STALE_S)
            for name in dict.fromkeys(message.queue for message in messages)
        }
        lines: dict[tuple[str, str], list[int]] = {}
        for place, message in enumerate(messages):
            in_line = queues[message.queue].settings.fifo and message.group_id is not None
            lines.setdefault((message.queue, message.group_id or "" if in_line else f"/{place}"), []).append(place)
        outcomes: list[Outcome] = [None] * len(messages)

        async def send_line(places: list[int]) -> None:
            for number, place in enumerate(places):
                try:
                    await self._send(messages[place], queues[messages[place].queue])
                except WipsieError as error:
                    for later in places[number:]:
                        outcomes[later] = error
                    return

        await asyncio.gather(*(send_line(places) for places in lines.values()))
        return outcomes

    async def _send(self, message: StoredMessage, queue: SqsQueue) -> None:
        now_ms = self._clock.now_ms()
        waits = message.state in (MessageState.DELAYED, MessageState.BLOCKED)
        delay_ms = max(0, message.visible_at_ms - now_ms) if waits and not queue.settings.fifo else 0
        body, encoding = encode_body(message.body)
        envelope = Envelope(
            message_id=message.message_id,
            queue=message.queue,
            sequence_number=self._sender.next_sequence_number(),
            sent_at_ms=message.sent_at_ms,
            priority=message.priority,
            deduplication_id=message.deduplication_id,
            redrive_count=message.redrive_count,
            origin=message.origin,
            dead_letter=message.dead_letter,
            delay_ms=delay_ms,
            not_before_ms=message.visible_at_ms if delay_ms > DELAY_S_MAX * 1000 else None,
            earlier_receives=message.receive_count,
            encoding=encoding,
        )
        parcel = Parcel(body=body, envelope=envelope, attributes=dict(message.attributes), group_id=message.group_id)
        await self._sender.post(parcel, queue, deduplication_id=message.message_id, delay_s=delay_ms / 1000)
