"""Redrive: one bounded step of moving dead letters back. Python chooses, a script moves what is still there."""

from __future__ import annotations

from typing import Any

from wipsie.kernel import json
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit import redrive_filter
from wipsie.queue.backend_kit.extras import Extras
from wipsie.queue.backends.redis.layout import SEQUENCE_DIGITS, KnownQueue, read_dead_letter, read_head
from wipsie.queue.backends.redis.store import RedisStore
from wipsie.queue.contract import RedriveFilter, RedriveStep

LOOK_MAX = 500
"""Most messages looked at in one script call."""


async def redrive(
    store: RedisStore,
    name: QueueName,
    *,
    destination: QueueName | None,
    matching: RedriveFilter | None,
    limit: int,
    after_sequence_number: int,
) -> RedriveStep:
    """Look at up to `limit` messages and move those that match. QueueNotFound, StorageUnavailable."""
    source = await store.queue(name)
    target = None if destination is None else await store.queue(destination)
    wanted = min(limit, LOOK_MAX)
    seen: list[Any] | int = await store.ask(
        store.scripts.look_for_redrive, source.queue_id, after_sequence_number, wanted
    )
    if isinstance(seen, int):
        store.forget(name)
        source = await store.queue(name)
        seen = []
    rows: list[list[Any]] = [seen[place : place + 4] for place in range(0, len(seen), 4)]
    moves: list[Any] = []
    for row in rows:
        moves += await _move(store, source, target, matching, row)
    moved = 0
    if moves:
        moved = sum(await store.change(store.scripts.redrive, source.queue_id, *moves))
    following = int(rows[-1][0][:SEQUENCE_DIGITS]) if len(rows) == wanted else None
    return RedriveStep(moved=moved, skipped=len(rows) - moved, next_sequence_number=following)


async def _move(
    store: RedisStore, source: KnownQueue, target: KnownQueue | None, matching: RedriveFilter | None, row: list[Any]
) -> tuple[Any, ...]:
    """The arguments of `scripts/redrive.lua` for one message; none when it stays."""
    member, head_json, death, is_leased = row
    head = read_head(head_json)
    extras = head.extras or Extras()
    dead_letter = read_dead_letter(death) if death else None
    if is_leased == b"1" or not redrive_filter.matches(matching, dead_letter, head.message_id):
        return ()
    origin = dead_letter.origin if dead_letter is not None else extras.origin
    if target is None and origin is not None:
        target = (await store.queues([origin])).get(origin)
    if target is None or target.queue_id == source.queue_id:
        # Back into the same queue it would come round again and again.
        return ()
    extras.redrive_count += 1
    head.extras = extras
    return target.queue_id, member, json.encode(head)
