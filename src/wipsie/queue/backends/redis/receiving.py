"""Receive: all claims that wait are made by one script call."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from wipsie.kernel.errors import StorageUnavailable
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit import refusals
from wipsie.queue.backend_kit.lane import Lane
from wipsie.queue.backend_kit.receiving import receive_or_wait
from wipsie.queue.backends.redis.connection import RedisLink
from wipsie.queue.backends.redis.layout import read_dead_letter, split_message, write_receipt
from wipsie.queue.backends.redis.settling import Settler
from wipsie.queue.backends.redis.store import RedisStore
from wipsie.queue.contract import Delivery, Priority, VisibilityChange

MESSAGES_MAX = 1000
"""Most messages that the claims of one script call may ask for together."""
_GONE = -1
_PRIORITIES = tuple(Priority)
_PRIORITY_AT = 14
"""Where the priority stands in a member."""

Claimed = tuple[list[Delivery], int | None]
"""Deliveries, and with none: when the next delay or lease ends."""


class Claim(NamedTuple):
    """One look into a queue."""

    queue: QueueName
    max_messages: int
    visibility_timeout_s: float | None


class Receiver:
    """The lane of claims."""

    def __init__(self, store: RedisStore, settler: Settler) -> None:
        self._store = store
        self._settler = settler
        self.is_stopping = False
        self.link = RedisLink(store.address, store.prefix)
        self.lane: Lane[Claim, Claimed] = Lane(
            self._run,
            name="receive",
            waits_for="Redis",
            weigh=lambda claim: claim.max_messages,
            weight_max=MESSAGES_MAX,
            abandoned=self._abandoned,
        )

    async def receive(self, claim: Claim, wait_s: float) -> list[Delivery]:
        """Claim what is ready, or wait for it. QueueNotFound, StorageUnavailable."""
        has_looked = False

        async def look() -> Claimed:
            nonlocal has_looked
            try:
                found = await self.lane.call(claim)
            except StorageUnavailable:
                # Who waits already goes on waiting while Redis is away; who has just come is told.
                if not has_looked:
                    raise
                return [], None
            has_looked = True
            return found

        return await receive_or_wait(
            look,
            waiters=self._store.waiters,
            clock=self._store.clock,
            now_ms=self._store.time.now_ms,
            queue=claim.queue,
            wait_s=wait_s,
            is_stopping=lambda: self.is_stopping,
        )

    async def _run(self, claims: list[Claim]) -> Sequence[Claimed | BaseException]:
        results: dict[int, Claimed | BaseException] = {}
        waiting: list[tuple[int, Claim]] = list(enumerate(claims))
        # Twice, because a queue may have been deleted and created anew since we looked it up.
        for _ in range(2):
            known = await self._store.queues({claim.queue for _, claim in waiting})
            arguments: list[Any] = []
            asked: list[tuple[int, Claim, str]] = []
            for place, claim in waiting:
                queue = known.get(claim.queue)
                if queue is None:
                    results[place] = refusals.queue_not_found(claim.queue)
                    continue
                lease = secrets.token_hex(8)
                timeout_s = claim.visibility_timeout_s
                timeout_ms = "" if timeout_s is None else int(timeout_s * 1000)
                arguments += (queue.queue_id, claim.max_messages, timeout_ms, lease)
                asked.append((place, claim, lease))
            waiting = []
            if asked:
                now_ms = self._store.time.now_ms()
                answers = await self._store.run(self.link, self._store.scripts.receive, arguments, now_ms=now_ms)
                for (place, claim, lease), answer in zip(asked, answers, strict=True):
                    if answer == _GONE:
                        self._store.forget(claim.queue)
                        waiting.append((place, claim))
                    elif isinstance(answer, bytes):
                        results[place] = refusals.dead_letter_queue_missing(answer.decode())
                    else:
                        results[place] = _claimed(claim.queue, known[claim.queue].queue_id, lease, now_ms, answer)
            if not waiting:
                break
        return [results.get(place) or refusals.queue_not_found(claim.queue) for place, claim in enumerate(claims)]

    def _abandoned(self, claim: Claim, claimed: Claimed) -> None:
        del claim
        deliveries, _ = claimed
        if deliveries:
            self._settler.give_back(
                [VisibilityChange(one.queue, one.receipt, 0, undo_receive=True) for one in deliveries]
            )


def _claimed(queue: QueueName, queue_id: str, lease: str, now_ms: int, answer: list[Any]) -> Claimed:
    lease_until_ms, next_due_ms, members, *columns = answer
    if not members:
        return [], None if next_due_ms < 0 else next_due_ms
    deliveries: list[Delivery] = []
    for member_bytes, since, value, count, first, death in zip(members, *columns, strict=True):
        member = member_bytes.decode()
        head, body = split_message(value)
        delivery = Delivery(
            queue=queue,
            message_id=head.message_id,
            receipt=write_receipt(queue_id, member, lease),
            body=body,
            attributes={},
            priority=_PRIORITIES[int(member[_PRIORITY_AT])],
            sequence_number=int(member[:_PRIORITY_AT]),
            sent_at_ms=head.sent_at_ms,
            waiting_since_ms=int(since),
            received_at_ms=now_ms,
            lease_until_ms=lease_until_ms,
            receive_count=count,
            first_received_at_ms=int(first),
            group_id=head.group_id,
        )
        if head.extras is not None:
            delivery.attributes = head.extras.attributes
            delivery.deduplication_id = head.extras.deduplication_id
            delivery.redrive_count = head.extras.redrive_count
        if death:
            delivery.dead_letter = read_dead_letter(death)
        deliveries.append(delivery)
    return deliveries, None
