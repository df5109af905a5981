"""The shared store in the database: one table, one statement for each verb.

On PostgreSQL several machines share it and their clocks differ, so the server's own clock counts; a SQLite file belongs to
one machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Float, Index, Table, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database.database import Database
from wipsie.database.metadata import metadata
from wipsie.database.shared_store.bucket import ROUNDING_US, Draw, draw, seconds
from wipsie.database.shared_store.contract import Bucket, SharedValue, check_bucket, check_key, check_value
from wipsie.kernel.clock import Clock

_PRUNE_ROWS = 1_000
_PRUNE_ROUNDS_MAX = 100
_KEPT_LONGER_MS = 60_000
"""Writing the end of a busy bucket anew costs its index an entry: once a minute will do."""

shared_values_table = Table(
    "shared_values",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text),
    Column("version", BigInteger),
    Column("full_at_us", Float),
    Column("wait_us", Float),
    Column("expires_at_ms", BigInteger, nullable=False),
)
Index("ix_shared_values_expires_at_ms", shared_values_table.c.expires_at_ms)

# One moment for all of a statement, or its parts could disagree about whether tokens are there.
_SERVER_NOW_MS = "(extract(epoch FROM statement_timestamp()) * 1000)::bigint"
_SERVER_NOW_US = "(extract(epoch FROM statement_timestamp()) * 1000000)::double precision"

_GET = "SELECT value, version FROM shared_values WHERE key = :key AND expires_at_ms > {now_ms}"
_SET = """
    INSERT INTO shared_values (key, value, version, expires_at_ms) VALUES (:key, :value, 1, {now_ms} + :ttl_ms)
    ON CONFLICT (key) DO UPDATE SET
        value = excluded.value,
        version = CASE WHEN shared_values.expires_at_ms > {now_ms} THEN shared_values.version + 1 ELSE 1 END,
        expires_at_ms = excluded.expires_at_ms
    RETURNING version
"""
_CREATE = """
    INSERT INTO shared_values (key, value, version, expires_at_ms) VALUES (:key, :value, 1, {now_ms} + :ttl_ms)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = 1, expires_at_ms = excluded.expires_at_ms
    WHERE shared_values.expires_at_ms <= {now_ms}
    RETURNING version
"""
_REPLACE = """
    UPDATE shared_values SET value = :value, version = version + 1, expires_at_ms = {now_ms} + :ttl_ms
    WHERE key = :key AND version = :version AND expires_at_ms > {now_ms}
    RETURNING version
"""
_DELETE = """
    DELETE FROM shared_values WHERE key = :key
    RETURNING CASE WHEN expires_at_ms > {now_ms} THEN 1 ELSE 0 END
"""
_FULL_AT = "least(greatest(shared_values.full_at_us, {now_us}), {now_us} + :capacity_us)"
_WAIT = f"({_FULL_AT} + :cost_us - :capacity_us - {{now_us}})"
_TAKE = f"""
    INSERT INTO shared_values (key, full_at_us, wait_us, expires_at_ms)
    VALUES (:key, {{now_us}} + :cost_us, 0, {{now_ms}} + :needed_ms + {_KEPT_LONGER_MS})
    ON CONFLICT (key) DO UPDATE SET
        full_at_us = CASE WHEN {_WAIT} <= :rounding_us THEN {_FULL_AT} + :cost_us ELSE {_FULL_AT} END,
        wait_us = {_WAIT},
        expires_at_ms = CASE
            WHEN shared_values.expires_at_ms < {{now_ms}} + :needed_ms THEN excluded.expires_at_ms
            ELSE shared_values.expires_at_ms
        END
    RETURNING wait_us
"""  # noqa: S608  constants only
_GIVE_BACK = "UPDATE shared_values SET full_at_us = full_at_us - :cost_us WHERE key = :key"
_PRUNE = """
    DELETE FROM shared_values WHERE key IN (
        SELECT key FROM shared_values WHERE expires_at_ms <= {now_ms} ORDER BY expires_at_ms LIMIT :rows
    ) AND expires_at_ms <= {now_ms}
