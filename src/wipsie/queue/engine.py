"""The queue engine: what everything above the queue room talks to, whatever backend is behind it.

It checks what no backend should have to check, knows short and stored names, declares queues together with their
dead-letter queues, and runs long work (redrive) in bounded steps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from wipsie.kernel import limits
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import (
    InvalidInput,
    InvalidMessageContents,
    NotSupported,
    QueueExists,
    QueueNotFound,
    StorageUnavailable,
    WipsieError,
)
from wipsie.kernel.ids import MessageId, QueueName, Receipt
from wipsie.queue.contract import (
    TRACE_HEADER,
    Attribute,
    Capabilities,
    DeadLetterOrder,
    Delivery,
    MessageState,
    NewMessage,
    Outcome,
    QueueBackend,
    QueueCounts,
    QueueSettings,
    RedriveFilter,
    SendResult,
    StoredMessage,
    VisibilityChange,
)
from wipsie.queue.names import DEAD_LETTER_SUFFIX, QueueNames
from wipsie.queue.pushed import PushedDeliveries, PushedMessage
from wipsie.queue.redrive import Redrive
from wipsie.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from wipsie.queue.repeats import Repeats

_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
"""What no store keeps faithfully: NUL ends text in C, lone surrogates have no UTF-8 form."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_OPEN_RETRY_S = 2.0


