"""What a move would do: which queues, in which order, what stands in its way and what would be lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from wipsie.kernel.errors import QueueNotFound
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import Capabilities, QueueBackend, QueueCounts, QueueSettings
from wipsie.queue.transfer.mark import Mark, read_mark, unmarked
from wipsie.queue.transfer.port import HistorySender, TransferPort
from wipsie.queue.transfer.report import Difference


class QueuePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One queue to move."""

    settings: QueueSettings
    """As it was before any move began."""
    counts: QueueCounts
    existing: QueueSettings | None
    """The queue of that name at the destination."""
    differences: tuple[Difference, ...]
    unfinished: Mark | None
    """An earlier run did not come to its end."""
    empty: bool = False
    """Only the queue itself is wanted: it takes the dead letters of a queue that is moved."""


class TransferPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The whole move. `queues` are in the order of moving: work before dead letters."""

    queues: tuple[QueuePlan, ...]
    obstacles: tuple[str, ...]
    """Why it cannot be done; one sentence each."""
    losses: tuple[str, ...]
    """What the destination would not keep; one sentence each."""

    @property
    def total(self) -> int:
        return sum(one.counts.total for one in self.queues if not one.empty)


async def make_plan(
    source: QueueBackend, destination: QueueBackend | None, queues: Collection[QueueName] | None
) -> TransferPlan:
    """Look at both sides without changing anything. `destination` None: a store that does not exist yet. `queues`: stored
    names, None for all. QueueNotFound for a name the source does not have."""
    there = {one.name: one for one in await source.list_queues()}
    unknown = sorted(set(queues or ()) - set(there))
    if unknown:
        raise QueueNotFound(
            f"The source has no queue '{unknown[0]}'; it has {', '.join(there) or 'none'}.",
            details={"queue_name": unknown[0], "available_queues": list(there)},
        )
    chosen = set(there if queues is None else queues)
    existing = {} if destination is None else {one.name: one for one in await destination.list_queues()}
    plans: list[QueuePlan] = []
    for name in _in_order(there):
        wanted_for = [other for other in chosen if there[other].dead_letter_queue == name]
        if name not in chosen and not wanted_for:
            continue
        settings = unmarked(there[name])
        known = existing.get(name)
        plans.append(
            QueuePlan(
                settings=settings,
                counts=await source.counts(name),
                existing=known,
                differences=() if known is None else _differences(settings, unmarked(known)),
                unfinished=read_mark(there[name]),
                empty=name not in chosen,
            )
        )
    return TransferPlan(
        queues=tuple(plans),
        obstacles=tuple(_obstacles(plans, None if destination is None else destination.capabilities)),
        losses=() if destination is None else tuple(_losses(plans, source, destination)),
    )


def portable(settings: QueueSettings, capabilities: Capabilities) -> QueueSettings:
    """The settings without what the destination cannot keep and can be done without; the plan told of it."""
    if capabilities.protocol_attributes or not settings.protocol_attributes:
        return settings
    return msgspec.structs.replace(settings, protocol_attributes={})


def _in_order(queues: Mapping[QueueName, QueueSettings]) -> list[QueueName]:
    """Each queue before its dead-letter queue."""
    order: list[QueueName] = []
    seen: set[QueueName] = set()

    def visit(name: QueueName) -> None:
        if name not in seen and name in queues:
            seen.add(name)
            following = queues[name].dead_letter_queue
            if following is not None:
                visit(following)
            order.append(name)

    for name in sorted(queues):
        visit(name)
    return order[::-1]


def _differences(source: QueueSettings, destination: QueueSettings) -> tuple[Difference, ...]:
    return tuple(
        Difference(field, getattr(source, field), getattr(destination, field))
        for field in QueueSettings.__struct_fields__
        if getattr(source, field) != getattr(destination, field)
    )


def _obstacles(plans: Sequence[QueuePlan], capabilities: Capabilities | None) -> list[str]:
    found: list[str] = []
    for one in plans:
        settings, existing = one.settings, one.existing
        name = settings.name
        if existing is not None and existing.fifo != settings.fifo:
            kinds = ("a FIFO queue", "a standard one")
            here, there = kinds if settings.fifo else kinds[::-1]
            found.append(
                f"'{name}' is {here} in the source and {there} in the destination; rename or remove one of them."
            )
        if capabilities is None or existing is not None:
            continue
        if settings.fifo and not capabilities.fifo:
            found.append(f"'{name}' is a FIFO queue, which the {capabilities.name} backend does not have.")
        if settings.key_concurrency is not None and not capabilities.key_concurrency:
            found.append(f"'{name}' limits concurrency by key, which the {capabilities.name} backend cannot.")
        if settings.deduplication_by_group and not capabilities.deduplication_by_group:
            found.append(f"'{name}' recognises repeats by group, which the {capabilities.name} backend cannot.")
    return found


def _losses(plans: Sequence[QueuePlan], source: QueueBackend, destination: QueueBackend) -> list[str]:
    found: list[str] = []
    name = destination.capabilities.name
    if not destination.capabilities.protocol_attributes and any(
        one.existing is None and one.settings.protocol_attributes for one in plans
    ):
        found.append(
            f"The {name} backend does not keep what clients of other protocols noted at queues, such as policies."
        )
    if not sum(one.counts.total for one in plans if not one.empty):
        return found
    if not isinstance(destination, TransferPort | HistorySender):
        found.append(
            f"The {name} backend takes messages in as new ones: time of sending, receive count and "
            "deduplication id are not kept."
        )
        dead = {one.settings.dead_letter_queue for one in plans}
        if any(one.counts.total and one.settings.name in dead for one in plans if not one.empty):
            found.append(f"Dead letters arrive in the {name} backend without their cause and attempts.")
    if source.capabilities.durable and not destination.capabilities.durable:
        found.append(
            f"The {name} backend, as it is set up, may lose in a crash what was just moved (`wipsie doctor` says why)."
        )
    if not destination.capabilities.fifo_delay and any(one.settings.fifo and one.counts.delayed for one in plans):
        found.append(f"The {name} backend keeps no delays of single messages in FIFO queues.")
    if not isinstance(source, TransferPort) and any(one.counts.delayed for one in plans):
        found.append(
            f"The {source.capabilities.name} backend hands over delayed messages only when their delay ends; "
            "they stay until then, and another run moves them."
        )
    return found
