"""Receive: lease the most urgent ready messages, for all waiting calls and queues in one statement."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from itertools import islice

import msgspec

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import MessageId, QueueName
from wipsie.queue.backend_kit.causes import receive_limit_cause
from wipsie.queue.backend_kit.extras import add_extras
from wipsie.queue.backend_kit.refusals import queue_not_found
from wipsie.queue.backends.postgres.driver import Row
from wipsie.queue.backends.postgres.known_queues import KnownQueue
from wipsie.queue.backends.postgres.marks import EVERYWHERE, DueMark, ReadyMarks
from wipsie.queue.backends.postgres.operations.move import Mover
from wipsie.queue.backends.postgres.rows import LEASE_BITS, NUMBER_MASK, make_receipt
from wipsie.queue.backends.postgres.store import Store
from wipsie.queue.contract import Delivery, Priority

Claim = tuple[list[Delivery], int | None]
"""Deliveries, and with none: when the next delay or lease of any queue ends."""

_MESSAGE, _NOTHING, _CHANGED = 0, 1, 2
_FROM_THE_BEGINNING = [EVERYWHERE] * 3
_SHORT_S = 0.05
_ENDED_MAX = 1000
"""Delays and leases ended in one statement, as it says."""
_PRIORITIES = {int(priority): priority for priority in Priority}
_ROUNDS_MAX = 1000
"""A round that meets poison moves it away and looks again; there may be a lot of it."""


class Ask(msgspec.Struct, frozen=True):
    """One receive."""

    queue: QueueName
    max_messages: int
    visibility_timeout_s: float | None


class _Share:
    """Asks for one queue with one lease time: claimed together, dealt out in order."""

    __slots__ = ("asked_timeout_s", "deliveries", "lease", "next_due_ms", "queue", "refusal", "until_ms", "wanted")

    def __init__(self, queue: KnownQueue, asked_timeout_s: float | None) -> None:
        self.queue = queue
        self.asked_timeout_s = asked_timeout_s
        self.wanted = 0
        self.lease = 0
        self.until_ms = 0
        self.deliveries: list[Delivery] = []
        self.next_due_ms: int | None = None
        self.refusal: WipsieError | None = None

    @property
    def timeout_s(self) -> float:
        asked = self.asked_timeout_s
        return self.queue.settings.visibility_timeout_s if asked is None else asked


class Receiver:
    """Receives for batches of calls."""

    def __init__(self, store: Store, mover: Mover, clock: Clock, *, is_real: bool) -> None:
        """`is_real`: the clock moves by itself."""
        self._store = store
        self._mover = mover
        self._clock = clock
        self._ready = ReadyMarks(clock, is_real=is_real)
        self._due = DueMark(clock, is_real=is_real)

    async def run(self, asks: list[Ask]) -> list[Claim | BaseException]:
        """One claim for each ask, or its refusal."""
        await self._store.learn(ask.queue for ask in asks)
        shares = self._share_out(asks)
        for _ in range(_ROUNDS_MAX):
            open_shares = [share for share in shares.values() if share.wanted > len(share.deliveries)]
            if not open_shares or not await self._claim(open_shares):
                break
        return self._deal(asks, shares)

    def _share_out(self, asks: Sequence[Ask]) -> dict[tuple[str, float | None], _Share]:
        shares: dict[tuple[str, float | None], _Share] = {}
        for ask in asks:
            queue = self._store.queues.get(ask.queue)
            if queue is None:
                continue
            place = (ask.queue, ask.visibility_timeout_s)
            share = shares.get(place)
            if share is None:
                share = shares[place] = _Share(queue, ask.visibility_timeout_s)
            share.wanted += ask.max_messages
        return shares

    def _deal(self, asks: Sequence[Ask], shares: dict[tuple[str, float | None], _Share]) -> list[Claim | BaseException]:
        claims: list[Claim | BaseException] = []
        for ask in asks:
            share = shares.get((ask.queue, ask.visibility_timeout_s))
            if share is None or self._store.queues.get(ask.queue) is None:
                claims.append(queue_not_found(ask.queue))
                continue
            mine = share.deliveries
            if len(mine) > ask.max_messages:
                mine, share.deliveries = mine[: ask.max_messages], mine[ask.max_messages :]
            else:
                share.deliveries = []
            if not mine and share.refusal is not None:
                claims.append(share.refusal)
            else:
                claims.append((mine, None if mine else share.next_due_ms))
        return claims

    async def _claim(self, shares: list[_Share]) -> bool:
        """One statement; True when it met poison or new settings, so that another may find more."""
        store = self._store
        now_ms = store.now_ms()
        for share in shares:
            share.lease = secrets.randbits(LEASE_BITS)
            share.until_ms = now_ms + int(share.timeout_s * 1000)
        due_after = self._due.after()
        marks = [self._ready.begins(share.queue.queue_id) for share in shares]
        started_s = self._clock.monotonic()
        rows = await store.rows(
            "receive",
            now_ms,
            due_after,
            self._due.until(now_ms),
            [share.queue.queue_id for share in shares],
            [share.queue.version for share in shares],
            [0 if share.queue.settings.paused else share.wanted - len(share.deliveries) for share in shares],
            [share.until_ms for share in shares],
            [share.lease for share in shares],
            [mark for three in marks for mark in three],
        )
        took_s = self._clock.monotonic() - started_s
        self._due.looked(due_after, now_ms, complete=rows[0][1] < _ENDED_MAX, took_s=took_s)
        found: list[list[Row]] = [[] for _ in shares]
        changed: list[_Share] = []
        again = False
        for row in islice(rows, 1, None):
            place: int = row[1] - 1
            if row[0] == _MESSAGE:
                found[place].append(row)
            elif row[0] == _NOTHING:
                shares[place].next_due_ms = row[5]
                if row[7] and marks[place] != _FROM_THE_BEGINNING:
                    again |= self._look_from_the_beginning(shares[place], now_ms)
            else:
                changed.append(shares[place])
                again = True
        for share, three, claimed in zip(shares, marks, found, strict=True):
            oldest: dict[int, int] = {}
            for row in claimed:
                oldest[row[4]] = min(row[5], oldest.get(row[4], row[5]))
            everywhere = three == _FROM_THE_BEGINNING
            self._ready.looked(share.queue.queue_id, everywhere=everywhere, took_s=took_s, oldest=oldest)
        for share, claimed in zip(shares, found, strict=True):
            if claimed:
                again |= await self._take(share, claimed, now_ms)
        if changed:
            await self._renew(changed)
        return again

    def _look_from_the_beginning(self, share: _Share, now_ms: int) -> bool:
        """Messages are ready, but none was found where we looked: True when we may look everywhere now; else this receive
        comes again when we may."""
        wait_s = self._ready.full_in_s(share.queue.queue_id)
        if wait_s <= _SHORT_S:
            self._ready.forget(share.queue.queue_id)
            return True
        at_ms = now_ms + int(wait_s * 1000) + 1
        share.next_due_ms = at_ms if share.next_due_ms is None else min(share.next_due_ms, at_ms)
        return False

    async def _renew(self, changed: list[_Share]) -> None:
        await self._store.refresh(share.queue.name for share in changed)
        for share in changed:
            queue = self._store.queues.get(share.queue.name)
            if queue is None:
                # Deleted meanwhile: dealing out says so.
                share.wanted = 0
                continue
            share.queue = queue

    async def _take(self, share: _Share, claimed: list[Row], now_ms: int) -> bool:
        """Make deliveries of rows; True when some were poison and moved away."""
        settings = share.queue.settings
        aging_ms = int(settings.aging_s * 1000)
        if len(claimed) > 1:
            claimed.sort(key=lambda row: (row[5] + row[4] * aging_ms, row[2]))
        poison: list[int] = []
        deliveries = share.deliveries
        limit = None if settings.dead_letter_queue is None else settings.max_receive_count
        name, lease, until_ms = settings.name, share.lease, share.until_ms
        for row in claimed:
            _, _, key, message_id, priority, waiting_since, sent_at, count, first_received, group_id, extras, body = row
            if limit is not None and count > limit:
                poison.append(key)
                continue
            delivery = Delivery(
                queue=name,
                message_id=MessageId(message_id),
                receipt=make_receipt(key, lease),
                body=body,
                attributes={},
                priority=_PRIORITIES[priority],
                sequence_number=key & NUMBER_MASK,
                sent_at_ms=sent_at,
                waiting_since_ms=waiting_since,
                received_at_ms=now_ms,
                lease_until_ms=until_ms,
                receive_count=count,
                first_received_at_ms=first_received,
                group_id=group_id,
            )
            if extras is not None:
                add_extras(delivery, extras)
            deliveries.append(delivery)
        self._store.tell({}, {name: until_ms})
        if not poison:
            return False
        try:
            await self._mover.bury(share.queue, poison, lease, receive_limit_cause(settings.max_receive_count))
        except WipsieError as error:
            # It stays leased, is handed out to nobody, and is tried again when its lease ends.
            share.refusal = error
            return False
        return True
