"""Receives that are asked for again: the answer to the first did not arrive, and the messages are leased to whoever asked.

With the same `ReceiveRequestAttemptId` the same messages come with the same handles, for five minutes, as long as nobody touched
them. Which messages an attempt got is noted in the shared store, so that a repeat may reach another process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from wipsie.kernel.errors import InvalidReceipt, ReceiptExpired
from wipsie.kernel.ids import MessageId, Receipt
from wipsie.queue.contract import Delivery, MessageState, QueueSettings, StoredMessage, VisibilityChange
from wipsie.sqs_endpoint.errors import THROTTLED, SqsError, invalid
from wipsie.sqs_endpoint.operation import Means

REPEATABLE_S = 300
_TRIES = 3


class Received(msgspec.Struct, frozen=True):
    """A leased message, at first or again."""

    message: Delivery | StoredMessage
    receipt: Receipt
    received_at_ms: int


class _Noted(msgspec.Struct, frozen=True, array_like=True):
    message_id: MessageId
    receipt: Receipt
    received_at_ms: int
    receive_count: int
    lease_until_ms: int


class _Note(msgspec.Struct, frozen=True):
    until_ms: int
    messages: list[_Noted]


class ReceiveAttempt:
    """One attempt at one FIFO queue."""

    def __init__(self, means: Means, queue: QueueSettings, attempt_id: str, visibility_s: int | None) -> None:
        self._means = means
        self._queue = queue
        self._attempt_id = attempt_id
        self._visibility_s = queue.visibility_timeout_s if visibility_s is None else visibility_s
        named = hashlib.sha256(f"{queue.name} {attempt_id}".encode()).hexdigest()
        self._key = f"sqs-attempt:{named}"
        self._version = 0

    async def again(self) -> list[Received] | None:
        """What an earlier call got, its leases begun anew; None: there was none, or its leases are over. SqsError when one of
        its messages was deleted, returned or kept for longer since."""
        for _ in range(_TRIES):
            note = await self._read()
            if note is None:
                return None
            received = await self._hold(note)
            if await self._write(received, note.until_ms):
                return received
            # Somebody asks for the same at this very moment, and gets the same.
        raise SqsError(THROTTLED, "The same receive is asked for too often at a time; try again.", retry_after_s=1.0)

    async def _read(self) -> _Note | None:
        found = await self._means.shared.get(self._key)
        self._version = 0 if found is None else found.version
        if found is None:
            return None
        note = msgspec.json.decode(found.value, type=_Note)
        is_over = self._means.engine.clock.now_ms() >= min(one.lease_until_ms for one in note.messages)
        return None if is_over else note

    async def _hold(self, note: _Note) -> list[Received]:
        for noted in note.messages:
            if not _is_untouched(await self._look(noted.message_id), noted):
                raise self._not_repeatable()
        changes = [VisibilityChange(self._queue.name, one.receipt, self._visibility_s) for one in note.messages]
        for outcome in await self._means.engine.change_visibility(changes):
            if isinstance(outcome, (ReceiptExpired, InvalidReceipt)):
                raise self._not_repeatable()
            if outcome is not None:
                raise outcome
        received: list[Received] = []
        for noted in note.messages:
            message = await self._look(noted.message_id)
            if message is None:
                raise self._not_repeatable()
            received.append(Received(message, noted.receipt, noted.received_at_ms))
        return received

    async def note(self, received: Sequence[Received]) -> bool:
        """Remember what this attempt got. False: another call of the same attempt was faster, and its messages count."""
        return await self._write(received, self._means.engine.clock.now_ms() + REPEATABLE_S * 1000)

    async def _write(self, received: Sequence[Received], until_ms: int) -> bool:
        note = _Note(
            until_ms,
            [
                _Noted(
                    one.message.message_id,
                    one.receipt,
                    one.received_at_ms,
                    one.message.receive_count,
                    _lease_until_ms(one.message),
                )
                for one in received
            ],
        )
        ttl_s = max(0.001, (until_ms - self._means.engine.clock.now_ms()) / 1000)
        value = msgspec.json.encode(note).decode()
        version = await self._means.shared.compare_and_set(self._key, self._version, value, ttl_s=ttl_s)
        return version is not None

    async def _look(self, message_id: MessageId) -> StoredMessage | None:
        found = await self._means.engine.peek(self._queue.name, limit=1, message_id=message_id)
        return found[0] if found else None

    def _not_repeatable(self) -> SqsError:
        return invalid(
            "ReceiveRequestAttemptId",
            self._attempt_id,
            "It cannot be repeated any more: a message it received was deleted since, or its visibility changed.",
        )


def _is_untouched(message: StoredMessage | None, noted: _Noted) -> bool:
    return (
        message is not None
        and message.state is MessageState.LEASED
        and message.receive_count == noted.receive_count
        and message.visible_at_ms == noted.lease_until_ms
    )


def _lease_until_ms(message: Delivery | StoredMessage) -> int:
    return message.lease_until_ms if isinstance(message, Delivery) else message.visible_at_ms
