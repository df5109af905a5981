"""Move: dead letters into their queue with the cause, and back. Their notes are written here, so a move reads them first
and then moves those messages that still stand as they were read."""

from __future__ import annotations

from collections.abc import Sequence

from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.extras import Extras, read_extras, write_extras
from wipsie.queue.backend_kit.redrive_filter import matches
from wipsie.queue.backend_kit.refusals import dead_letter_queue_missing, no_dead_letter_queue, receipt_expired
from wipsie.queue.backends.postgres.known_queues import KnownQueue
from wipsie.queue.backends.postgres.operations.receipts import Held, look_at, split
from wipsie.queue.backends.postgres.rows import NUMBER_BITS, NUMBER_MASK, State
from wipsie.queue.backends.postgres.store import Store
from wipsie.queue.contract import (
    DeadLetter,
    DeadLetterCause,
    DeadLetterOrder,
    Outcome,
    RedriveFilter,
    RedriveStep,
)


class Mover:
    """Moves messages between queues."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, calls: list[Sequence[DeadLetterOrder]]) -> list[list[Outcome] | BaseException]:
        """Dead-letter orders of many calls; one list of outcomes each."""
        orders = [order for call in calls for order in call]
        held = await look_at(self._store, [(order.queue, order.receipt) for order in orders])
        outcomes: list[Outcome] = [entry if isinstance(entry, WipsieError) else None for entry in held]
        moving: dict[int, tuple[int, Held, KnownQueue]] = {}
        for place, entry in enumerate(held):
            if isinstance(entry, WipsieError):
                continue
            try:
                target = await self._dead_letter_queue(entry.queue)
            except WipsieError as error:
                # A receipt that is not current is told first, as everywhere.
                outcomes[place] = error if entry.key in await self._extras([entry]) else receipt_expired()
                continue
            if entry.key in moving:
                outcomes[place] = receipt_expired()
            else:
                moving[entry.key] = (place, entry, target)
        moved = await self._bury(
            [(entry, target, orders[place].cause) for place, entry, target in moving.values()], undone=False
        )
        for key, (place, _, _) in moving.items():
            if key not in moved:
                outcomes[place] = receipt_expired()
        return split(outcomes, calls)

    async def bury(self, queue: KnownQueue, keys: list[int], lease: int, cause: DeadLetterCause) -> None:
        """Dead-letter messages just claimed under `lease`, as if this receive had not been. QueueNotFound."""
        target = await self._dead_letter_queue(queue)
        await self._bury([(Held(queue, key, lease), target, cause) for key in keys], undone=True)

    async def _dead_letter_queue(self, queue: KnownQueue) -> KnownQueue:
        name = queue.settings.dead_letter_queue
        if name is None:
            # Perhaps it was given one since.
            await self._store.refresh([queue.name])
            now = self._store.queues.get(queue.name)
            name = None if now is None else now.settings.dead_letter_queue
            if name is None:
                raise no_dead_letter_queue(queue.name)
        await self._store.learn([name])
        target = self._store.queues.get(name)
        if target is None:
            raise dead_letter_queue_missing(name)
        return target

    async def _extras(self, held: Sequence[Held]) -> dict[int, str | None]:
        if not held:
            return {}
        rows = await self._store.rows("look_up", [one.key for one in held], [one.lease for one in held])
        return {row[0]: row[1] for row in rows}

    async def _bury(self, orders: list[tuple[Held, KnownQueue, DeadLetterCause]], *, undone: bool) -> set[int]:
        """Keys of those that were moved."""
        known = await self._extras([held for held, _, _ in orders])
        now_ms = self._store.now_ms()
        moves: list[tuple[int, int | None, int, str | None]] = []
        for held, target, cause in orders:
            if held.key in known:
                extras = read_extras(known[held.key])
                extras.dead_letter = DeadLetter(origin=held.queue.name, dead_at_ms=now_ms, cause=cause)
                moves.append((held.key, held.lease, target.queue_id, write_extras(extras)))
        moved = await self._move(now_ms, moves, fresh=False, undone=undone)
        missing = {target.name for held, target, _ in orders if held.key in known and held.key not in moved}
        if missing:
            # The dead-letter queue may have been deleted and made anew.
            await self._store.refresh(missing)
        return moved

    async def _move(
        self, now_ms: int, moves: list[tuple[int, int | None, int, str | None]], *, fresh: bool, undone: bool
    ) -> set[int]:
        if not moves:
            return set()
        moves.sort(key=lambda one: one[0])
        row = await self._store.row(
            "move",
            now_ms,
            sorted({key >> NUMBER_BITS for key, _, _, _ in moves} | {target for _, _, target, _ in moves}),
            [key for key, _, _, _ in moves],
            [lease for _, lease, _, _ in moves],
            [target for _, _, target, _ in moves],
            [extras for _, _, _, extras in moves],
            fresh,
            undone,
        )
        self._store.tell_rows(row[1], row[2], row[3])
        return set(row[0])

    async def redrive(
        self, name: QueueName, destination: QueueName | None, matching: RedriveFilter | None, limit: int, after: int
    ) -> RedriveStep:
        """Look at up to `limit` messages and move those that match. QueueNotFound."""
        store = self._store
        queue = await store.queue(name)
        if destination is not None:
            await store.queue(destination)
        now_ms = store.now_ms()
        rows = await store.rows("peek", now_ms, queue.queue_id, after, limit, None, None)
        moves: list[tuple[int, int | None, int, str | None]] = []
        read: list[tuple[int, Extras, QueueName]] = []
        for row in rows:
            extras = read_extras(row["extras"])
            is_leased = row["state"] == State.LEASED and row["visible_at"] > now_ms
            dead = extras.dead_letter
            target = destination or (dead.origin if dead is not None else extras.origin)
            # Back into the same queue it would come round again and again.
            if is_leased or target is None or target == name or not matches(matching, dead, row["message_id"]):
                continue
            read.append((row["key"], extras, target))
        await store.refresh({target for _, _, target in read})
        for key, extras, target_name in read:
            target = store.queues.get(target_name)
            if target is not None:
                extras.dead_letter = None
                extras.redrive_count += 1
                moves.append((key, None, target.queue_id, write_extras(extras)))
        moved = await self._move(now_ms, moves, fresh=True, undone=False)
        following = rows[-1]["key"] & NUMBER_MASK if len(rows) == limit else None
        return RedriveStep(moved=len(moved), skipped=len(rows) - len(moved), next_sequence_number=following)
