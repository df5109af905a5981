"""Send: all waiting calls in one statement; those that must look at other messages first in another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from wipsie.kernel.errors import InvalidMessageContents, QueueFull, WipsieError
from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.backend_kit.admission import (
    check,
    deduplication_key,
    deduplication_window_s,
    visible_at_ms,
)
from wipsie.queue.backend_kit.extras import Extras, write_extras
from wipsie.queue.backend_kit.refusals import key_reused, queue_not_found
from wipsie.queue.backends.postgres.driver import Row
from wipsie.queue.backends.postgres.known_queues import KnownQueue, ids_and_versions
from wipsie.queue.backends.postgres.rows import State
from wipsie.queue.backends.postgres.store import CHANGED_TRIES, Store, still_changing
from wipsie.queue.contract import NewMessage, Priority, SendResult

SendOutcome = SendResult | WipsieError
Call = Sequence[NewMessage]
Execute = Callable[..., Awaitable[Sequence[Row]]]
"""Calls a function of the schema: verb, arguments."""

_STORED, _DUPLICATE, _FULL, _CHANGED = 0, 1, 2, 3
_MEDIUM = Priority.MEDIUM


class Sender:
    """Sends batches of calls."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, calls: list[Call]) -> list[list[SendOutcome] | BaseException]:
        """One list of outcomes for each call; a failure of the store belongs to all calls it met."""
        results: list[list[SendOutcome] | BaseException | None] = [None] * len(calls)
        await self._store.learn(message.queue for call in calls for message in call)
        # Once: what is learned on the way may change the answer.
        needs_care = [self._needs_care(call) for call in calls]
        for is_careful in (False, True):
            waiting = [place for place, needs in enumerate(needs_care) if needs == is_careful]
            if not waiting:
                continue
            await self._run_kind([calls[place] for place in waiting], waiting, results)
        return [result if result is not None else still_changing() for result in results]

    async def _run_kind(
        self,
        calls: list[Call],
        places: list[int],
        results: list[list[SendOutcome] | BaseException | None],
    ) -> None:
        try:
            batch = await self._send(self._store.rows, calls)
        except Exception as error:
            if isinstance(error, InvalidMessageContents) and len(calls) > 1:
                # Only who brought it should suffer.
                for call, place in zip(calls, places, strict=True):
                    await self._run_kind([call], [place], results)
                return
            for place in places:
                results[place] = error
            return
        for place, outcome in zip(places, batch.results, strict=True):
            results[place] = outcome
        self._store.tell(batch.ready, batch.due)

    def _needs_care(self, call: Call) -> bool:
        for message in call:
            queue = self._store.queues.get(message.queue)
            if queue is None:
                continue
            settings = queue.settings
            if (
                message.deduplication_id is not None
                or settings.content_based_deduplication
                or settings.max_messages is not None
                or (queue.has_keys and message.group_id is not None)
            ):
                return True
        return False

    async def _send(self, execute: Execute, calls: list[Call]) -> _Batch:
        """Send calls through `execute`: all with care if one needs it."""
        for _ in range(CHANGED_TRIES):
            batch = _Batch(self._store, calls)
            careful = any(self._needs_care(call) for call in calls)
            if await (batch.send_carefully(execute) if careful else batch.send(execute)):
                return batch
            await self._store.refresh(message.queue for call in calls for message in call)
        raise still_changing()

    async def send_within(self, execute: Execute, messages: Call) -> tuple[list[SendOutcome], dict[QueueName, int]]:
        """Send through `execute`, whose transaction is somebody else's: outcomes, and what its commit makes ready."""
        await self._store.learn(message.queue for message in messages)
        batch = await self._send(execute, [messages])
        return batch.results[0], batch.ready