class QueueEngine:
    """Queues over one backend. All `queue` arguments are stored names; `resolve` gives them."""

    def __init__(
        self,
        backend: QueueBackend,
        *,
        clock: Clock,
        names: QueueNames,
        metrics: Metrics | None = None,
        repeats: Repeats | None = None,
    ) -> None:
        """`repeats` recognises repeated sends where the backend declares that it cannot. The adopted queues of `names` are used
        as they are and never made or changed."""
        self._backend = backend
        self._repeats = None if backend.capabilities.deduplication else repeats
        self.clock = clock
        self.names = names
        self._metrics = metrics
        self._declared: dict[str, QueueName] = dict(names.adopted)
        self._declarations: dict[QueueName, QueueSettings] = {}
        self._known: set[str] = set()
        self._is_open = False

    @property
    def capabilities(self) -> Capabilities:
        """What the backend can do, and what this engine does for it."""
        capabilities = self._backend.capabilities
        if self._repeats is None:
            return capabilities
        return msgspec.structs.replace(capabilities, deduplication=True, fifo_deduplication=True)

    async def start(self, queues: Sequence[QueueSettings] = ()) -> None:
        """Open the backend, declare `queues` and learn the names of all. StorageUnavailable, ConfigurationError: then
        nothing is open, and it may be tried again. Until it is open, callers are told StorageUnavailable."""
        await self._backend.start()
        try:
            await self._refresh()
            await self.declare(queues)
        except BaseException:
            await self._backend.stop()
            raise
        self._is_open = True

    async def stop(self) -> None:
        """Finish what was accepted and close the backend."""
        await self._backend.stop()

    # Queues

    async def declare(self, queues: Sequence[QueueSettings]) -> None:
        """Make sure these queues exist with these settings, and each with a dead-letter queue unless it names one itself.
        What people changed at run time (`paused`, `tags`, `protocol_attributes`) is kept."""
        for settings in queues:
            wanted = settings
            if wanted.dead_letter_queue is None:
                dead_letters = self.names.dead_letter(wanted.name)
                await self._ensure(
                    QueueSettings(name=dead_letters, fifo=wanted.fifo, retention_s=limits.RETENTION_S_MAX)
                )
                wanted = msgspec.structs.replace(wanted, dead_letter_queue=dead_letters)
            await self._ensure(wanted)
            self._declared[self.names.short(wanted.name)] = wanted.name
            self._declarations[wanted.name] = settings
        if queues:
            await self._refresh()

    async def declare_again(self, queue: QueueName) -> bool:
        """Make a declared queue again that its store lost (one that keeps nothing over a restart); False for a queue that
        was not declared here. StorageUnavailable."""
        settings = self._declarations.get(queue)
        if settings is None:
            return False
        await self.declare([settings])
        return True

    async def _ensure(self, wanted: QueueSettings) -> None:
        try:
            await self._backend.create_queue(wanted)
        except QueueExists:
            existing = await self._backend.queue_settings(wanted.name)
            tags = {**existing.tags, **wanted.tags}
            kept = {**existing.protocol_attributes, **wanted.protocol_attributes}
            await self._backend.change_queue(
                msgspec.structs.replace(wanted, paused=existing.paused, tags=tags, protocol_attributes=kept)
            )

    async def _refresh(self) -> None:
        self._known = {settings.name for settings in await self._backend.list_queues()}

    def is_own(self, queue: QueueName) -> bool:
        """Whether it was declared here, or holds the dead letters of one that was: it comes back with the next start."""
        return (
            queue in self._declarations
            or queue in self.names.adopted.values()
            or any(
                queue == (one.dead_letter_queue or self.names.dead_letter(one.name))
                for one in self._declarations.values()
            )
        )

    def work_queues(self) -> list[str]:
        """Short names of the declared queues, or of all that are there when none was declared; no dead-letter queues.
        StorageUnavailable while the store was not reached yet."""
        self._check_open()
        if self._declared:
            return list(self._declared)
        return [
            self.names.short(name)
            for name in sorted(self._known)
            if not name.removesuffix(".fifo").endswith(DEAD_LETTER_SUFFIX)
        ]

    def _check_open(self) -> None:
        if not self._is_open:
            raise StorageUnavailable(
                "The queues are not open yet: their store was not reached so far. Try again.",
                retry_after_s=_NOT_OPEN_RETRY_S,
            )

    def resolve(self, name: str) -> QueueName:
        """Stored name for a short or stored one. QueueNotFound, with the names there are."""
        declared = self._declared.get(name)
        if declared is not None:
            return declared
        if name in self._known:
            return QueueName(name)
        try:
            stored = self.names.stored(name)
        except InvalidInput:
            stored = None
        if stored is None or stored not in self._known:
            available = self.work_queues()
            raise QueueNotFound(
                f"The queue '{name[:100]}' does not exist; use one of {', '.join(available) or 'none yet'}.",
                details={"queue_name": name[:100], "available_queues": available},
            )
        return stored

    async def create_queue(self, settings: QueueSettings) -> QueueSettings:
        """Create one queue as it is described. QueueExists."""
        created = await self._backend.create_queue(settings)
        self._known.add(created.name)
        return created

    async def change_queue(self, settings: QueueSettings) -> None:
        """Replace the settings of a queue. QueueNotFound, InvalidInput."""
        await self._backend.change_queue(settings)

    async def delete_queue(self, queue: QueueName) -> None:
        """Remove a queue and all its messages. QueueNotFound."""
        await self._backend.delete_queue(queue)
        self._known.discard(queue)
        self._declared.pop(self.names.short(queue), None)
        self._declarations.pop(queue, None)

    async def queue_settings(self, queue: QueueName) -> QueueSettings:
        """Settings of one queue. QueueNotFound."""
        return await self._backend.queue_settings(queue)

    async def list_queues(self) -> list[QueueSettings]:
        """Settings of all queues, dead-letter queues included."""
        self._check_open()
        queues = await self._backend.list_queues()
        self._known = {settings.name for settings in queues}
        return queues

    async def pause(self, queue: QueueName) -> None:
        """Deliver nothing more from this queue until `resume`; sends go on."""
        await self._set_paused(queue, paused=True)

    async def resume(self, queue: QueueName) -> None:
        """Deliver again."""
        await self._set_paused(queue, paused=False)

    async def _set_paused(self, queue: QueueName, *, paused: bool) -> None:
        settings = await self._backend.queue_settings(queue)
        if settings.paused != paused:
            await self._backend.change_queue(msgspec.structs.replace(settings, paused=paused))

    # Messages

    async def send(self, message: NewMessage) -> SendResult:
        """Store one message; returns when it is durable. Raises the refusal (see `QueueBackend.send`)."""
        self.check(message)
        if self._repeats is not None and message.deduplication_id is not None:
            result = (await self._repeats.send((message,), self._backend.send))[0]
        else:
            result = (await self._backend.send((message,)))[0]
        if isinstance(result, WipsieError):
            raise result
        return result

    async def send_many(self, messages: Sequence[NewMessage]) -> list[SendResult | WipsieError]:
        """Store many messages; one result or refusal each, in order."""
        results: list[SendResult | WipsieError | None] = [None] * len(messages)
        accepted: list[int] = []
        for index, message in enumerate(messages):
            try:
                self.check(message)
            except WipsieError as error:
                results[index] = error
            else:
                accepted.append(index)
        for start in range(0, len(accepted), limits.BATCH_MESSAGES_MAX):
            indexes = accepted[start : start + limits.BATCH_MESSAGES_MAX]
            stored = await self._send_batch([messages[index] for index in indexes])
            for index, result in zip(indexes, stored, strict=True):
                results[index] = result
        return [result for result in results if result is not None]

    async def _send_batch(self, messages: list[NewMessage]) -> list[SendResult | WipsieError]:
        if self._repeats is None:
            return await self._backend.send(messages)
        # Apart, so that those without an id need not wait for notes.
        keyed = [message for message in messages if message.deduplication_id is not None]
        plain = [message for message in messages if message.deduplication_id is None]
        plain_results = iter(await self._backend.send(plain) if plain else ())
        keyed_results = iter(await self._repeats.send(keyed, self._backend.send) if keyed else ())
        return [
            next(plain_results) if message.deduplication_id is None else next(keyed_results) for message in messages
        ]

    def check(self, message: NewMessage) -> None:
        """Refuse what is wrong whatever the backend. Hot: called for each send."""
        body = message.body
        if not body:
            raise InvalidMessageContents("A message needs a body of at least one character.")
        # Plain ASCII, which Python knows of each text without looking, needs only the quick search.
        if "\0" in body if body.isascii() else _UNSENDABLE.search(body):
            raise InvalidMessageContents(
                "The body holds NUL or unpaired surrogate characters, which cannot be stored; encode it, for example as base64."
            )
        if message.delay_s is not None and not 0 <= message.delay_s <= self.capabilities.delay_s_max:
            raise InvalidInput(
                f"delay_s must be between 0 and {self.capabilities.delay_s_max:.0f} seconds.",
                details={"field": "delay_s", "value": message.delay_s},
            )
        if message.attributes is not None:
            _check_attributes(message.attributes)
        if message.group_id is not None:
            _check_key("group_id", message.group_id)
        if message.deduplication_id is not None:
            _check_key("deduplication_id", message.deduplication_id)

    async def receive(
        self,
        queue: QueueName,
        *,
        max_messages: int = 1,
        visibility_timeout_s: float | None = None,
        wait_s: float = 0.0,
    ) -> list[Delivery]:
        """Lease up to `max_messages`, waiting up to `wait_s` for the first. QueueNotFound, InvalidInput."""
        if not 1 <= max_messages <= limits.BATCH_MESSAGES_MAX:
            raise InvalidInput(
                f"max_messages must be between 1 and {limits.BATCH_MESSAGES_MAX}.", details={"field": "max_messages"}
            )
        if visibility_timeout_s is not None:
            _check_visibility(visibility_timeout_s)
        return await self._backend.receive(
            queue, max_messages=max_messages, visibility_timeout_s=visibility_timeout_s, wait_s=wait_s
        )

    async def take_pushed(self, queue: QueueName, message: PushedMessage) -> Delivery | None:
        """A message that somebody else received from this queue's store, see `PushedDeliveries`. NotSupported where nobody
        can do that."""
        if not isinstance(self._backend, PushedDeliveries):
            raise NotSupported(
                f"Messages that others received from Amazon SQS cannot be settled by the backend '{self.capabilities.name}'; "
                "set QUEUE_URL to sqs:// and the region of the queue.",
                details={"setting": "QUEUE_URL", "backend": self.capabilities.name},
            )
        return await self._backend.take_pushed(queue, message)

    async def delete(self, receipts: Sequence[tuple[QueueName, Receipt]]) -> list[Outcome]:
        """Acknowledge messages; one outcome each."""
        return await self._backend.delete(receipts)

    async def change_visibility(self, changes: Sequence[VisibilityChange]) -> list[Outcome]:
        """Move the end of leases; one outcome each. InvalidInput for a timeout out of range."""
        for change in changes:
            if not change.release:
                _check_visibility(change.visibility_timeout_s)
        return await self._backend.change_visibility(changes)

    async def dead_letter(self, orders: Sequence[DeadLetterOrder]) -> list[Outcome]:
        """Move leased messages to their dead-letter queues; one outcome each."""
        return await self._backend.dead_letter(orders)

    async def counts(self, queue: QueueName) -> QueueCounts:
        """Counts of one queue. QueueNotFound."""
        return await self._backend.counts(queue)

    async def all_counts(self) -> list[QueueCounts]:
        """Counts of every queue, dead-letter queues included, by name; also refreshes the queue gauges."""
        counts = [await self._backend.counts(settings.name) for settings in await self.list_queues()]
        if self._metrics is not None:
            for one in counts:
                _show(self._metrics, self.names.short(one.queue), one)
        return counts

    async def purge(self, queue: QueueName) -> int:
        """Remove every message sent before this call; returns how many. QueueNotFound."""
        return await self._backend.purge(queue)

    async def peek(
        self,
        queue: QueueName,
        *,
        limit: int = 10,
        after_sequence_number: int = 0,
        state: MessageState | None = None,
        message_id: MessageId | None = None,
    ) -> list[StoredMessage]:
        """Look at messages without consuming them. QueueNotFound, NotSupported."""
        if not self.capabilities.peek:
            raise NotSupported(
                f"The {self.capabilities.name} backend cannot look at messages without receiving them.",
                details={"capability": "peek"},
            )
        return await self._backend.peek(
            queue, limit=limit, after_sequence_number=after_sequence_number, state=state, message_id=message_id
        )

    def redrive(
        self,
        queue: QueueName,
        *,
        destination: QueueName | None = None,
        matching: RedriveFilter | None = None,
        messages_max: int | None = None,
        rate_per_s: float | None = None,
        after_sequence_number: int = 0,
    ) -> Redrive:
        """Prepare moving dead letters back; nothing moves before `Redrive.run`. InvalidInput, see `Redrive`."""
        return Redrive(
            self._backend,
            queue,
            clock=self.clock,
            destination=destination,
            matching=matching,
            messages_max=messages_max,
            rate_per_s=rate_per_s,
            after_sequence_number=after_sequence_number,
        )


