"""The queues of the product, as incidents about them see them."""

from __future__ import annotations

import asyncio

from wipsie.kernel.errors import WipsieError
from wipsie.queue.contract import QueueCounts
from wipsie.queue.engine import QueueEngine
from wipsie.queue.operations_signal import key_parts
from wipsie.slices.asyncops.schemas.pipelines import PipelineState
from wipsie.telemetry.logging import get_logger

LOOK_S_MAX = 2.0
STUCK_AFTER_S = 300.0
"""As the watch over the pipelines has it."""

_log = get_logger(__name__)


class Pipelines:
    """Looks at queues."""

    def __init__(self, engine: QueueEngine) -> None:
        self._engine = engine

    async def behind(self, dedupe_key: str | None) -> PipelineState | None:
        """How the queue is that an incident with this key is about. None when it is about none, or that cannot be told
        soon: whoever closes an incident must not wait for a store that is away."""
        parts = None if dedupe_key is None else key_parts(dedupe_key)
        if parts is None or parts[1] != "queue":
            return None
        try:
            async with asyncio.timeout(LOOK_S_MAX):
                return await self._look(parts[2])
        except (WipsieError, TimeoutError) as error:
            _log.info("pipeline_not_seen", queue=parts[2], reason=str(error))
            return None

    async def _look(self, queue: str) -> PipelineState:
        stored = self._engine.resolve(queue)
        settings = await self._engine.queue_settings(stored)
        counts = await self._engine.counts(stored)
        dead_letters = 0
        if settings.dead_letter_queue is not None:
            dead_letters = (await self._engine.counts(settings.dead_letter_queue)).total
        return _state(queue, counts, dead_letters)


def _state(queue: str, counts: QueueCounts, dead_letters: int) -> PipelineState:
    age_s = counts.oldest_ready_age_s
    waits_long = not counts.paused and (age_s or 0.0) >= STUCK_AFTER_S
    problems = [
        problem
        for problem in (
            f"its oldest message has waited for {age_s:.0f} s" if waits_long else "",
            f"{dead_letters} dead letters wait there" if dead_letters else "",
            "it is paused" if counts.paused else "",
        )
        if problem
    ]
    sentence = f"{queue} has not recovered: {' and '.join(problems)}." if problems else f"{queue} has recovered."
    return PipelineState(
        queue=queue,
        is_well=not problems,
        sentence=sentence,
        ready=counts.ready,
        oldest_ready_age_s=age_s,
        dead_letters=dead_letters,
        paused=counts.paused,
    )
