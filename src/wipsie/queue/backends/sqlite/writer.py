"""The one writer of a queue file: a thread that turns all waiting calls into one durable transaction at a time.

Event loop                              writer thread
──────────                              ─────────────
submit(operation) ─► this turn's list
end of turn ──────── list ────────────► take all lists that wait
                                        BEGIN IMMEDIATE · run kinds in order · COMMIT (one fsync; none for leases alone)
resolve futures ◄─── one call back ──── results

A transaction that fails is rolled back and its calls are tried one by one, so that only those fail that must: on a full
disk acknowledgements still get through while sends are refused.
"""

from __future__ import annotations

import asyncio
import queue as thread_queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from wipsie.kernel.clock import Clock
from wipsie.kernel.errors import StorageUnavailable, WipsieError
from wipsie.kernel.ids import QueueName
from wipsie.queue.backend_kit.lane import PENDING_MAX
from wipsie.queue.backend_kit.refusals import not_running, too_many_calls
from wipsie.queue.backends.sqlite.connection import DiskWait, open_connection, statements
from wipsie.queue.backends.sqlite.operations.base import Operation
from wipsie.queue.backends.sqlite.transaction import SettingsCache, Transaction

TRANSACTION_CALLS_MAX = 2_000

Wakeups = tuple[dict[QueueName, int], dict[QueueName, int]]
Finished = list[tuple[Operation, Any]]


