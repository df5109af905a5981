"""The move itself::

    mark and pause the source queues ─► nobody holds a lease ─► create queues ─► batch by batch:
        look ─► arrive (with a note of the batch, in one step) ─► remove ─► …  ─► take the marks away

Killed at any moment, the marks and the note tell the next run which batch is in both stores; it removes that one from the
source and goes on. `cancel` ends between two batches and leaves nothing to tell.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import Conflict, NotSupported, Unavailable, WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.contract import QueueBackend
from wipsie.queue.transfer.destination import AdoptingDestination, SendingDestination, TransferDestination
from wipsie.queue.transfer.drain import BATCH_MESSAGES_MAX, Drain
from wipsie.queue.transfer.journal import Journal
from wipsie.queue.transfer.mark import Mark, marked, new_mark, read_mark, unmarked
from wipsie.queue.transfer.plan import TransferPlan, make_plan, portable
from wipsie.queue.transfer.port import TransferPort
from wipsie.queue.transfer.report import QueueReport, TransferReport
from wipsie.queue.transfer.source import LookingSource, ReceivingSource

_LOOK_EVERY_S = 0.2
_COUNT_EVERY_S = 1.0
_COUNT_AGAIN = 5


@dataclass(frozen=True, kw_only=True)
class TransferOptions:
    """What a person may choose."""

    queues: Collection[QueueName] | None = None
    """Stored names; None moves all."""
    wait_s: float = 0.0
    """How long to wait for messages that are being worked on."""
    lossy: bool = False
    """Move although the destination cannot keep everything."""
    start_over: bool = False
    """Forget an unfinished move of the same queues to somewhere else."""
    batch_messages_max: int = BATCH_MESSAGES_MAX


class Transfer:
    """One run of a move between two started backends."""

    def __init__(
        self,
        source: QueueBackend,
        destination: QueueBackend,
        options: TransferOptions,
        *,
        clock: Clock,
        source_name: str,
        destination_name: str,
        journal_folder: Path,
    ) -> None:
        """`source_name`, `destination_name`: what people call the stores, without secrets; a later run that goes on must
        use the same. `journal_folder`: where a move notes its way that the destination cannot note."""
        self._source = source
        self._destination = destination
        self._options = options
        self._clock = clock
        self._source_name = source_name
        self._destination_name = destination_name
        self._journal_folder = journal_folder
        self._cancelled = False
        self._marks: dict[QueueName, Mark] = {}
        self._looks = isinstance(source, TransferPort)
        self.drains: list[Drain] = []
        """One for each queue being moved, once `run` has begun; tells how far it is."""

    def cancel(self) -> None:
        """End after the batch under way."""
        self._cancelled = True
        for drain in self.drains:
            drain.cancel()

    async def plan(self) -> TransferPlan:
        """What `run` would do; changes nothing. QueueNotFound, StorageUnavailable."""
        return await make_plan(self._source, self._destination, self._options.queues)

    async def run(self) -> TransferReport:
        """Move everything. Conflict (same store, messages being worked on, another mover, an unfinished move to somewhere
        else), NotSupported (an obstacle, or a loss that was not agreed to), QueueNotFound, StorageUnavailable: after the
        last, the same move goes on where it stopped."""
        started_s = self._clock.monotonic()
        plan = await self.plan()
        self._check(plan)
        try:
            await self._mark(plan)
            await self._wait_for_leases(plan)
            await self._create(plan)
        except BaseException:
            with contextlib.suppress(WipsieError):
                await self._unmark([one.settings.name for one in plan.queues if one.unfinished is None])
            raise
        notes: list[str] = []
        async with AsyncExitStack() as stack:
            destination = await self._open_destination(stack)
            self._prepare(plan, destination)
            try:
                for drain in self.drains:
                    await drain.run()
            except Unavailable as error:
                moved = sum(drain.moved for drain in self.drains)
                raise type(error)(
                    f"{error.message} {moved} message(s) were moved, and the queues of the source stay paused; "
                    "the same command goes on when both stores can be reached.",
                    details={**error.details, "moved": moved},
                    retry_after_s=error.retry_after_s,
                ) from error
            except Conflict:
                # Somebody else is at work on these queues: the marks are theirs as well.
                raise
            except Exception:
                # Refused by the destination: what arrived was removed, nothing is in both stores.
                with contextlib.suppress(WipsieError):
                    await self._unmark(self._marks)
                raise
            if isinstance(destination, SendingDestination):
                notes += destination.notes()
        await self._unmark(self._marks)
        return await self._report(plan, notes, self._clock.monotonic() - started_s)

    def _check(self, plan: TransferPlan) -> None:
        if plan.obstacles:
            raise NotSupported(plan.obstacles[0], details={"obstacles": list(plan.obstacles)})
        if plan.losses and not self._options.lossy:
            raise NotSupported(
                f"{' '.join(plan.losses)} Add --lossy to move nevertheless.", details={"losses": list(plan.losses)}
            )
        for one in plan.queues:
            unfinished = one.unfinished
            if unfinished is not None and unfinished.to != self._destination_name and not self._options.start_over:
                raise Conflict(
                    f"A move of '{one.settings.name}' to {unfinished.to} did not come to its end; run that one again, or "
                    "add --start-over to forget it (its last batch may then be in both places).",
                    details={"queue_name": one.settings.name, "unfinished": unfinished.to},
                )

    async def _mark(self, plan: TransferPlan) -> None:
        """Pause the queues and write on them where their messages go. A source that is received from cannot be paused."""
        if not self._looks:
            return
        there = {one.name for one in await self._destination.list_queues()}
        for one in plan.queues:
            name = one.settings.name
            if one.empty:
                continue
            mark = one.unfinished
            if mark is None or mark.to != self._destination_name:
                paused = one.settings.paused
                mark = new_mark(name, self._source_name, self._destination_name, paused=paused)
            self._marks[name] = mark
            await self._source.change_queue(marked(one.settings, mark))
            if name in there and read_mark(await self._destination.queue_settings(name)) == mark:
                raise Conflict("Source and destination are the same store; nothing was moved.")

    async def _unmark(self, queues: Iterable[QueueName]) -> None:
        for name in queues:
            settings = await self._source.queue_settings(name)
            if read_mark(settings) is not None:
                await self._source.change_queue(unmarked(settings))

    async def _wait_for_leases(self, plan: TransferPlan) -> None:
        deadline_s = self._clock.monotonic() + self._options.wait_s
        while True:
            leased: dict[QueueName, int] = {}
            for one in plan.queues:
                if not one.empty and (count := (await self._source.counts(one.settings.name)).leased):
                    leased[one.settings.name] = count
            if not leased or self._cancelled:
                return
            if self._clock.monotonic() >= deadline_s:
                name, count = next(iter(leased.items()))
                raise Conflict(
                    f"{count} message(s) of '{name}' are being worked on; nothing was moved. Stop the workers and whoever "
                    "else receives from the source, then add --wait 5m to wait until these are done or their leases end.",
                    details={"leased": leased},
                )
            await self._clock.sleep(_LOOK_EVERY_S)

    async def _create(self, plan: TransferPlan) -> None:
        # A dead-letter queue comes before the queues that name it.
        for one in reversed(plan.queues):
            if one.existing is None:
                await self._destination.create_queue(portable(one.settings, self._destination.capabilities))

    async def _open_destination(self, stack: AsyncExitStack) -> TransferDestination:
        if isinstance(self._destination, TransferPort):
            return AdoptingDestination(self._destination)
        journal = Journal(self._journal_folder, self._source_name, self._destination_name)
        await asyncio.to_thread(journal.open)
        stack.callback(journal.close)
        return SendingDestination(self._destination, journal, self._clock)

    def _prepare(self, plan: TransferPlan, destination: TransferDestination) -> None:
        source = (
            LookingSource(self._source) if isinstance(self._source, TransferPort) else ReceivingSource(self._source)
        )
        for one in plan.queues:
            if one.empty:
                continue
            name = one.settings.name
            mark = self._marks.get(name)
            if mark is None:
                mark = new_mark(name, self._source_name, self._destination_name, paused=False)
            self.drains.append(
                Drain(
                    name,
                    source,
                    destination,
                    clock=self._clock,
                    transfer=mark.transfer,
                    total=one.counts.total,
                    batch_messages_max=self._options.batch_messages_max,
                )
            )
        if self._cancelled:
            self.cancel()

    async def _left(self, queue: QueueName) -> int:
        """Messages still in the source. A store that counts about right is asked until it noticed what was removed."""
        left = (await self._source.counts(queue)).total
        if not self._source.capabilities.exact_counts and not self._cancelled:
            for _ in range(_COUNT_AGAIN):
                if not left:
                    break
                await self._clock.sleep(_COUNT_EVERY_S)
                left = (await self._source.counts(queue)).total
        return left

    async def _report(self, plan: TransferPlan, notes: list[str], seconds: float) -> TransferReport:
        moved = {drain.queue: drain.moved for drain in self.drains}
        reports: list[QueueReport] = []
        for one in plan.queues:
            name = one.settings.name
            left = 0 if one.empty else await self._left(name)
            if left and not self._cancelled:
                notes.append(_why_left(name, left, looks=self._looks))
            reports.append(
                QueueReport(
                    queue=name,
                    moved=moved.get(name, 0),
                    left=left,
                    created=one.existing is None,
                    differences=one.differences,
                )
            )
        return TransferReport(
            queues=tuple(reports),
            seconds=seconds,
            interrupted=not all(drain.finished for drain in self.drains) and self._cancelled,
            notes=tuple(notes),
        )


def _why_left(queue: QueueName, left: int, *, looks: bool) -> str:
    if looks:
        return (
            f"{left} message(s) were sent to '{queue}' in the source meanwhile; stop the senders, then run this again."
        )
    return (
        f"{left} message(s) of '{queue}' cannot be received from the source yet (delayed, or held by somebody); "
        "run this again later."
    )
