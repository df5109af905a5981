"""Settle leases: acknowledge, extend, give back, dead-letter. Each verb has a lane."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from wipsie.kernel import json
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName, Receipt
from wipsie.queue.backend_kit import refusals
from wipsie.queue.backend_kit.lane import Lane
from wipsie.queue.backends.redis.connection import RedisLink
from wipsie.queue.backends.redis.layout import KnownQueue, ParsedReceipt, parse_receipt
from wipsie.queue.backends.redis.store import RedisStore
from wipsie.queue.contract import DeadLetterOrder, Outcome, VisibilityChange

ITEMS_MAX = 1000
"""Most receipts in one script call."""
_DONE, _EXPIRED, _NO_DEAD_LETTER_QUEUE, _GONE = 0, 1, 2, -1

ItemT = TypeVar("ItemT")
Ask = Callable[[list[tuple[ItemT, ParsedReceipt]], int], Awaitable[list[Any]]]
"""Runs the script of a verb for items whose receipts are well formed; one answer each. The number is the time in ms."""


class Settler:
    """The lanes of `delete`, `change_visibility` and `dead_letter`."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self.link = RedisLink(store.address, store.prefix)
        """Of acknowledgements, which are as frequent as sends; the others share the link of the store."""
        self.deletes = _lane("delete", self._delete)
        self.changes = _lane("change-visibility", self._change)
        self.dead_letters = _lane("dead-letter", self._dead_letter)

    def give_back(self, changes: Sequence[VisibilityChange]) -> None:
        """Give back what was received for a caller that has gone. Nobody waits for it: when it cannot be done now, the
        leases end by themselves."""
        try:
            done = self.changes.submit(changes)
        except WipsieError:
            return
        done.add_done_callback(_ignore)

    async def _delete(self, receipts: list[tuple[QueueName, Receipt]]) -> list[Outcome]:
        async def ask(items: list[tuple[tuple[QueueName, Receipt], ParsedReceipt]], now_ms: int) -> list[Any]:
            # The script takes sections of one queue each.
            sections: dict[str, list[int]] = {}
            for place, (_, parsed) in enumerate(items):
                sections.setdefault(parsed.queue_id, []).append(place)
            arguments: list[Any] = []
            for queue_id, places in sections.items():
                arguments += (queue_id, len(places))
                for place in places:
                    parsed = items[place][1]
                    arguments += (parsed.member, parsed.lease)
            answers = await self._store.run(self.link, self._store.scripts.delete, arguments, now_ms=now_ms)
            order = [place for places in sections.values() for place in places]
            results: list[Any] = [None] * len(items)
            for place, answer in zip(order, answers, strict=True):
                results[place] = answer
            return results

        return await self._settle(receipts, [(queue, receipt) for queue, receipt in receipts], ask)

    async def _change(self, changes: list[VisibilityChange]) -> list[Outcome]:
        async def ask(items: list[tuple[VisibilityChange, ParsedReceipt]], now_ms: int) -> list[Any]:
            arguments: list[Any] = []
            for change, parsed in items:
                at_ms = now_ms + int(change.visibility_timeout_s * 1000)
                mode = 2 if change.undo_receive else int(change.release)
                arguments += (parsed.queue_id, parsed.member, parsed.lease, at_ms, mode)
            scripts = self._store.scripts
            return await self._store.run(self._store.link, scripts.change_visibility, arguments, now_ms=now_ms)

        return await self._settle(changes, [(change.queue, change.receipt) for change in changes], ask)

    async def _dead_letter(self, orders: list[DeadLetterOrder]) -> list[Outcome]:
        async def ask(items: list[tuple[DeadLetterOrder, ParsedReceipt]], now_ms: int) -> list[Any]:
            arguments: list[Any] = []
            for order, parsed in items:
                arguments += (parsed.queue_id, parsed.member, parsed.lease, json.encode(order.cause))
            return await self._store.run(self._store.link, self._store.scripts.dead_letter, arguments, now_ms=now_ms)

        return await self._settle(orders, [(order.queue, order.receipt) for order in orders], ask)

    async def _settle(
        self, items: Sequence[ItemT], receipts: Sequence[tuple[QueueName, Receipt]], ask: Ask[ItemT]
    ) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        asked: list[tuple[int, ItemT, ParsedReceipt]] = []
        parsed: list[ParsedReceipt | WipsieError] = []
        for _, receipt in receipts:
            try:
                parsed.append(parse_receipt(receipt))
            except WipsieError as error:
                parsed.append(error)
        known = await self._known(receipts, parsed)
        for place, entry in enumerate(parsed):
            name = receipts[place][0]
            queue = known.get(name)
            if queue is None:
                outcomes[place] = refusals.queue_not_found(name)
            elif isinstance(entry, WipsieError):
                outcomes[place] = entry
            elif entry.queue_id != queue.queue_id:
                outcomes[place] = refusals.receipt_of_another_queue(name)
            else:
                asked.append((place, items[place], entry))
        for start in range(0, len(asked), ITEMS_MAX):
            part = asked[start : start + ITEMS_MAX]
            answers = await ask([(item, entry) for _, item, entry in part], self._store.time.now_ms())
            for (place, _, _), answer in zip(part, answers, strict=True):
                outcomes[place] = None if answer == _DONE else self._refusal(receipts[place][0], answer)
        return [outcomes[place] for place in range(len(items))]

    async def _known(
        self, receipts: Sequence[tuple[QueueName, Receipt]], parsed: Sequence[ParsedReceipt | WipsieError]
    ) -> dict[str, KnownQueue]:
        names = {name for name, _ in receipts}
        known = await self._store.queues(names)
        doubtful = {
            name
            for (name, _), entry in zip(receipts, parsed, strict=True)
            if name in known and isinstance(entry, ParsedReceipt) and entry.queue_id != known[name].queue_id
        }
        if doubtful:
            # Perhaps the queue was deleted and created anew since we looked it up.
            await self._store.refresh(doubtful)
            known = await self._store.queues(names)
        return known

    def _refusal(self, name: QueueName, answer: Any) -> WipsieError:
        if isinstance(answer, bytes):
            return refusals.dead_letter_queue_missing(answer.decode())
        if answer == _GONE:
            self._store.forget(name)
            return refusals.queue_not_found(name)
        if answer == _NO_DEAD_LETTER_QUEUE:
            return refusals.no_dead_letter_queue(name)
        return refusals.receipt_expired()


def _lane(name: str, settle: Callable[[list[ItemT]], Awaitable[list[Outcome]]]) -> Lane[Sequence[ItemT], list[Outcome]]:
    """A lane whose calls bring many items each."""

    async def run(calls: list[Sequence[ItemT]]) -> list[list[Outcome]]:
        outcomes = await settle([item for call in calls for item in call])
        answers: list[list[Outcome]] = []
        start = 0
        for call in calls:
            answers.append(outcomes[start : start + len(call)])
            start += len(call)
        return answers

    return Lane(run, name=name, waits_for="Redis", weigh=len, weight_max=ITEMS_MAX)


def _ignore(done: asyncio.Future[list[Outcome]]) -> None:
    if not done.cancelled():
        done.exception()
