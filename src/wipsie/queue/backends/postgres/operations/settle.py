"""Settle leases: delete acknowledged messages, move the end of leases, give messages back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wipsie.kernel.errors import WipsieError
from wipsie.kernel.ids import QueueName, Receipt
from wipsie.queue.backend_kit.refusals import receipt_expired
from wipsie.queue.backends.postgres.known_queues import ids_and_versions
from wipsie.queue.backends.postgres.operations.receipts import Held, look_at, split
from wipsie.queue.backends.postgres.store import CHANGED_TRIES, Store, still_changing
from wipsie.queue.contract import Outcome, VisibilityChange

Receipts = Sequence[tuple[QueueName, Receipt]]
_Place = tuple[int, Held]
"""Where in the batch, and what is there."""


class Deleter:
    """Acknowledges for batches of calls."""

    def __init__(self, store: Store, on_deleted: Callable[[int], None]) -> None:
        """`on_deleted` hears how many were deleted."""
        self._store = store
        self._on_deleted = on_deleted

    async def run(self, calls: list[Receipts]) -> list[list[Outcome] | BaseException]:
        """One list of outcomes for each call."""
        entries = await look_at(self._store, [receipt for call in calls for receipt in call])
        outcomes: list[Outcome] = [entry if isinstance(entry, WipsieError) else None for entry in entries]
        for round_ in _rounds(entries):
            for has_keys in (False, True):
                mine = [one for one in round_ if one[1].queue.has_keys == has_keys]
                if not mine:
                    continue
                deleted = await self._delete([held for _, held in mine])
                self._on_deleted(len(deleted))
                if len(deleted) < len(mine):
                    for place, held in mine:
                        if held.key not in deleted:
                            outcomes[place] = receipt_expired()
        return split(outcomes, calls)

    async def _delete(self, held: list[Held]) -> set[int]:
        """Keys of those whose receipts were current; they are gone. All are of queues of one kind."""
        keys, leases = [one.key for one in held], [one.lease for one in held]
        for _ in range(CHANGED_TRIES):
            ids, versions = ids_and_versions(one.queue for one in held)
            if any(one.queue.has_keys for one in held):
                row = await self._store.row("acknowledge_carefully", self._store.now_ms(), ids, keys, leases)
                self._store.tell_rows(row[1], row[2], row[3])
                return set(row[0])
            deleted: list[int] | None = await self._store.value("acknowledge", ids, versions, keys, leases)
            if deleted is not None:
                return set(deleted)
            await self._store.refresh({one.queue.name for one in held})
            renewed = [(one, self._store.queues.by_id(one.queue.queue_id)) for one in held]
            # The messages of a deleted queue went with it.
            held = [one._replace(queue=queue) for one, queue in renewed if queue is not None]
            if not held:
                return set()
            keys, leases = [one.key for one in held], [one.lease for one in held]
        raise still_changing()


class Extender:
    """Moves the ends of leases for batches of calls."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, calls: list[Sequence[VisibilityChange]]) -> list[list[Outcome] | BaseException]:
        """One list of outcomes for each call."""
        changes = [change for call in calls for change in call]
        entries = await look_at(self._store, [(change.queue, change.receipt) for change in changes])
        outcomes: list[Outcome] = [entry if isinstance(entry, WipsieError) else None for entry in entries]
        # Several changes of one message are made one after the other.
        for round_ in _rounds(entries):
            changed = await self._change([(held, changes[place]) for place, held in round_])
            for place, held in round_:
                if held.key not in changed:
                    outcomes[place] = receipt_expired()
        return split(outcomes, calls)

    async def _change(self, round_: list[tuple[Held, VisibilityChange]]) -> set[int]:
        now_ms = self._store.now_ms()
        ids, _ = ids_and_versions(held.queue for held, _ in round_)
        row = await self._store.row(
            "change_visibility",
            now_ms,
            ids,
            [held.key for held, _ in round_],
            [held.lease for held, _ in round_],
            [now_ms + int(change.visibility_timeout_s * 1000) for _, change in round_],
            # A keeper of leases may ask for more time while the message is being released: that must come too late.
            [change.release or change.undo_receive for _, change in round_],
            [change.undo_receive for _, change in round_],
        )
        self._store.tell_rows(row[1], row[2], row[3])
        return set(row[0])


def _rounds(entries: Sequence[Held | WipsieError]) -> list[list[_Place]]:
    """Batches in which no message comes twice, each sorted by key, so that batches of several processes meet in one order.
    Almost always there is one."""
    rounds: list[dict[int, _Place]] = []
    for place, entry in enumerate(entries):
        if isinstance(entry, WipsieError):
            continue
        for taken in rounds:
            if entry.key not in taken:
                taken[entry.key] = (place, entry)
                break
        else:
            rounds.append({entry.key: (place, entry)})
    return [[taken[key] for key in sorted(taken)] for taken in rounds]
