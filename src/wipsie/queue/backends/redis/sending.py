"""Send: all messages that wait are checked here and stored by one script call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wipsie.kernel import json
from wipsie.kernel.errors import StorageUnavailable, WipsieError
from wipsie.queue.backend_kit import admission, refusals
from wipsie.queue.backend_kit.lane import Lane
from wipsie.queue.backends.redis.connection import RedisLink
from wipsie.queue.backends.redis.layout import FirstSend, KnownQueue, read_first_send, write_message
from wipsie.queue.backends.redis.store import RedisStore
from wipsie.queue.contract import NewMessage, SendResult

CALLS_MAX = 128
"""Most calls of one batch: few enough that the callers of two batches keep Redis and us busy at the same time."""
MESSAGES_MAX = 1000
BYTES_MAX = 8 * 1024 * 1024
"""Most messages and bytes of one script call: others wait while it runs."""
_BYTES_PER_WEIGHT = BYTES_MAX // MESSAGES_MAX
_TRIES = 5
"""How often settings may change under our hands before we say so."""
_QUEUE_FULL, _STALE = 0, -1
_MORE_THAN_ANY_LIMIT = 2**62

Sent = SendResult | WipsieError
_Waiting = tuple[int, NewMessage]
"""A message and its place among the results."""


class Sender:
    """The lane of sends."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self.link = RedisLink(store.address, store.prefix)
        self.lane: Lane[Sequence[NewMessage], list[Sent]] = Lane(
            self._run,
            name="send",
            waits_for="Redis",
            # Two at a time and none too large: while Redis works on one batch, the next is made up here.
            calls_max=CALLS_MAX,
            parallel=2,
            weigh=_weigh,
            weight_max=MESSAGES_MAX,
        )

    async def _run(self, calls: list[Sequence[NewMessage]]) -> Sequence[list[Sent] | BaseException]:
        results = await self._send([message for call in calls for message in call])
        answers: list[list[Sent] | BaseException] = []
        start = 0
        for call in calls:
            sent = results[start : start + len(call)]
            start += len(call)
            # A call raises when nothing of it happened.
            failure = sent[0] if sent and all(isinstance(one, StorageUnavailable) for one in sent) else None
            answers.append(failure if isinstance(failure, WipsieError) else sent)
        return answers

    async def _send(self, messages: list[NewMessage]) -> list[Sent]:
        results: dict[int, Sent] = {}
        waiting: list[_Waiting] = list(enumerate(messages))
        try:
            for _ in range(_TRIES):
                known = await self._store.queues({message.queue for _, message in waiting})
                stale: list[_Waiting] = []
                for part in _parts(waiting):
                    stale += await self._send_part(part, known, results)
                if not stale:
                    return [results[place] for place in range(len(messages))]
                # Somebody changed these queues since we looked: look again.
                await self._store.refresh({message.queue for _, message in stale})
                waiting = stale
        except StorageUnavailable as error:
            # Earlier parts are stored; these are not, or it is not known.
            return [results.get(place, error) for place in range(len(messages))]
        busy = StorageUnavailable("The settings of this queue change all the time; try again.", retry_after_s=1)
        return [results.get(place, busy) for place in range(len(messages))]

    async def _send_part(
        self, part: list[_Waiting], known: dict[str, KnownQueue], results: dict[int, Sent]
    ) -> list[_Waiting]:
        """Store one script call's worth of messages and note the results; those whose queue has changed come back."""
        now_ms = self._store.time.now_ms()
        by_queue: dict[str, list[_Waiting]] = {}
        for entry in part:
            by_queue.setdefault(entry[1].queue, []).append(entry)
        arguments: list[Any] = []
        sent: list[_Waiting] = []
        for name, entries in by_queue.items():
            queue = known.get(name)
            if queue is None:
                for place, _ in entries:
                    results[place] = refusals.queue_not_found(name)
            else:
                sent += _write(queue, entries, arguments, results, now_ms)
        if not sent:
            return []
        answers = await self._store.run(self.link, self._store.scripts.send, arguments, now_ms=now_ms)
        stale: list[_Waiting] = []
        for entry, answer in zip(sent, answers, strict=True):
            place, message = entry
            if isinstance(answer, bytes):
                results[place] = _repeat(message, answer)
            elif answer > 0:
                results[place] = SendResult(message.message_id, answer, now_ms)
            elif answer == _QUEUE_FULL:
                results[place] = _full(known[message.queue], message)
            elif answer == _STALE:
                stale.append(entry)
        return stale


