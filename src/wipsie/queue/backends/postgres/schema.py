"""The schema of the queues: created and brought up to date by whoever starts first."""

from __future__ import annotations

import re
from importlib import resources

from wipsie.kernel.errors import ConfigurationError
from wipsie.queue.backends.postgres.connections import Connections
from wipsie.queue.backends.postgres.driver import Session
from wipsie.queue.backends.postgres.failures import postgres_state

SCHEMA_VERSION = 2
_UPGRADE_LOCK = 1466527859_000000
"""Held while the schema changes: several processes may start at one moment."""
_UNDEFINED = frozenset({"42P01", "3F000"})
_NAME = re.compile("[a-z_][a-z0-9_]{0,62}")


def check_schema_name(name: str) -> str:
    """The name itself; ConfigurationError for one that would need quotes."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            "The schema of the queues must be lower-case letters, digits and underscores.", details={"schema": name}
        )
    return name


async def prepare_schema(connections: Connections, schema: str) -> None:
    """Create or upgrade the schema. ConfigurationError for a newer one or missing rights, StorageUnavailable."""

    async def prepare(session: Session) -> None:
        if await _version(session, schema) == SCHEMA_VERSION:
            return
        if connections.is_behind_pooler:
            await _upgrade(session, schema)
        else:
            async with session.transaction():
                await _upgrade(session, schema)

    await connections.run(prepare)


async def _version(session: Session, schema: str) -> int:
    """The version that stands there, 0 for none; ConfigurationError for one that is too new."""
    # From the catalogue and not by to_regclass, which may answer from before we waited for the lock.
    if not await session.fetchval(
        """SELECT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
           WHERE n.nspname = $1 AND c.relname = 'schema_version')""",
        schema,
    ):
        return 0
    found = await session.fetchval(f"SELECT max(version) FROM {schema}.schema_version")  # noqa: S608  checked name
    version = int(found or 0)
    if version > SCHEMA_VERSION:
        raise ConfigurationError(
            f"The queue schema '{schema}' has version {version}, this Wipsie reads {SCHEMA_VERSION}; "
            "use the Wipsie that wrote it, or another database."
        )
    return version


async def _upgrade(session: Session, schema: str) -> None:
    await session.execute(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
    before = await _version(session, schema)
    if before == SCHEMA_VERSION:
        # Another process was faster.
        return
    try:
        await session.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        await session.execute(f"SET LOCAL search_path = {schema}, pg_temp")
        for text in _scripts(before):
            await session.execute(text)
        await session.execute(f"INSERT INTO schema_version (version) VALUES ({SCHEMA_VERSION})")  # noqa: S608  a number
    except Exception as error:
        if postgres_state(error) == "42501":
            raise ConfigurationError(
                f"QUEUE_URL: the user may not create the schema '{schema}'; grant it CREATE on the database, "
                f"or create the schema with this user as owner.",
                details={"setting": "QUEUE_URL", "schema": schema},
            ) from error
        raise


def _scripts(before: int) -> list[str]:
    """What brings the schema of version `before` up to date: the tables that came since, and all functions anew."""
    folder = resources.files("wipsie.queue.backends.postgres").joinpath("sql")
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".sql"))
    # Tables are made once; those of a version are in a file that ends with its number.
    there = {f"01_tables_{version}.sql" for version in range(1, before + 1)}
    return [folder.joinpath(name).read_text("utf-8") for name in names if name not in there]