class GroupCommitWriter:
    """Owns the writing connection. All methods but the thread's own are called on the event loop."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        synchronous: str,
        on_commit: Callable[[dict[QueueName, int], dict[QueueName, int]], None],
    ) -> None:
        self._path = path
        self._clock = clock
        self._synchronous = synchronous
        self._on_commit = on_commit
        self._inbox: thread_queue.SimpleQueue[list[Operation] | None] = thread_queue.SimpleQueue()
        self._turn: list[Operation] = []
        self._waiting = 0
        self._accepting = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: asyncio.Event = asyncio.Event()
        self.transactions = 0
        """Committed transactions, for tests and metrics of group commit."""

    async def start(self) -> None:
        """Open the file in the writer thread. StorageUnavailable, ConfigurationError."""
        self._loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, args=(opened,), name="wipsie-queue-writer", daemon=True)
        self._thread.start()
        try:
            await opened
        except BaseException:
            self._thread.join()
            self._thread = None
            raise
        self._accepting = True

    async def stop(self) -> None:
        """Commit what was submitted, then close the file."""
        thread = self._thread
        if thread is None:
            return
        self._accepting = False
        self._thread = None
        self._hand_over()
        while self._waiting:
            self._idle.clear()
            await self._idle.wait()
        self._inbox.put(None)
        await asyncio.get_running_loop().run_in_executor(None, thread.join)

    def submit(self, operation: Operation) -> asyncio.Future[Any]:
        """Queue an operation for the next transaction. ShuttingDown, TooManyRequests."""
        loop = self._loop
        if not self._accepting or loop is None:
            raise not_running()
        if self._waiting >= PENDING_MAX:
            raise too_many_calls(self._waiting, "the disk")
        future = operation.future = loop.create_future()
        self._waiting += 1
        if not self._turn:
            # All calls of this turn of the event loop travel together: one wake-up of the thread instead of many.
            loop.call_soon(self._hand_over)
        self._turn.append(operation)
        return future

    def _hand_over(self) -> None:
        if self._turn:
            self._inbox.put(self._turn)
            self._turn = []

    def _resolve(self, finished: Finished, ready: dict[QueueName, int], due: dict[QueueName, int]) -> None:
        self._waiting -= len(finished)
        for operation, result in finished:
            future = operation.future
            if future.cancelled():
                undo = operation.abandoned(result)
                if undo is not None and self._accepting:
                    self.submit(undo)
            elif isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
        if ready or due:
            self._on_commit(ready, due)
        if not self._waiting:
            self._idle.set()

    # The writer thread

    def _run(self, opened: asyncio.Future[None]) -> None:
        loop = self._loop
        if loop is None:  # start() sets it before the thread exists
            return
        try:
            connection = open_connection(self._path, synchronous=self._synchronous)
        except WipsieError as error:
            loop.call_soon_threadsafe(opened.set_exception, error)
            return
        loop.call_soon_threadsafe(opened.set_result, None)
        try:
            disk_wait = DiskWait(statements(connection), self._synchronous)
            _WriterThread(connection, disk_wait, self, loop, self._clock).serve(self._inbox)
        finally:
            connection.close()

    def post(self, loop: asyncio.AbstractEventLoop, finished: Finished, wakeups: Wakeups) -> None:
        """Called by the thread after a transaction."""
        self.transactions += 1
        try:
            loop.call_soon_threadsafe(self._resolve, finished, *wakeups)
        except RuntimeError:
            # The event loop was closed without stop(): nobody is left to tell.
            return


class _WriterThread:
    """What runs inside the thread; owns the connection."""

    def __init__(
        self,
        connection: apsw.Connection,
        disk_wait: DiskWait,
        writer: GroupCommitWriter,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._cursor = statements(connection)
        self._disk_wait = disk_wait
        self._writer = writer
        self._loop = loop
        self._clock = clock
        self._settings = SettingsCache()

    def serve(self, inbox: thread_queue.SimpleQueue[list[Operation] | None]) -> None:
        open_for_more = True
        while open_for_more:
            batch = inbox.get()
            if batch is None:
                return
            while len(batch) < TRANSACTION_CALLS_MAX:
                try:
                    more = inbox.get_nowait()
                except thread_queue.Empty:
                    break
                if more is None:
                    open_for_more = False
                    break
                batch += more
            finished, wakeups = self._commit(batch)
            self._writer.post(self._loop, finished, wakeups)

    def _commit(self, operations: list[Operation]) -> tuple[Finished, Wakeups]:
        try:
            return self._transact(operations)
        except Exception as error:
            if len(operations) == 1:
                return [(operations[0], _storage_error(error))], ({}, {})
        finished: Finished = []
        ready: dict[QueueName, int] = {}
        due: dict[QueueName, int] = {}
        for operation in sorted(operations, key=lambda one: one.ORDER):
            done, (more_ready, more_due) = self._commit([operation])
            finished += done
            for name, count in more_ready.items():
                ready[name] = ready.get(name, 0) + count
            for name, at_ms in more_due.items():
                due[name] = min(at_ms, due.get(name, at_ms))
        return finished, (ready, due)

    def _transact(self, operations: list[Operation]) -> tuple[Finished, Wakeups]:
        kinds: dict[type[Operation], list[Operation]] = {}
        for operation in operations:
            kinds.setdefault(type(operation), []).append(operation)
        self._disk_wait.choose(wait=not all(kind.LEASES_ONLY for kind in kinds))
        self._cursor.execute("BEGIN IMMEDIATE")
        try:
            transaction = Transaction(self._cursor, self._settings, self._clock.now_ms())
            finished: Finished = []
            for kind in sorted(kinds, key=lambda one: one.ORDER):
                calls = kinds[kind]
                finished += zip(calls, kind.run_all(transaction, calls), strict=True)
            transaction.finish()
            self._cursor.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._cursor.execute("ROLLBACK")
            raise
        return finished, (transaction.ready, transaction.soonest_due)


def _storage_error(error: Exception) -> WipsieError:
    """What a caller hears when the store failed."""
    if isinstance(error, WipsieError):
        return error
    if isinstance(error, apsw.FullError):
        sentence, wait_s = (
            "The disk that holds the queues is full; nothing was stored. Free some space and try again.",
            10,
        )
    elif isinstance(error, apsw.BusyError):
        sentence, wait_s = "Another process kept the queue file busy; nothing was stored. Try again.", 1
    else:
        sentence, wait_s = f"The queue file could not be written ({error}); nothing was stored. Try again.", 5
    failure = StorageUnavailable(sentence, details={"cause": type(error).__name__}, retry_after_s=wait_s)
    failure.__cause__ = error
    return failure
