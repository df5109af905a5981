"""Two stores, and what a message is whoever keeps it: shared by the tests of moving."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

from wipsie.kernel.clock import Clock
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import MessageState, QueueBackend, QueueSettings, StoredMessage
from wipsie.queue.transfer import Transfer, TransferOptions
from wipsie.testing.clock import FakeClock

Result = TypeVar("Result")

PAGE = 1000


def transfer(
    source: QueueBackend,
    destination: QueueBackend,
    folder: Path,
    clock: Clock,
    *,
    to: str = "there",
    **options: Any,
) -> Transfer:
    """A run from `source` to `destination`."""
    return Transfer(
        source,
        destination,
        TransferOptions(**options),
        clock=clock,
        source_name="here",
        destination_name=to,
        journal_folder=folder / "journals",
    )


async def messages(backend: QueueBackend, queue: QueueName) -> list[StoredMessage]:
    """Every message of a queue, in order of acceptance."""
    found: list[StoredMessage] = []
    while page := await backend.peek(
        queue, limit=PAGE, after_sequence_number=found[-1].sequence_number if found else 0
    ):
        found += page
    return found


def essence(message: StoredMessage) -> dict[str, Any]:
    """What must not change when a message moves: everything but its number, and whether its key blocks it just now."""
    waits = message.state in (MessageState.READY, MessageState.BLOCKED)
    return {
        **{field: getattr(message, field) for field in StoredMessage.__struct_fields__},
        "attributes": dict(message.attributes),
        "sequence_number": None,
        "state": "waiting" if waits else message.state,
        # A message freed by its key waits from that moment on, so between these two the time may differ.
        "visible_at_ms": None if waits and message.group_id is not None else message.visible_at_ms,
    }


async def contents(backend: QueueBackend) -> dict[QueueName, list[dict[str, Any]]]:
    """The essence of everything a store holds, by queue and in order."""
    return {
        one.name: [essence(each) for each in await messages(backend, one.name)] for one in await backend.list_queues()
    }


async def all_settings(backend: QueueBackend) -> dict[QueueName, QueueSettings]:
    return {one.name: one for one in await backend.list_queues()}


async def finished(clock: FakeClock, work: Awaitable[Result]) -> Result:
    """What the work returns, while time passes for it as it needs."""
    task = asyncio.ensure_future(work)
    while not task.done():
        await clock.advance(0.5)
    return task.result()