def _check_attributes(attributes: Mapping[str, Attribute]) -> None:
    if len(attributes) - (TRACE_HEADER in attributes) > limits.ATTRIBUTES_MAX:
        raise InvalidInput(
            f"A message carries at most {limits.ATTRIBUTES_MAX} attributes; this one has {len(attributes)}.",
            details={"field": "attributes"},
        )
    for name, attribute in attributes.items():
        for text in (name, attribute.value, attribute.data_type):
            _check_encodable("attributes", text)


def _check_encodable(field: str, text: str) -> None:
    """One such text would fail the whole transaction, and with it what others send at the same moment."""
    if not text.isascii() and _SURROGATE.search(text):
        raise InvalidInput(
            f"{field} holds unpaired surrogate characters, which cannot be stored; encode it, for example as base64.",
            details={"field": field},
        )


def _check_key(field: str, value: str) -> None:
    if not 0 < len(value) <= limits.KEY_LENGTH_MAX:
        raise InvalidInput(f"{field} must have 1 to {limits.KEY_LENGTH_MAX} characters.", details={"field": field})
    _check_encodable(field, value)


def _check_visibility(seconds: float) -> None:
    if not 0 <= seconds <= limits.VISIBILITY_TIMEOUT_S_MAX:
        raise InvalidInput(
            f"visibility_timeout_s must be between 0 and {limits.VISIBILITY_TIMEOUT_S_MAX} seconds.",
            details={"field": "visibility_timeout_s", "value": seconds},
        )


def _show(metrics: Metrics, short: str, counts: QueueCounts) -> None:
    metrics.sqs_queue_size.labels(short).set(counts.total)
    for state in MessageState:
        metrics.queue_messages.labels(short, state.value).set(getattr(counts, state.value))
    metrics.queue_oldest_message_age_seconds.labels(short).set(counts.oldest_ready_age_s or 0.0)
