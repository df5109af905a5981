"""All queues of the product at one moment, as a summary tells of them."""

from __future__ import annotations

import asyncio

from wipsie.kernel.errors import WipsieError
from wipsie.queue.engine import QueueEngine
from wipsie.slices.asyncops.domain.digest.facts import QueueFact
from wipsie.telemetry.logging import get_logger

LOOK_S_MAX = 10.0

_log = get_logger(__name__)


class AllQueues:
    """Looks at them."""

    def __init__(self, engine: QueueEngine) -> None:
        self._engine = engine

    async def look(self) -> list[QueueFact] | None:
        """Each with the dead letters it left behind. None when that cannot be told soon: a summary without its queues is
        better than none."""
        try:
            async with asyncio.timeout(LOOK_S_MAX):
                return await self._look()
        except (WipsieError, TimeoutError) as error:
            _log.warning("queues_not_seen", reason=str(error))
            return None

    async def _look(self) -> list[QueueFact]:
        counts = {one.queue: one for one in await self._engine.all_counts()}
        queues = await self._engine.list_queues()
        dead_letter_queues = {one.dead_letter_queue for one in queues}
        return [
            QueueFact(
                queue=self._engine.names.short(one.name),
                waiting=counts[one.name].total,
                oldest_s=counts[one.name].oldest_ready_age_s,
                dead_letters=sum(found.total for found in counts.values() if found.queue == one.dead_letter_queue),
                paused=counts[one.name].paused,
            )
            for one in queues
            if one.name not in dead_letter_queues and one.name in counts
        ]
