"""The database of one process: one writer at a time, many readers, and errors a caller can act on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from itertools import chain, repeat
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from wipsie.database.failures import as_configuration_error, as_unavailable, is_busy, outcome_unknown
from wipsie.database.publishing import TransactionPublisher
from wipsie.database.recording import TransactionRecorder
from wipsie.database.server_connections import POOL_TIMEOUT_S, STATEMENT_TIMEOUT_S, server_engine
from wipsie.database.sqlite_engines import prepare_sqlite_file, sqlite_engine
from wipsie.database.unit_of_work import UnitOfWork
from wipsie.database.urls import parse_database_url
from wipsie.database.writing_turns import WritingTurns
from wipsie.kernel.clock import SYSTEM_CLOCK, Clock
from wipsie.kernel.errors import StorageUnavailable

WRITE_WAIT_S_MAX = 30.0
GLANCES_AT_ONCE = 3
_BUSY_PAUSES_S = (0.001, 0.001, 0.001, 0.002, 0.002, 0.005)
"""Between two looks at the lock another process holds. It has no queue: who looks often gets it soon."""
_BUSY_PAUSE_URGENT_S = 0.001


class Database:
    """Transactions over SQLite or PostgreSQL, chosen by the URL.

    On SQLite, transactions of this process wait for each other in order of arrival, urgent ones before others, and those of
    other processes by the file's lock; a caller sees StorageUnavailable only after `write_wait_s_max`. On a server both are the server's business.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        pool_size: int = 10,
        max_overflow: int = 20,
        pool_timeout_s: float = POOL_TIMEOUT_S,
        synchronous: str = "FULL",
        write_wait_s_max: float = WRITE_WAIT_S_MAX,
        statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    ) -> None:
        """`url` as `parse_database_url` reads it. `pool_size` connections are kept open, and up to `max_overflow` more opened
        under load; on SQLite that is about readers. Whoever finds all in use waits `pool_timeout_s` for one.
        `synchronous` is SQLite's setting: FULL keeps every commit over a power cut, NORMAL may lose the last ones.
        `statement_timeout_s` is a server's: what runs longer is cancelled. Opens nothing yet; ConfigurationError for a bad
        URL."""
        self.url = parse_database_url(url)
        self.clock = clock
        self._write_wait_s_max = write_wait_s_max
        self._commit_hooks: list[Callable[[], None]] = []
        self._writer: AsyncEngine
        self._reader: AsyncEngine
        self._publisher: TransactionPublisher | None = None
        self._recorder: TransactionRecorder | None = None
        self._turns: WritingTurns | None = None
        self._writers: set[asyncio.Task[Any]] = set()
        self._glances = asyncio.Semaphore(GLANCES_AT_ONCE)
        if self.url.dialect == "sqlite":
            self._writer = sqlite_engine(self.url, writes=True, pool_size=1, max_overflow=0, synchronous=synchronous)
            self._reader = sqlite_engine(
                self.url,
                writes=False,
                pool_size=pool_size,
                max_overflow=max_overflow,
                pool_timeout_s=pool_timeout_s,
                synchronous=synchronous,
            )
            self._turns = WritingTurns()
        else:
            self._writer = server_engine(
                self.url,
                pool_size=pool_size,
                max_overflow=max_overflow,
                pool_timeout_s=pool_timeout_s,
                statement_timeout_s=statement_timeout_s,
            )
            # The same connections under other rules: set by the statement that opens the transaction, at no cost.
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @property
    def engine(self) -> AsyncEngine:
        """The engine that may write. `begin`, `read` and `unit_of_work` are the usual ways in: they wait their turn."""
        return self._writer

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.url.dialect

    async def start(self) -> None:
        """Create or reach the database. Tables are the migrator's business.

        StorageUnavailable when that fails; ConfigurationError when a server refuses user, password or database name.
        """
        if self.url.path is not None:
            try:
                await asyncio.to_thread(prepare_sqlite_file, self.url.path)
            except (sqlite3.Error, OSError) as error:
                raise StorageUnavailable(
                    f"Database: {self.url.path} cannot be opened ({error}); check its path, rights and disk.",
                    details={"path": str(self.url.path)},
                    retry_after_s=5.0,
                ) from error
        try:
            async with self.read() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except StorageUnavailable as error:
            raise as_configuration_error(error) or error from error.__cause__

    async def stop(self) -> None:
        """Close all connections; transactions still open in other tasks are rolled back. May be called twice."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()

    def on_publish(self, hook: Callable[[], None]) -> Callable[[], None]:
        """Call `hook` after each commit of this process that published messages. Returns a function that ends this."""
        self._commit_hooks.append(hook)
        return lambda: self._commit_hooks.remove(hook)

    def publish_with(self, publisher: TransactionPublisher | None) -> None:
        """Send what units of work publish to the queue inside their own transaction from now on, for queues that live in
        this very database. None: by the outbox again. What is in the outbox already is still relayed."""
        self._publisher = publisher

    def record_with(self, recorder: TransactionRecorder) -> None:
        """Write what units of work record with this audit log from now on. Without one a unit that records is refused."""
        self._recorder = recorder

    @asynccontextmanager
    async def begin(self, *, urgent: bool = False) -> AsyncGenerator[AsyncConnection]:
        """One write transaction: committed when the block ends, rolled back when it raises or is cancelled. `urgent`: somebody
        waits for it who may not wait long, such as a sender who tries again otherwise; where one writes at a time, it comes
        before work that may be done later.

        StorageUnavailable when the database cannot write now; nothing was changed then, unless its details say
        ``"outcome": "unknown"``: the server was lost in the middle of the commit. Keep the block short: on SQLite
        everybody else waits for it. Do not open a second one inside it (RuntimeError): pass the connection on.
        """
        with _translated():
            if self._turns is None:
                with self._alone_in_task():
                    async with self._on_server() as connection:
                        yield connection
                return
            with self._alone_in_task():
                await self._take_turn(self._turns, urgent=urgent)
                try:
                    async with self._writing(urgent=urgent) as connection:
                        yield connection
                finally:
                    self._turns.leave()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """One read transaction: everything read in the block is of one moment. It never waits for a writer. An attempt
        to write in it fails. StorageUnavailable when the database cannot be reached."""
        with _translated():
            async with self._reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def glance(self) -> AsyncGenerator[AsyncConnection]:
        """`read` for what takes milliseconds, such as a page of a list. Few run at a time, and the others wait in line: so a
        transaction that comes back from the disk goes on soon, and those behind it, whatever else there is to do."""
        async with self._glances, self.read() as connection:
            yield connection

    @asynccontextmanager
    async def unit_of_work(self, *, urgent: bool = False) -> AsyncGenerator[UnitOfWork]:
        """`begin` with an outbox, an inbox and the audit log: rows, published messages, "this message is handled" and what
        the log says of it in one commit."""
        publisher = self._publisher
        async with self.begin(urgent=urgent) as connection:
            unit = UnitOfWork(connection, self.clock)
            yield unit
            relay_wanted = await unit.write_messages(publisher)
            await unit.write_events(self._recorder)
        unit.committed()
        if relay_wanted:
            for hook in list(self._commit_hooks):
                hook()

    @asynccontextmanager
    async def _on_server(self) -> AsyncGenerator[AsyncConnection]:
        # Closing the connection rolls back whatever was not committed.
        async with self._writer.connect() as connection:
            transaction = await connection.begin()
            yield connection
            try:
                await transaction.commit()
            except DBAPIError as error:
                if not error.connection_invalidated or (unavailable := as_unavailable(error)) is None:
                    raise
                raise outcome_unknown(unavailable) from error
            except StorageUnavailable as error:
                raise outcome_unknown(error) from error.__cause__

    @contextmanager
    def _alone_in_task(self) -> Generator[None]:
        """A second transaction would wait for the first for ever on SQLite, and for its rows on a server."""
        task = asyncio.current_task()
        if task is None or task in self._writers:
            raise RuntimeError(
                "A write transaction is already open in this task; use its connection instead of opening another."
            )
        self._writers.add(task)
        try:
            yield
        finally:
            self._writers.discard(task)

    async def _take_turn(self, turns: WritingTurns, *, urgent: bool) -> None:
        try:
            async with asyncio.timeout(self._write_wait_s_max):
                await turns.take(urgent=urgent)
        except TimeoutError:
            raise StorageUnavailable(
                f"Database: no turn to write within {self._write_wait_s_max:g} s; too much is being written. Try again.",
                retry_after_s=1.0,
            ) from None

    @asynccontextmanager
    async def _writing(self, *, urgent: bool) -> AsyncGenerator[AsyncConnection]:
        loop = asyncio.get_running_loop()
        gives_up_at = loop.time() + self._write_wait_s_max
        pauses_s = chain(_BUSY_PAUSES_S, repeat(_BUSY_PAUSES_S[-1]))
        while True:
            # Closing the connection rolls back whatever was not committed.
            async with self._writer.connect() as connection:
                transaction = connection.begin()
                try:
                    await transaction.start()
                except DBAPIError as error:
                    if not is_busy(error) or loop.time() >= gives_up_at:
                        raise
                else:
                    yield connection
                    await transaction.commit()
                    return
            # Who is urgent may stand behind us.
            in_haste = urgent or (self._turns is not None and self._turns.is_urgent)
            await SYSTEM_CLOCK.sleep(_BUSY_PAUSE_URGENT_S if in_haste else next(pauses_s))


class _translated:  # noqa: N801
    """Turns errors of a store that cannot work now into StorageUnavailable; leaves all others as they are."""

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, SQLAlchemyError) and (unavailable := as_unavailable(error)) is not None:
            raise unavailable from error
