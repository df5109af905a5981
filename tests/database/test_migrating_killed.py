"""A process that is killed while it migrates leaves one schema or the other, with every row, and nobody locked out."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sample_rows import fill
from schema_shapes import Schema, differences, dump, read_schema

from wipsie.database import Database
from wipsie.database.migrator import current, downgrade, migrate, revisions
from wipsie.kernel.clock import SystemClock

pytestmark = pytest.mark.slow

HEAD = revisions()[-1]
OLDER = "0002"
_ANSWER_S_MAX = 30.0
# Migrates, and says so and stands still before the statement of this number that changes something.
_DRIVER = """
import asyncio, sys, threading
from sqlalchemy import event
from sqlalchemy.engine import Engine
from wipsie.database import migrator

url, to, stop_before = sys.argv[1], sys.argv[2], int(sys.argv[3])
changes = 0

@event.listens_for(Engine, "before_cursor_execute")
def count(_connection, _cursor, statement, *_rest):
    global changes
    if statement.split(None, 1)[0].upper() in {"CREATE", "DROP", "ALTER", "INSERT", "UPDATE", "DELETE"}:
        changes += 1
        if changes == stop_before:
            print("stands still", flush=True)
            threading.Event().wait()

print("starts", flush=True)
go = migrator.downgrade if to < (asyncio.run(migrator.current(url)) or "") else migrator.migrate
done = asyncio.run(go(url, to=to))
print(f"did {len(done)} in {changes}", flush=True)
"""


@asynccontextmanager
async def migrating(url: str, to: str, *, stop_before: int = 0) -> AsyncGenerator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _DRIVER, url, to, str(stop_before), stdout=PIPE, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def says(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), _ANSWER_S_MAX)).decode().strip()


async def look(url: str, schema: Schema) -> tuple[Schema, dict[str, list[dict[str, Any]]]]:
    """The schema, and the rows as an older one knows them."""
    database = Database(url, clock=SystemClock(), pool_size=1, max_overflow=0)
    await database.start()
    async with database.read() as connection:
        found = await read_schema(connection), await dump(connection, schema)
    await database.stop()
    return found


async def filled(url: str, revision: str) -> None:
    await migrate(url, to=revision)
    database = Database(url, clock=SystemClock(), pool_size=1, max_overflow=0)
    await database.start()
    async with database.begin() as connection:
        await fill(connection, await read_schema(connection))
    await database.stop()


async def changes_of(url: str, to: str) -> int:
    """How many statements the whole way takes; goes it."""
    async with migrating(url, to) as process:
        assert await says(process) == "starts"
        return int((await says(process)).rpartition(" ")[2])


@pytest.mark.parametrize(("start", "to"), [(OLDER, HEAD), (HEAD, OLDER)], ids=["up", "down"])
@pytest.mark.timeout(180)
async def test_killed_anywhere_on_the_way_it_has_changed_nothing_and_the_next_one_goes_on(
    url: str, schemas: dict[str, Schema], start: str, to: str
) -> None:
    await filled(url, start)
    # The rows of the lower of the two: they are there at both ends.
    _, rows = await look(url, schemas[OLDER])
    go, back = (migrate, downgrade) if to == HEAD else (downgrade, migrate)
    total = await changes_of(url, to)
    assert total > len(revisions())
    await back(url, to=start)
    for stop_before in (1, 2, total // 3, total // 2, 2 * total // 3, total - 1, total):
        async with migrating(url, to, stop_before=stop_before) as process:
            assert [await says(process), await says(process)] == ["starts", "stands still"]
            process.kill()
            assert await process.wait() == -signal.SIGKILL
        assert await current(url) == start
        schema, left = await look(url, schemas[OLDER])
        assert differences(schema, schemas[start]) == []
        assert left == rows
    await go(url, to=to)
    schema, left = await look(url, schemas[OLDER])
    assert differences(schema, schemas[to]) == []
    assert left == rows


@pytest.mark.timeout(180)
async def test_killed_at_any_moment_it_leaves_one_of_the_two_schemas(url: str, schemas: dict[str, Schema]) -> None:
    await filled(url, HEAD)
    _, rows = await look(url, schemas[OLDER])
    way = [OLDER, HEAD]
    for number in range(8):
        start = await current(url)
        to = way[start == OLDER]
        async with migrating(url, to) as process:
            assert await says(process) == "starts"
            # Around the commit, which no statement shows: a little later each time.
            await asyncio.sleep(0.1 + 0.05 * number)
            if process.returncode is None:
                process.kill()
            await process.wait()
        at = await current(url)
        assert at in {start, to}
        schema, left = await look(url, schemas[OLDER])
        assert differences(schema, schemas[at or ""]) == []
        assert left == rows


@pytest.mark.parametrize("ways", [(OLDER, OLDER), (OLDER, HEAD), (OLDER, "0005"), (HEAD, HEAD)], ids="-".join)
async def test_two_processes_at_once_end_at_a_schema_that_is_whole(
    url: str, schemas: dict[str, Schema], ways: tuple[str, str]
) -> None:
    await filled(url, OLDER)
    _, rows = await look(url, schemas[OLDER])
    await migrate(url, to="0006")
    async with migrating(url, ways[0]) as one, migrating(url, ways[1]) as other:
        for process in (one, other):
            assert await says(process) == "starts"
        codes = [await one.wait(), await other.wait()]
    at = await current(url)
    assert at in ways
    # Whoever is told to go down to a revision that was passed already is refused; nobody fails otherwise.
    assert codes.count(0) >= (1 if ways == (OLDER, "0005") else 2)
    schema, left = await look(url, schemas[OLDER])
    assert differences(schema, schemas[at or ""]) == []
    assert left == rows


async def test_a_database_is_free_again_as_soon_as_the_process_that_migrated_it_is_killed(url: str) -> None:
    await migrate(url, to=OLDER)
    async with migrating(url, HEAD, stop_before=10) as process:
        assert [await says(process), await says(process)] == ["starts", "stands still"]
        waiting = asyncio.create_task(migrate(url))
        done, _ = await asyncio.wait((waiting,), timeout=0.5)
        assert not done
        process.kill()
        assert await asyncio.wait_for(waiting, 20) == revisions()[2:]
