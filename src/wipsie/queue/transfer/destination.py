"""Where messages go: adopted whole together with a note of the batch, or sent beside a journal."""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from wipsie.kernel import json
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Unavailable, WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import MessageState, NewMessage, Outcome, QueueBackend, StoredMessage
from wipsie.queue.transfer.journal import Entry, Journal
from wipsie.queue.transfer.port import HistorySender, TransferPort
from wipsie.queue.transfer.source import Item

_keys_decoder = msgspec.json.Decoder(list[str])


class TransferDestination(Protocol):
    """The side messages arrive at. `arrived`, here and below: keys that arrived and may still be in the source."""

    async def open(self, queue: QueueName, transfer: str) -> set[str]:
        """Begin, or begin again after a failure; what arrived as far as is known."""
        ...

    async def deliver(self, queue: QueueName, items: list[Item], arrived: set[str]) -> list[Outcome]:
        """Take messages in; one outcome each. StorageUnavailable when it is not known what happened: `open` again."""
        ...

    async def close(self, queue: QueueName) -> None:
        """The queue was moved: nothing of it is in both stores, forget the notes."""
        ...


class AdoptingDestination:
    """Messages and the note of their batch become durable in one step: nothing can arrive twice."""

    def __init__(self, backend: TransferPort) -> None:
        self._backend = backend
        self._transfers: dict[QueueName, str] = {}
        self._notes: dict[QueueName, str | None] = {}

    async def open(self, queue: QueueName, transfer: str) -> set[str]:
        self._transfers[queue] = transfer
        note = self._notes[queue] = await self._backend.adopted(queue, transfer)
        return set(_keys_decoder.decode(note)) if note else set()

    async def deliver(self, queue: QueueName, items: list[Item], arrived: set[str]) -> list[Outcome]:
        await self._write(queue, [item.message for item in items], [*arrived, *(item.key for item in items)])
        return [None] * len(items)

    async def close(self, queue: QueueName) -> None:
        if self._notes.get(queue) not in (None, "[]"):
            await self._write(queue, [], [])

    async def _write(self, queue: QueueName, messages: list[StoredMessage], keys: list[str]) -> None:
        batch = json.encode_text(keys)
        await self._backend.adopt(
            queue, messages, transfer=self._transfers[queue], batch=batch, previous=self._notes[queue]
        )
        self._notes[queue] = batch


class SendingDestination:
    """Messages are sent, beside a journal. A crash while a batch is being sent leaves open whether it arrived; it is then sent
    again, for a message twice is better than none, and that is told in `notes`."""

    def __init__(self, backend: QueueBackend, journal: Journal, clock: Clock) -> None:
        self._backend = backend
        self._journal = journal
        self._clock = clock
        self._doubtful: dict[QueueName, set[str]] = {}
        self._is_fifo: dict[QueueName, bool] = {}

    async def open(self, queue: QueueName, transfer: str) -> set[str]:
        del transfer
        self._is_fifo[queue] = (await self._backend.queue_settings(queue)).fifo
        entry = self._journal.entry(queue)
        self._doubtful.setdefault(queue, set()).update(entry.underway, entry.doubtful)
        return set(entry.arrived)

    async def deliver(self, queue: QueueName, items: list[Item], arrived: set[str]) -> list[Outcome]:
        keys = [item.key for item in items]
        await self._note(queue, arrived, keys)
        outcomes = await self._send([item.message for item in items])
        accepted = [key for key, outcome in zip(keys, outcomes, strict=True) if outcome is None]
        # No answer is not a refusal: these are sent again, and may have arrived.
        unanswered = (key for key, outcome in zip(keys, outcomes, strict=True) if isinstance(outcome, Unavailable))
        self._doubtful.setdefault(queue, set()).update(unanswered)
        await self._note(queue, {*arrived, *accepted}, [])
        return outcomes

    async def _send(self, messages: list[StoredMessage]) -> list[Outcome]:
        if isinstance(self._backend, HistorySender):
            return await self._backend.send_stored(messages)
        now_ms = self._clock.now_ms()
        results = await self._backend.send([self._new(message, now_ms) for message in messages])
        return [result if isinstance(result, WipsieError) else None for result in results]

    async def close(self, queue: QueueName) -> None:
        await self._note(queue, set(), [])

    async def _note(self, queue: QueueName, arrived: set[str], underway: list[str]) -> None:
        doubtful = sorted(self._doubtful.get(queue, ()))
        await asyncio.to_thread(self._journal.write, queue, Entry(sorted(arrived), underway, doubtful))

    def notes(self) -> list[str]:
        """Sentences about what may have arrived twice."""
        return [
            f"The sending of {len(keys)} message(s) of '{queue}' was cut off; they were sent again and may be in the "
            "destination twice."
            for queue, keys in self._doubtful.items()
            if keys
        ]

    def _new(self, message: StoredMessage, now_ms: int) -> NewMessage:
        can, is_fifo = self._backend.capabilities, self._is_fifo[message.queue]
        waits = message.state in (MessageState.DELAYED, MessageState.BLOCKED)
        delay_s: float | None = max(0, message.visible_at_ms - now_ms) / 1000 if waits else 0.0
        if is_fifo and not can.fifo_delay:
            delay_s = None
        # Its own deduplication id could meet that of another message of this queue, whose window was over where both come
        # from, and be taken for a repeat. The message id cannot, and makes a batch that is sent again harmless for a while.
        recognises = can.deduplication or (is_fifo and can.fifo_deduplication)
        return NewMessage(
            queue=message.queue,
            body=message.body,
            message_id=message.message_id,
            attributes=dict(message.attributes) or None,
            priority=message.priority,
            delay_s=delay_s,
            group_id=message.group_id,
            deduplication_id=message.message_id if recognises else None,
            origin=message.dead_letter.origin if message.dead_letter is not None else message.origin,
        )
