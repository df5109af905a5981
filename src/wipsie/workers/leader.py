"""Leases on a name, kept in the database: which of several processes does a job that only one needs to do.

A courtesy, not a lock: a holder that was stopped for longer than its lease may find another at work. What must happen
only once is guarded where it happens, by deduplication or by compare-and-set.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table, Text, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.inserts import insert_ignoring_conflicts
from wipsie.database.metadata import metadata
from wipsie.kernel.clock import Clock

leases_table = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
)


# Built once: the outbox relay takes and releases its lease all the time.
_TAKE = (
    update(leases_table)
    .where(
        leases_table.c.name == bindparam("lease"),
        or_(leases_table.c.holder == bindparam("us"), leases_table.c.expires_at_ms <= bindparam("now_ms")),
    )
    .values(holder=bindparam("us"), expires_at_ms=bindparam("until_ms"))
)
# Its row stays: the next one takes it with one statement.
_RELEASE = (
    update(leases_table)
    .where(leases_table.c.name == bindparam("lease"), leases_table.c.holder == bindparam("us"))
    .values(expires_at_ms=0)
)


class Lease:
    """One process's claim on one name. All verbs work in the caller's transaction, to share its commit."""

    def __init__(self, name: str, *, holder: str, ttl_s: float, clock: Clock) -> None:
        """`holder` is unique to the claimant; the lease ends `ttl_s` after the last `acquire`."""
        self._name = name
        self._holder = holder
        self._ttl_ms = round(ttl_s * 1000)
        self._clock = clock
        self._held_until_ms = 0

    @property
    def held(self) -> bool:
        """Whether the lease is ours for at least half its time from now; below that, acquire again."""
        return self._held_until_ms - self._clock.now_ms() > self._ttl_ms // 2

    async def acquire(self, connection: AsyncConnection) -> bool:
        """Take the lease if it is free, ended or ours already, and hold it for its full time. False: another has it."""
        now_ms = self._clock.now_ms()
        until_ms = now_ms + self._ttl_ms
        given = {"lease": self._name, "us": self._holder, "now_ms": now_ms, "until_ms": until_ms}
        taken = await connection.execute(_TAKE, given)
        won = taken.rowcount == 1
        if not won:
            first = insert_ignoring_conflicts(connection.dialect.name, leases_table).values(
                name=self._name, holder=self._holder, expires_at_ms=until_ms
            )
            won = (await connection.execute(first)).rowcount == 1
        self._held_until_ms = until_ms if won else 0
        return won

    async def release(self, connection: AsyncConnection) -> None:
        """Let others have it at once. Nothing happens when it is not ours."""
        self._held_until_ms = 0
        await connection.execute(_RELEASE, {"lease": self._name, "us": self._holder})


async def holder_of(connection: AsyncConnection, name: str, *, now_ms: int) -> str | None:
    """Who holds a lease now, or None."""
    table = leases_table
    found = await connection.execute(select(table.c.holder).where(table.c.name == name, table.c.expires_at_ms > now_ms))
    return found.scalar_one_or_none()
