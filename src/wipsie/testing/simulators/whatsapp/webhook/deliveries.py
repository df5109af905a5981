"""Brings webhooks to the callback: many at a time, again when they were not taken, and for seven days at most.

gathered ─► waiting ─► attempt ─► 200: acknowledged
               ▲          │
               └── gap ◄──┴─► anything else, until `retry_for_s` have passed: dropped
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from wipsie.testing.simulators.whatsapp.escaped_json import escaped_ascii, signature_of
from wipsie.testing.simulators.whatsapp.faults import Fault, Faults
from wipsie.testing.simulators.whatsapp.identifiers import Identifiers
from wipsie.testing.simulators.whatsapp.log import Attempt, Log
from wipsie.testing.simulators.whatsapp.settings import (
    WEBHOOK_BYTES_MAX,
    WEBHOOK_UPDATES_MAX,
    Account,
    Behaviour,
    Bounds,
)
from wipsie.testing.simulators.whatsapp.timetable import Timetable
from wipsie.testing.simulators.whatsapp.virtual_clock import VirtualClock
from wipsie.testing.simulators.whatsapp.webhook.courier import Answer, Courier
from wipsie.testing.simulators.whatsapp.webhook.envelope import Update, envelope, summary_of
from wipsie.testing.simulators.whatsapp.webhook.gathering import TooMuchWaiting

_LOOK_AHEAD = 200
"""How many that wait are looked at for one whose turn it is."""


class Delivery(msgspec.Struct, kw_only=True):
    """One body on its way."""

    id: str
    body: bytes
    updates: list[Update]
    orders: frozenset[str]
    """Empty for a copy: it waits for nobody."""
    first_ms: int
    attempts: int = 0
    is_copy: bool = False


class Deliveries:
    """One per simulator."""

    def __init__(
        self,
        courier: Courier,
        *,
        account: Account,
        behaviour: Behaviour,
        bounds: Bounds,
        clock: VirtualClock,
        timetable: Timetable,
        faults: Faults,
        identifiers: Identifiers,
        log: Log,
        acknowledged: Callable[[list[Update]], None],
    ) -> None:
        self._courier = courier
        self._account = account
        self._behaviour = behaviour
        self._bounds = bounds
        self._clock = clock
        self._timetable = timetable
        self._faults = faults
        self._identifiers = identifiers
        self._log = log
        self._acknowledged = acknowledged
        self._ready: deque[Delivery] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._busy_orders: set[str] = set()
        self._number = 0
        self._count = 0
        self._bytes = 0
        self._verified: str | None = None
        self._verifying = asyncio.Lock()
        self._stopped = False

    @property
    def waiting(self) -> int:
        """Bodies that are not acknowledged and not given up."""
        return self._count

    @property
    def is_full(self) -> bool:
        return self._count >= self._bounds.deliveries or self._bytes >= self._bounds.delivery_bytes

    @property
    def running(self) -> set[asyncio.Task[None]]:
        """Attempts of this moment."""
        return self._running

    @property
    def verified_url(self) -> str | None:
        """The callback, once it answered a verification."""
        return self._verified

    def release(self, updates: list[Update]) -> None:
        """Make a body of them, and bring it. Bodies that would be too large become several. TooMuchWaiting."""
        body = escaped_ascii(envelope(self._account, updates))
        if len(updates) > 1 and (len(body) > WEBHOOK_BYTES_MAX or len(updates) > WEBHOOK_UPDATES_MAX):
            middle = len(updates) // 2
            self.release(updates[:middle])
            self.release(updates[middle:])
            return
        if self._count >= self._bounds.deliveries or self._bytes + len(body) > self._bounds.delivery_bytes:
            raise TooMuchWaiting(f"{self._count} webhooks wait to be delivered.")
        self._number += 1
        self._count += 1
        self._bytes += len(body)
        delivery = Delivery(
            id=f"webhook-{self._number}",
            body=body,
            updates=updates,
            orders=frozenset(update.order for update in updates),
            first_ms=self._clock.now_ms(),
        )
        late = self._faults.take("latency")
        copies = self._faults.take("duplicate")
        self._timetable.after(late.seconds if late is not None else 0, lambda: self._begin(delivery, copies))

    async def verify(self) -> Answer:
        """Ask the callback whether it is the right one."""
        url = self._account.callback_url
        if url is None:
            return Answer(None, "No callback is set.")
        answer = await self._courier.verify(url, self._account.verify_token, self._identifiers.challenge())
        self._verified = url if answer.status_code == 200 and not answer.reason else None
        return answer

    def start(self) -> None:
        """Tasks may run from now on."""
        self._stopped = False
        self._pump()

    async def stop(self) -> None:
        """End all attempts; what waits is lost."""
        self._stopped = True
        self._ready.clear()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _begin(self, delivery: Delivery, copies: Fault | None) -> None:
        self._enqueue(delivery)
        if copies is None:
            return
        for number in range(copies.count):
            copy = msgspec.structs.replace(delivery, orders=frozenset(), is_copy=True)
            if copies.together and (number == 0 or copies.seconds == 0):
                self._ready.append(copy)
            else:
                self._timetable.after(copies.seconds, lambda copy=copy: self._enqueue(copy))
        self._pump()

    def _enqueue(self, delivery: Delivery) -> None:
        self._ready.append(delivery)
        self._pump()

    def _pump(self) -> None:
        while not self._stopped and len(self._running) < self._behaviour.webhook_concurrency:
            delivery = self._next_ready()
            if delivery is None:
                return
            self._busy_orders |= delivery.orders
            task = asyncio.get_running_loop().create_task(self._attempt(delivery), name=delivery.id)
            self._running.add(task)
            task.add_done_callback(lambda task, delivery=delivery: self._ended(task, delivery))

    def _next_ready(self) -> Delivery | None:
        passed: set[str] = set()
        for index, delivery in enumerate(self._ready):
            if index >= _LOOK_AHEAD:
                return None
            # One that has to wait keeps those behind it in order too.
            if delivery.orders & (self._busy_orders | passed):
                passed |= delivery.orders
                continue
            del self._ready[index]
            return delivery
        return None

    def _ended(self, task: asyncio.Task[None], delivery: Delivery) -> None:
        self._running.discard(task)
        self._busy_orders -= delivery.orders
        self._pump()

    async def _attempt(self, delivery: Delivery) -> None:
        delivery.attempts += 1
        attempt = Attempt(
            number=self._log.next_number(),
            at_ms=self._clock.now_ms(),
            delivery_id=delivery.id,
            attempt=delivery.attempts,
            updates=len(delivery.updates),
            summary=summary_of(delivery.updates),
            signature=None,
            body=delivery.body,
            duplicate=delivery.is_copy,
        )
        answer = await self._try(delivery, attempt)
        attempt.status_code = answer.status_code
        attempt.reason = answer.reason
        if answer.status_code == 200 and not answer.reason:
            attempt.outcome = "acknowledged"
            self._acknowledged(delivery.updates)
            self._done(delivery)
        else:
            attempt.outcome = "refused" if answer.status_code is not None else "failed"
            attempt.next_at_ms = self._again(delivery)
        self._log.add_attempt(attempt)

    async def _try(self, delivery: Delivery, attempt: Attempt) -> Answer:
        url = self._account.callback_url
        if url is None:
            return Answer(None, "No callback is set.")
        if self._behaviour.verify_first and self._verified != url:
            async with self._verifying:
                answer = await self.verify() if self._verified != url else Answer(200)
            if self._verified != url:
                return Answer(answer.status_code, f"Not verified. {answer.reason}".strip())
        bad = self._faults.take("bad_signature")
        attempt.signature = self._signature(delivery.body, bad)
        headers = {"Content-Type": "application/json"}
        if attempt.signature is not None:
            headers["X-Hub-Signature-256"] = attempt.signature
        broken = self._faults.take("reset_webhook")
        if broken is not None:
            return await self._courier.break_off(url, delivery.body, headers, whole=broken.moment == "after")
        return await self._courier.post(url, delivery.body, headers)

    def _signature(self, body: bytes, bad: Fault | None) -> str | None:
        right = signature_of(body, self._account.app_secret)
        if bad is None:
            return right
        if bad.signature == "missing":
            return None
        if bad.signature == "short":
            return right[:-8]
        if bad.signature == "other_bytes":
            return signature_of(body + b" ", self._account.app_secret)
        return signature_of(body, f"not-{self._account.app_secret}")

    def _again(self, delivery: Delivery) -> int | None:
        gaps = self._behaviour.retry_gaps_s
        if delivery.is_copy or not gaps:
            self._done(delivery)
            return None
        gap_s = gaps[min(delivery.attempts, len(gaps)) - 1]
        at_ms = self._clock.now_ms() + round(gap_s * 1000)
        if at_ms > delivery.first_ms + self._behaviour.retry_for_s * 1000:
            self._done(delivery)
            return None
        # Through the timetable even when at once: this attempt must have ended before the next begins.
        self._timetable.at(at_ms, lambda: self._enqueue(delivery))
        return at_ms

    def _done(self, delivery: Delivery) -> None:
        if not delivery.is_copy:
            self._count -= 1
            self._bytes -= len(delivery.body)
