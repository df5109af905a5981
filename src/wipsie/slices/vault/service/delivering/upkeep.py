"""What sending needs by the clock: lines whose job was lost go on, files are deleted at Meta, and what was said is forgotten."""

from __future__ import annotations

from typing import Final

import msgspec

from wipsie.blobs.sealing import KeyHolder
from wipsie.database import Database
from wipsie.kernel.clock import Clock
from wipsie.slices.vault.gateways.graph import GraphClient, GraphFailure
from wipsie.slices.vault.jobs import DeliverJob, job_message
from wipsie.slices.vault.service.delivering.metrics import DeliveryMetrics
from wipsie.slices.vault.store.deliveries import (
    count_waiting,
    files_to_delete,
    forget_bodies,
    forget_old_bodies,
    forget_settled,
    overdue_owners,
)
from wipsie.slices.vault.store.pauses import paused_numbers
from wipsie.telemetry.logging import get_logger

OVERDUE_S: Final = 300.0
"""A job that comes this late is lost; one too many does no harm."""
OWNERS_MAX: Final = 500
FILES_MAX: Final = 50
ROWS_MAX: Final = 1_000

_log = get_logger(__name__)


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long deliveries are kept."""

    body_s: float = 3 * 86_400.0
    """What was said, of what failed or of what WhatsApp never told that it arrived."""
    row_s: float = 90 * 86_400.0
    """That something was said; statuses come for 30 days."""


class DeliveryUpkeep:
    """One per process. Each run does a bounded part; the next one goes on."""

    def __init__(
        self,
        database: Database,
        keys: KeyHolder,
        graph: GraphClient,
        clock: Clock,
        metrics: DeliveryMetrics,
        *,
        retention: Retention | None = None,
    ) -> None:
        self._database = database
        self._keys = keys
        self._graph = graph
        self._clock = clock
        self._metrics = metrics
        self._retention = retention or Retention()

    async def run(self) -> None:
        """All of it. KeyMissing, StorageUnavailable."""
        await self.revive_lines()
        await self.delete_files()
        await self.forget()

    async def revive_lines(self) -> int:
        """Make a job for each owner whose line stands still though it is due. How many."""
        before_ms = self._before_ms(OVERDUE_S)
        async with self._database.unit_of_work() as unit:
            owners = await overdue_owners(unit.connection, before_ms=before_ms, count_max=OWNERS_MAX)
            for owner in owners:
                unit.publish(job_message(DeliverJob(owner=owner), now_s=self._clock.now()))
        return len(owners)

    async def delete_files(self) -> int:
        """Delete files at Meta that arrived, or were not to; best effort, since they end there by themselves after 30 days. How many."""
        ring = await self._keys.ring()
        async with self._database.read() as connection:
            files = await files_to_delete(
                connection, ring, settled_before_ms=self._before_ms(self._retention.body_s), count_max=FILES_MAX
            )
        deleted = 0
        for file in files:
            if file.media_id is not None:
                try:
                    deleted += await self._graph.delete_media(file.media_id)
                except GraphFailure as error:
                    _log.info("vault_file_not_deleted_at_meta", delivery=file.delivery_id, error=str(error))
        if files:
            async with self._database.begin() as connection:
                await forget_bodies(connection, [file.delivery_id for file in files])
        return deleted

    async def forget(self) -> None:
        """Forget what was said long ago, and later that it was."""
        async with self._database.begin() as connection:
            await forget_old_bodies(connection, before_ms=self._before_ms(self._retention.body_s), count_max=ROWS_MAX)
            await forget_settled(connection, before_ms=self._before_ms(self._retention.row_s), count_max=ROWS_MAX)

    async def refresh_metrics(self) -> None:
        """Bring the gauges up to date."""
        async with self._database.read() as connection:
            self._metrics.waiting.set(await count_waiting(connection))
            self._metrics.paused.set(len(await paused_numbers(connection)))

    def _before_ms(self, age_s: float) -> int:
        return self._clock.now_ms() - round(age_s * 1000)
