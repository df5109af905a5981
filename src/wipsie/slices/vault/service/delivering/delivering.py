"""Sends what waits for one owner, in order, for as long as there is something and nothing is in the way.

look at the head ──► rates, claim ──► attempt ──► record ──┐
   ▲   │ nothing, or not yet: a job for then              │
   └───┴──────────────────────────────────────────────────┘

Whoever finds that the line must wait publishes the job that goes on with it. A worker that dies leaves its own job, which comes
again, and a claim that ends.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.blobs.sealing import KeyHolder, KeyRing
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.slices.vault.domain.sending.body import RECEIPT_KIND
from wipsie.slices.vault.gateways.graph import GraphClient
from wipsie.slices.vault.jobs import DeliverJob, job_message
from wipsie.slices.vault.service.delivering.alarms import AlarmListener, Alarms
from wipsie.slices.vault.service.delivering.attempting import Attempting, OpenFile
from wipsie.slices.vault.service.delivering.metrics import DeliveryMetrics
from wipsie.slices.vault.service.delivering.rates import SendingRates
from wipsie.slices.vault.service.delivering.recording import Recording
from wipsie.slices.vault.service.delivering.silence import Silence
from wipsie.slices.vault.store.deliveries import Claim, GivenUp, Head, claim_head, head_of
from wipsie.slices.vault.store.identities import Identity, identity_of
from wipsie.slices.vault.store.pauses import PausedNumber, pause_of

TURN_S: Final = 60.0
"""After that others have their turn, and this owner another job."""
STEPS_MAX: Final = 1_000
WAIT_HERE_S: Final = 1.0
"""What is over sooner is waited for; anything longer is a job of its own."""
JOB_DELAY_S_MAX: Final = 900.0
"""Amazon SQS holds no message longer. A job that comes too early looks, and makes another."""


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen of an owner's line at one moment."""

    head: Head
    person: Identity | None
    silent: PausedNumber | None


class Delivering:
    """One per process."""

    def __init__(
        self,
        database: Database,
        keys: KeyHolder,
        graph: GraphClient,
        rates: SendingRates,
        clock: Clock,
        metrics: DeliveryMetrics,
        *,
        open_file: OpenFile,
        listener: AlarmListener | None = None,
    ) -> None:
        """`listener`: hears of what somebody must look at, beside the log."""
        self._database = database
        self._keys = keys
        self._rates = rates
        self._clock = clock
        self._silence = Silence(lambda: graph.token, clock)
        self._attempting = Attempting(database, graph, clock, open_file)
        self._recording = Recording(database, clock, self._silence, metrics, Alarms(metrics, listener))

    async def start(self) -> None:
        """Numbers that were silent are tried at once: a process that starts may have another token."""
        async with self._database.unit_of_work() as unit:
            await self._silence.try_all(unit)

    async def deliver(self, owner: str) -> int:
        """Send what waits for `owner`. How many messages WhatsApp took. KeyMissing, StorageUnavailable: later."""
        ring = await self._keys.ring()
        ends_at_s = self._clock.monotonic() + TURN_S
        taken = 0
        for _ in range(STEPS_MAX):
            line = await self._look(ring, owner)
            if line is None:
                return taken
            wait_s = self._wait_s(line)
            claim = None
            if wait_s <= 0:
                if self._clock.monotonic() >= ends_at_s:
                    break
                wait_s, claim = await self._claim(ring, owner, line)
            if wait_s > WAIT_HERE_S:
                await self._go_on_later(owner, wait_s)
                return taken
            if wait_s > 0:
                await self._clock.sleep(wait_s)
            elif isinstance(claim, GivenUp):
                self._recording.given_up(claim)
            elif claim is not None:
                taken += await self._send(ring, claim, line)
        await self._go_on_later(owner, None)
        return taken

    async def _look(self, ring: KeyRing, owner: str) -> _Line | None:
        async with self._database.read() as connection:
            head = await head_of(connection, owner)
            if head is None:
                return None
            return _Line(
                head=head,
                person=await identity_of(connection, ring, owner),
                silent=await pause_of(connection, head.phone_number_id),
            )

    def _wait_s(self, line: _Line) -> float:
        """0.0 when the head may be sent now, as far as the rates allow."""
        due_s = (line.head.due_at_ms - self._clock.now_ms()) / 1000
        return max(due_s, self._silence.wait_s(line.silent))

    async def _claim(self, ring: KeyRing, owner: str, line: _Line) -> tuple[float, Claim | GivenUp | None]:
        """Seconds to wait until the rates allow it, or the claim: None when somebody else has it, or tries the number."""
        if not self._rates.are_in_database and (wait_s := await self._take_rates(owner, line)) > 0:
            return wait_s, None
        async with self._database.begin() as connection:
            # First: a token for a claim that comes to nothing is lost, and that is all.
            if self._rates.are_in_database and (wait_s := await self._take_rates(owner, line, within=connection)) > 0:
                return wait_s, None
            if not await self._silence.may_send(connection, line.silent):
                return 0.0, None
            return 0.0, await claim_head(connection, ring, owner, now_ms=self._clock.now_ms())

    async def _take_rates(self, owner: str, line: _Line, *, within: AsyncConnection | None = None) -> float:
        head = line.head
        return await self._rates.take(head.phone_number_id, owner, is_message=head.kind != RECEIPT_KIND, within=within)

    async def _send(self, ring: KeyRing, claim: Claim, line: _Line) -> bool:
        """Whether WhatsApp took it."""
        attempt = await self._attempting.attempt(ring, claim, line.person)
        return attempt is not None and await self._recording.write(ring, attempt, line.silent)

    async def _go_on_later(self, owner: str, wait_s: float | None) -> None:
        delay_s = None if wait_s is None else min(wait_s, JOB_DELAY_S_MAX)
        async with self._database.unit_of_work() as unit:
            unit.publish(job_message(DeliverJob(owner=owner), now_s=self._clock.now(), delay_s=delay_s))
