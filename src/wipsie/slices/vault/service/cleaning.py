"""What is done by the clock: what got stuck goes on, what is over is erased. Everything here can be done by several at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from wipsie.blobs.sealing import KeyHolder, KeyRing
from wipsie.database import Database, UnitOfWork
from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Unavailable
from wipsie.slices.vault.domain.conversation.events import TimerEnded
from wipsie.slices.vault.jobs import FetchJob, ProcessJob, job_message
from wipsie.slices.vault.service.conversing.conversing import Begun, Conversing
from wipsie.slices.vault.service.delivering import DeliveryUpkeep
from wipsie.slices.vault.service.export_failures import STUCK, ExportFailures
from wipsie.slices.vault.service.forgetting import Forgetting
from wipsie.slices.vault.store import identities
from wipsie.slices.vault.store.conversations import due_conversations
from wipsie.slices.vault.store.files import stalled_files, touch_files
from wipsie.slices.vault.store.inbox import forget_handled, overdue_senders
from wipsie.slices.vault.store.kept_files import bury_files, of_ids, unwanted_files
from wipsie.slices.vault.store.reports import hold_owner
from wipsie.telemetry.logging import get_logger

LATE_MS: Final = 60_000
"""After this the job that should have done it is taken for lost."""
STALLED_MS: Final = 20 * 60_000
"""Longer than a file is worked on; what it waits for has a time of its own, see `note_waiting`."""
INBOX_KEPT_MS: Final = 9 * 86_400_000
"""Two days more than Meta sends something again."""
UNWANTED_KEPT_MS: Final = 30 * 86_400_000
"""Long enough for staff to see why files are refused."""
_AT_ONCE: Final = 200

_log = get_logger(__name__)


class Cleaner:
    """One per process."""

    def __init__(
        self,
        database: Database,
        keys: KeyHolder,
        clock: Clock,
        conversing: Conversing,
        forgetting: Forgetting,
        delivery_upkeep: DeliveryUpkeep,
        export_failures: ExportFailures,
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._conversing = conversing
        self._forgetting = forgetting
        self._delivery_upkeep = delivery_upkeep
        self._export_failures = export_failures

    async def clean(self) -> dict[str, int]:
        """What was done, by name. KeyMissing, StorageUnavailable."""
        return {
            "conversations": await self._end_timers(),
            "jobs": await self._make_jobs_anew(),
            "lines": await self._delivery_upkeep.revive_lines(),
            "exports": await self._give_up_exports(),
            "erased": await self._erase_stopped(),
            "forgotten": await self._forget_handled() + await self._forget_unwanted(),
        }

    async def end_timer(self, owner: str, deadline_ms: int) -> bool:
        """Let a conversation go on whose time is over; False for one that went on before, or is gone. KeyMissing,
        StorageUnavailable."""

        async def begin(unit: UnitOfWork, ring: KeyRing) -> Begun | None:
            identity = await identities.identity_of(unit.connection, ring, owner)
            if identity is None:
                return None
            return Begun(identity=identity, events=[TimerEnded(id=f"timer:{deadline_ms}", deadline_ms=deadline_ms)])

        return await self._conversing.go_on(begin)

    async def _end_timers(self) -> int:
        async with self._database.read() as connection:
            due = await due_conversations(connection, before_ms=self._clock.now_ms() - LATE_MS, count_max=_AT_ONCE)
        return sum([await _alone(owner, self.end_timer, owner, deadline_ms) for owner, deadline_ms in due])

    async def _make_jobs_anew(self) -> int:
        now_ms = self._clock.now_ms()
        async with self._database.unit_of_work() as unit:
            senders = await overdue_senders(unit.connection, before_ms=now_ms - LATE_MS, count_max=_AT_ONCE)
            files = await stalled_files(unit.connection, before_ms=now_ms - STALLED_MS, count_max=_AT_ONCE)
            await touch_files(unit.connection, files, now_ms=now_ms)
            for job in (*(ProcessJob(sender=one) for one in senders), *(FetchJob(file=one) for one in files)):
                unit.publish(job_message(job, now_s=now_ms / 1000))
        return len(senders) + len(files)

    async def _give_up_exports(self) -> int:
        """Archives whose jobs are dead, or lost: who waits for them is told."""
        stuck = await self._export_failures.stuck(count_max=_AT_ONCE)
        return sum([await _alone(owner, self._export_failures.give_up, owner, id_, STUCK) for owner, id_ in stuck])

    async def _erase_stopped(self) -> int:
        async with self._database.read() as connection:
            owners = await identities.owners_to_erase(connection, now_ms=self._clock.now_ms(), count_max=_AT_ONCE)
        erased = sum([await _alone(owner, self._erase, owner) for owner in owners])
        if erased:
            await self._forgetting.remove_bytes()
        return erased

    async def _erase(self, owner: str) -> bool:
        ring = await self._keys.ring()
        async with self._database.unit_of_work() as unit:
            # From here on they cannot agree again, or it is seen here that they did.
            await hold_owner(unit.connection, owner)
            identity = await identities.identity_of(unit.connection, ring, owner)
            if identity is None or identity.erase_at_ms is None or identity.erase_at_ms > self._clock.now_ms():
                return False
            await self._forgetting.forget(unit, ring, owner)
        return True

    async def _forget_handled(self) -> int:
        async with self._database.begin() as connection:
            return await forget_handled(
                connection, before_ms=self._clock.now_ms() - INBOX_KEPT_MS, count_max=_AT_ONCE * 10
            )

    async def _forget_unwanted(self) -> int:
        """What was refused or discarded has no bytes any more; after a while it has no name either."""
        before_ms = self._clock.now_ms() - UNWANTED_KEPT_MS
        ring = await self._keys.ring()
        async with self._database.begin() as connection:
            files = await unwanted_files(connection, before_ms=before_ms, count_max=_AT_ONCE)
            return len(await bury_files(connection, ring, of_ids(files), now_ms=self._clock.now_ms())) if files else 0


async def _alone(owner: str, work: Callable[..., Awaitable[bool]], *arguments: object) -> bool:
    """Whether it was done. One owner with whom it fails is not in the way of all others, every minute."""
    try:
        return await work(*arguments)
    except Unavailable:
        raise
    except Exception as error:
        _log.error("vault_owner_not_cleaned", owner=owner, error=type(error).__name__)
        return False
