"""What the tests of the audit log are made of: events, a place for anchors, and somebody with all rights in the database."""

from __future__ import annotations

from wipsie.blobs import BlobStore
from wipsie.database import Database
from wipsie.kernel.audit_event import AuditEvent

KEY = bytes(range(32))


class Objects:
    """An object store in memory, as anchors see it."""

    def __init__(self) -> None:
        self.blobs = BlobStore("memory://")

    async def put(self, key: str, content: bytes) -> None:
        await self.blobs.put(key, content)

    async def get(self, key: str) -> bytes:
        return (await self.blobs.get(key)).content

    async def list(self, prefix: str, *, limit: int) -> list[str]:
        return await self.blobs.list(prefix, limit=limit)


def event(number: int = 1, actor: str = "cli") -> AuditEvent:
    return AuditEvent(
        actor=actor, action="tests:thing:change", object=f"thing:{number}", facts={"number": number, "state": "open"}
    )


async def append(database: Database, count: int, *, first: int = 1) -> None:
    """So many changes, a commit each."""
    for number in range(first, first + count):
        async with database.unit_of_work() as unit:
            unit.record(event(number))


class Intruder:
    """Somebody with all rights in the database, who takes the triggers away first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def does(self, *statements: str) -> None:
        async with self._database.begin() as connection:
            if self._database.dialect == "sqlite":
                rows = await connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                for (name,) in rows.fetchall():
                    await connection.exec_driver_sql(f"DROP TRIGGER {name}")
            else:
                for table in ("audit_events", "audit_head"):
                    await connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for statement in statements:
                await connection.exec_driver_sql(statement)