class _Batch:
    """The arrays of one statement, and where its answers belong."""

    def __init__(self, store: Store, calls: list[Call]) -> None:
        self.store = store
        self.now_ms = store.now_ms()
        self.results: list[list[SendOutcome]] = []
        self.ready: dict[QueueName, int] = {}
        self.due: dict[QueueName, int] = {}
        self._places: list[tuple[list[SendOutcome], int]] = []
        self._messages: list[NewMessage] = []
        self._queues: list[KnownQueue] = []
        self._times: list[int] = []
        self._extras: list[str | None] = []
        for call in calls:
            self._add(call)

    def _add(self, call: Call) -> None:
        now_ms = self.now_ms
        outcomes: list[SendOutcome] = []
        self.results.append(outcomes)
        for message in call:
            queue = self.store.queues.get(message.queue)
            if queue is None:
                outcomes.append(queue_not_found(message.queue))
                continue
            settings = queue.settings
            extras: str | None = None
            at_ms = now_ms
            # A character is at most four bytes: most bodies need no exact count.
            if not (
                queue.takes_all
                and message.attributes is None
                and message.origin is None
                and message.deduplication_id is None
                and message.delay_s is None
                and len(message.body) * 4 <= settings.message_bytes_max
            ):
                try:
                    check(settings, message, total=_never_full)
                except WipsieError as error:
                    outcomes.append(error)
                    continue
                at_ms = visible_at_ms(settings, message, now_ms)
                extras = write_extras(
                    Extras(
                        attributes=message.attributes or {},
                        deduplication_id=message.deduplication_id,
                        origin=message.origin,
                    )
                )
            self._places.append((outcomes, len(outcomes)))
            # Replaced by the answer.
            outcomes.append(_PENDING)
            self._messages.append(message)
            self._queues.append(queue)
            self._times.append(at_ms)
            self._extras.append(extras)

    async def send(self, execute: Execute) -> bool:
        """Without looking at others. False when the settings of a queue changed."""
        messages, now_ms = self._messages, self.now_ms
        if not messages:
            return True
        ids, versions = ids_and_versions(self._queues)
        counts = [0] * (8 * len(ids))
        starts = {queue_id: 8 * place for place, queue_id in enumerate(ids)}
        plain = True
        for message, queue, at_ms in zip(messages, self._queues, self._times, strict=True):
            start = starts[queue.queue_id]
            if at_ms > now_ms:
                counts[start + 3] += 1
                self._note_due(queue.name, at_ms)
                plain = False
            else:
                counts[start + message.priority] += 1
                self._note_ready(queue.name)
        delayed = None if plain else [int(State.DELAYED if at_ms > now_ms else State.READY) for at_ms in self._times]
        rows = await execute(
            "send",
            now_ms,
            ids,
            versions,
            counts,
            [queue.queue_id for queue in self._queues],
            delayed,
            _unless_all([int(message.priority) for message in messages], _MEDIUM),
            None if plain else self._times,
            [message.message_id for message in messages],
            _unless_all([message.group_id for message in messages], None),
            _unless_all(self._extras, None),
            [message.body for message in messages],
        )
        numbers: list[int] | None = rows[0][0]
        if numbers is None:
            return False
        for (outcomes, place), message, number in zip(self._places, messages, numbers, strict=True):
            outcomes[place] = SendResult(message.message_id, number, now_ms)
        return True

    async def send_carefully(self, execute: Execute) -> bool:
        """With a look at others first. False when the settings of a queue changed."""
        messages, now_ms = self._messages, self.now_ms
        if not messages:
            return True
        ids, versions = ids_and_versions(self._queues)
        both = list(zip(self._queues, messages, strict=True))
        rows = await execute(
            "send_carefully",
            now_ms,
            ids,
            versions,
            [queue.queue_id for queue in self._queues],
            [int(message.priority) for message in messages],
            self._times,
            [message.message_id for message in messages],
            [message.group_id for message in messages],
            self._extras,
            [message.body for message in messages],
            [deduplication_key(queue.settings, message) for queue, message in both],
            [int(deduplication_window_s(queue.settings, message) * 1000) for queue, message in both],
            [message.fingerprint for message in messages],
            [queue.settings.max_messages for queue in self._queues],
        )
        if rows[0][0] == _CHANGED:
            return False
        for (outcomes, place), (queue, message), at_ms, row in zip(self._places, both, self._times, rows, strict=True):
            outcomes[place] = self._answer(queue, message, at_ms, row)
        return True

    def _answer(self, queue: KnownQueue, message: NewMessage, at_ms: int, row: Row) -> SendOutcome:
        outcome, number, first_id, sent_at, fingerprint, state = row
        if outcome == _FULL:
            return _full(queue, message)
        if outcome == _DUPLICATE:
            if message.fingerprint is not None and fingerprint is not None and fingerprint != message.fingerprint:
                return key_reused(first_id)
            return SendResult(MessageId(first_id), number, sent_at, True)
        if state == State.READY:
            self._note_ready(queue.name)
        elif state == State.DELAYED:
            self._note_due(queue.name, at_ms)
        return SendResult(message.message_id, number, sent_at)

    def _note_ready(self, name: QueueName) -> None:
        self.ready[name] = self.ready.get(name, 0) + 1

    def _note_due(self, name: QueueName, at_ms: int) -> None:
        known = self.due.get(name)
        if known is None or at_ms < known:
            self.due[name] = at_ms


_PENDING = still_changing()


def _never_full() -> int:
    # How full a queue is, the database decides.
    return -1


def _full(queue: KnownQueue, message: NewMessage) -> WipsieError:
    limit = queue.settings.max_messages or 0
    try:
        check(queue.settings, message, total=lambda: limit)
    except QueueFull as error:
        return error
    return still_changing()


def _unless_all(values: list[Any], usual: Any) -> list[Any] | None:
    """The values, or None when all are the usual one: the database fills it in."""
    return None if all(value == usual for value in values) else values