"""


class DatabaseSharedStore:
    """A `SharedStore` in the table `shared_values` of a migrated database, which its owner starts and stops."""

    def __init__(self, database: Database, *, clock: Clock, follow_server_time: bool = True) -> None:
        """`follow_server_time` False takes `clock` on a server too, for tests that own time."""
        self._database = database
        self._clock = clock
        follows = follow_server_time and database.dialect == "postgresql"
        self._follows_server = follows
        self._get = _statement(_GET, database.dialect, follows)
        self._set = _statement(_SET, database.dialect, follows)
        self._create = _statement(_CREATE, database.dialect, follows)
        self._replace = _statement(_REPLACE, database.dialect, follows)
        self._delete = _statement(_DELETE, database.dialect, follows)
        self._take = _statement(_TAKE, database.dialect, follows)
        self._give_back = _statement(_GIVE_BACK, database.dialect, follows)
        self._prune = _statement(_PRUNE, database.dialect, follows)

    @property
    def is_in_database(self) -> bool:
        return True

    async def start(self) -> None:
        await self.get("start")

    async def stop(self) -> None:
        """Nothing is held."""

    async def get(self, key: str) -> SharedValue | None:
        check_key(key)
        async with self._database.read() as connection:
            row = (await self._run(connection, self._get, key=_value_key(key))).one_or_none()
        return None if row is None else SharedValue(row[0], row[1])

    async def set(self, key: str, value: str, *, ttl_s: float) -> int:
        check_key(key)
        check_value(value, ttl_s)
        async with self._database.begin() as connection:
            row = await self._run(connection, self._set, key=_value_key(key), value=value, ttl_ms=_ms(ttl_s))
            return row.scalar_one()

    async def delete(self, key: str) -> bool:
        check_key(key)
        async with self._database.begin() as connection:
            found = await self._run(connection, self._delete, key=_value_key(key))
            return found.scalar_one_or_none() == 1

    async def compare_and_set(self, key: str, version: int, value: str, *, ttl_s: float) -> int | None:
        check_key(key)
        check_value(value, ttl_s)
        given: dict[str, Any] = {"key": _value_key(key), "value": value, "ttl_ms": _ms(ttl_s)}
        async with self._database.begin() as connection:
            if version == 0:
                changed = await self._run(connection, self._create, **given)
            else:
                changed = await self._run(connection, self._replace, version=version, **given)
            return changed.scalar_one_or_none()

    async def take(self, key: str, *, rate_per_s: float, burst: float, count: float = 1.0) -> float:
        return await self.take_all([Bucket(key=key, rate_per_s=rate_per_s, burst=burst, count=count)])

    async def take_all(self, buckets: Sequence[Bucket], *, within: AsyncConnection | None = None) -> float:
        for bucket in buckets:
            check_bucket(bucket)
        draws = [(_bucket_key(bucket.key), draw(bucket)) for bucket in buckets]
        if within is not None:
            return await self._take_each(within, draws)
        async with self._database.begin() as connection:
            return await self._take_each(connection, draws)

    async def prune(self) -> int:
        removed = 0
        for _ in range(_PRUNE_ROUNDS_MAX):
            async with self._database.begin() as connection:
                count = (await self._run(connection, self._prune, rows=_PRUNE_ROWS)).rowcount
            removed += count
            if count < _PRUNE_ROWS:
                break
        return removed

    async def _take_each(self, connection: AsyncConnection, draws: Sequence[tuple[str, Draw]]) -> float:
        for index, (key, wanted) in enumerate(draws):
            taken = await self._run(
                connection,
                self._take,
                key=key,
                cost_us=wanted.cost_us,
                capacity_us=wanted.capacity_us,
                rounding_us=ROUNDING_US,
                # Later than that the bucket is full, and a row about it says nothing.
                needed_ms=wanted.capacity_ms,
            )
            wait_s = seconds(taken.scalar_one())
            if wait_s > 0:
                for taken_key, drawn in draws[:index]:
                    await self._run(connection, self._give_back, key=taken_key, cost_us=drawn.cost_us)
                return wait_s
        return 0.0

    async def _run(self, connection: AsyncConnection, statement: Any, **given: Any) -> Any:
        if not self._follows_server:
            now_s = self._clock.now()
            given |= {"now_ms": self._clock.now_ms(), "now_us": now_s * 1e6}
        return await connection.execute(statement, given)


def _statement(sql: str, dialect: str, follows_server: bool) -> Any:
    if follows_server:
        sql = sql.format(now_ms=_SERVER_NOW_MS, now_us=_SERVER_NOW_US)
    else:
        sql = sql.format(now_ms=":now_ms", now_us=":now_us")
    if dialect == "sqlite":
        sql = sql.replace("greatest(", "max(").replace("least(", "min(")
    kinds = {
        **dict.fromkeys(("now_ms", "ttl_ms", "needed_ms", "version", "rows"), BigInteger()),
        **dict.fromkeys(("now_us", "cost_us", "capacity_us", "rounding_us"), Float()),
    }
    parameters = [bindparam(name, type_=kind) for name, kind in kinds.items() if f":{name}" in sql]
    return text(sql).bindparams(*parameters)


def _value_key(key: str) -> str:
    return f"value:{key}"


def _bucket_key(key: str) -> str:
    return f"bucket:{key}"


def _ms(seconds_: float) -> int:
    return max(1, round(seconds_ * 1000))
