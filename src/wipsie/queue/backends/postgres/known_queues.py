"""Queues as this process knows them. Whoever acts on this knowledge says which version it is, and the functions in the
database refuse what is out of date."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import QueueSettings

_decoder = msgspec.json.Decoder(QueueSettings)


class KnownQueue(msgspec.Struct, frozen=True):
    """A queue and its settings at one version."""

    queue_id: int
    version: int
    settings: QueueSettings
    has_keys: bool
    """Messages of one group hold each other back."""
    takes_all: bool
    """A message that asks for nothing special is simply ready here: there is nothing to decide."""

    @property
    def name(self) -> QueueName:
        return self.settings.name


def known_queue(queue_id: int, version: int, text: str) -> KnownQueue:
    """From a row of the table."""
    settings = _decoder.decode(text)
    has_keys = key_slots(settings) is not None
    return KnownQueue(
        queue_id,
        version,
        settings,
        has_keys,
        not (has_keys or settings.delay_s or settings.content_based_deduplication or settings.max_messages is not None),
    )


def key_slots(settings: QueueSettings) -> int | None:
    """How many messages of one group may be active at once; None without a limit."""
    return 1 if settings.fifo else settings.key_concurrency


class KnownQueues:
    """The queues seen so far, by name and by id."""

    def __init__(self) -> None:
        self._by_name: dict[str, KnownQueue] = {}
        self._by_id: dict[int, KnownQueue] = {}

    def get(self, name: str) -> KnownQueue | None:
        return self._by_name.get(name)

    def by_id(self, queue_id: int) -> KnownQueue | None:
        return self._by_id.get(queue_id)

    def put(self, queue: KnownQueue) -> None:
        self.forget(queue.name)
        self._by_name[queue.name] = queue
        self._by_id[queue.queue_id] = queue

    def forget(self, name: str) -> None:
        queue = self._by_name.pop(name, None)
        if queue is not None:
            self._by_id.pop(queue.queue_id, None)


def ids_and_versions(queues: Iterable[KnownQueue]) -> tuple[list[int], list[int]]:
    """Ids in order, each once, with their versions: how the functions take them."""
    unique = sorted({queue.queue_id: queue.version for queue in queues}.items())
    return [queue_id for queue_id, _ in unique], [version for _, version in unique]
