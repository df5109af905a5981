"""New code on an old schema writes nothing: it says what is missing, waits for it, and goes on by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from sample_rows import fill
from schema_shapes import Schema, differences, dump, read_schema

from wipsie.database import Database
from wipsie.database.migrator import current, downgrade, migrate, revisions
from wipsie.kernel.clock import SystemClock
from wipsie.testing.eventually import eventually
from wipsie.testing.ports import HOST
from wipsie.testing.process import WipsieProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
Start = Callable[..., WipsieProcess]

HEAD = revisions()[-1]
OLDER = "0009"
"""Of the releases there were; later revisions may come."""
on_postgresql = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


async def taken_down(url: str) -> None:
    """To an older schema, with rows in every table."""
    await migrate(url)
    database = Database(url, clock=SystemClock(), pool_size=1, max_overflow=0)
    await database.start()
    async with database.begin() as connection:
        await fill(connection, await read_schema(connection))
    await database.stop()
    await downgrade(url, to=OLDER)


async def look(url: str, schema: Schema) -> tuple[Schema, dict[str, list[dict[str, Any]]]]:
    database = Database(url, clock=SystemClock(), pool_size=1, max_overflow=0)
    await database.start()
    async with database.read() as connection:
        found = await read_schema(connection), await dump(connection, schema)
    await database.stop()
    return found


async def ready(wipsie: WipsieProcess) -> tuple[int, dict[str, Any]]:
    def ask() -> tuple[int, dict[str, Any]]:
        connection = HTTPConnection(HOST, wipsie.port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    return await asyncio.to_thread(ask)


@on_postgresql
async def test_a_server_process_waits_for_the_migration_is_red_and_has_written_nothing(
    url: str, schemas: dict[str, Schema], start_wipsie: Start, tmp_path: Path
) -> None:
    await taken_down(url)
    _, rows = await look(url, schemas[OLDER])
    environment = {"DATABASE_URL": url}
    api = start_wipsie(["api"], environment=environment)
    others = [
        start_wipsie([role], environment=environment, data_dir=tmp_path / role) for role in ("worker", "scheduler")
    ]
    await api.wait_until_healthy("/health")
    status, report = await ready(api)
    assert status == 503
    check = report["checks"]["database"]
    assert check["status"] == "failed"
    assert f"lacks the migrations {', '.join(one for one in revisions() if one > OLDER)}" in check["detail"]
    assert "wipsie migrate" in check["detail"]
    for process in others:
        await eventually(lambda: "run: wipsie migrate" in process.log(), 20, f"it says so\n{process.log()}")  # noqa: B023
        assert process.return_code is None
    schema, left = await look(url, schemas[OLDER])
    assert differences(schema, schemas[OLDER]) == []
    assert left == rows
    command = start_wipsie(["migrate"], environment=environment, data_dir=tmp_path / "command")
    assert await command.wait(30) == 0, command.log()

    async def is_ready() -> bool:
        return (await ready(api))[1]["checks"]["database"]["status"] == "ok"

    await eventually(is_ready, 30, f"it goes on by itself\n{api.log()[-3000:]}")
    for process in (api, *others):
        await eventually(lambda: '"started"' in process.log(), 30, f"it goes on\n{process.log()[-3000:]}")  # noqa: B023
        assert await process.stop() == 0, process.log()[-3000:]


@on_postgresql
async def test_a_command_refuses_in_one_sentence(url: str, schemas: dict[str, Schema], start_wipsie: Start) -> None:
    await taken_down(url)
    before = await look(url, schemas[OLDER])
    for arguments in (["audit", "list"], ["schedule", "list"], ["workers"]):
        command = start_wipsie(arguments, environment={"DATABASE_URL": url})
        assert await command.wait(30) == 1
        assert "lacks the migrations" in command.log()
        assert "run: wipsie migrate" in command.log()
        assert "Traceback" not in command.log()
    assert await look(url, schemas[OLDER]) == before


@on_postgresql
async def test_a_process_whose_database_is_taken_down_turns_red_and_recovers(url: str, start_wipsie: Start) -> None:
    await migrate(url)
    wipsie = start_wipsie(["up"], environment={"DATABASE_URL": url})
    await wipsie.wait_until_healthy("/health/ready")
    newest = revisions()[-1]
    await downgrade(url, to=revisions()[-2])
    status, report = await ready(wipsie)
    assert status == 503
    assert f"lacks the migrations {newest}" in report["checks"]["database"]["detail"]
    await migrate(url)
    await wipsie.wait_until_healthy("/health/ready")
    assert await wipsie.stop() == 0


@on_sqlite
async def test_a_file_is_migrated_by_the_first_process_that_opens_it(
    url: str, schemas: dict[str, Schema], start_wipsie: Start
) -> None:
    await taken_down(url)
    _, rows = await look(url, schemas[OLDER])
    wipsie = start_wipsie(["api"], environment={"DATABASE_URL": url})
    await wipsie.wait_until_healthy("/health")
    await wipsie.stop()
    assert await current(url) == HEAD
    schema, left = await look(url, schemas[OLDER])
    assert differences(schema, schemas[HEAD]) == []
    # The process works: its start may add something, and what has a loop to look after it is on its way.
    for table in ("task_runs", "audit_events", "users"):
        assert [row for row in rows[table] if row not in left[table]] == []