def _weigh(call: Sequence[NewMessage]) -> int:
    if len(call) == 1:
        return 1 + len(call[0].body) // _BYTES_PER_WEIGHT
    return len(call) + sum(len(message.body) for message in call) // _BYTES_PER_WEIGHT


def _parts(waiting: list[_Waiting]) -> Iterator[list[_Waiting]]:
    """Cut into pieces that one script call may hold. One caller alone may bring more than that."""
    if len(waiting) <= MESSAGES_MAX and sum(len(message.body) for _, message in waiting) <= BYTES_MAX:
        yield waiting
        return
    part: list[_Waiting] = []
    size = 0
    for entry in waiting:
        length = len(entry[1].body)
        if part and (len(part) >= MESSAGES_MAX or size + length > BYTES_MAX):
            yield part
            part, size = [], 0
        part.append(entry)
        size += length
    yield part


def _write(
    queue: KnownQueue, entries: list[_Waiting], arguments: list[Any], results: dict[int, Sent], now_ms: int
) -> list[_Waiting]:
    """Add the arguments of `scripts/send.lua` for these messages of one queue, and the refusals of those it cannot take to
    `results`. Answers those that go, in order."""
    settings = queue.settings
    length_max = settings.message_bytes_max // 4
    sent: list[_Waiting] = []
    # Runs of messages of one kind; the number in the header is filled in when the run ends.
    was_plain: bool | None = None
    header = 0
    count = 0
    for entry in entries:
        message = entry[1]
        is_plain = (
            queue.takes_all and message.deduplication_id is None and message.group_id is None and not message.delay_s
        )
        try:
            # A character is at most four bytes: most bodies need no exact count.
            if not is_plain or message.attributes is not None or len(message.body) > length_max:
                admission.check(settings, message, total=lambda: -1)
        except WipsieError as error:
            results[entry[0]] = error
            continue
        if is_plain is not was_plain:
            if count:
                arguments[header] = count
            arguments += (queue.queue_id, queue.version, 0 if is_plain else 1, 0)
            header, count, was_plain = len(arguments) - 1, 0, is_plain
        count += 1
        sent.append(entry)
        if is_plain:
            arguments += (message.priority.value, write_message(message, now_ms))
        else:
            arguments += _other(queue, message, now_ms)
    if count:
        arguments[header] = count
    return sent


def _other(queue: KnownQueue, message: NewMessage, now_ms: int) -> tuple[Any, ...]:
    settings = queue.settings
    key = admission.deduplication_key(settings, message)
    window_s = admission.deduplication_window_s(settings, message)
    return (
        message.priority.value,
        write_message(message, now_ms),
        admission.visible_at_ms(settings, message, now_ms),
        message.group_id or "",
        key or "",
        now_ms + int(window_s * 1000),
        "" if key is None else json.encode(FirstSend(message.message_id, message.fingerprint)),
    )


def _repeat(message: NewMessage, record: bytes) -> Sent:
    first, sequence, sent_at_ms = read_first_send(record)
    if message.fingerprint is not None and first.fingerprint is not None and first.fingerprint != message.fingerprint:
        return refusals.key_reused(first.message_id)
    return SendResult(first.message_id, sequence, sent_at_ms, True)


def _full(queue: KnownQueue, message: NewMessage) -> Sent:
    try:
        admission.check(queue.settings, message, total=lambda: _MORE_THAN_ANY_LIMIT)
    except WipsieError as error:
        return error
    return StorageUnavailable("The queue was full a moment ago; try again.", retry_after_s=1)
