"""Down and up again: what an older schema holds stays as it is, and the way back leads to the very same schema."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sample_rows import fill
from schema_shapes import Schema, differences, dump, read_schema
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.database import Database
from wipsie.database.migrator import BASE, current, downgrade, losses, migrate, plan, revisions, status
from wipsie.kernel.clock import SystemClock
from wipsie.kernel.errors import ConfigurationError, InvalidInput, StorageUnavailable

HEAD = revisions()[-1]
STEPS = [BASE, *revisions()]
NewUrl = Callable[[], str]


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Database]:
    database = Database(url, clock=SystemClock(), pool_size=1, max_overflow=1)
    await database.start()
    try:
        yield database
    finally:
        await database.stop()


async def read(url: str, what: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
    async with opened(url) as database, database.read() as connection:
        return await what(connection)


async def schema_of(url: str) -> Schema:
    return await read(url, read_schema)


async def rows_of(url: str, schema: Schema) -> dict[str, list[dict[str, Any]]]:
    return await read(url, lambda connection: dump(connection, schema))


async def filled(url: str) -> None:
    """Migrated to the newest, with rows in every table."""
    await migrate(url)
    async with opened(url) as database, database.begin() as connection:
        await fill(connection, await read_schema(connection))


@pytest.mark.slow
async def test_step_by_step_down_everything_the_older_schema_holds_stays_byte_for_byte_and_each_step_leads_up_again(
    url: str, schemas: dict[str, Schema]
) -> None:
    await filled(url)
    before = {step: await rows_of(url, schemas[step]) for step in STEPS}
    assert all(rows for table, rows in before[HEAD].items() if not table.startswith("(")), "every table holds something"
    for newer, older in reversed(list(zip(STEPS[1:], STEPS[:-1], strict=True))):
        assert await downgrade(url, to=older) == [newer]
        assert await current(url) == (None if older == BASE else older)
        assert differences(await schema_of(url), schemas[older]) == []
        assert await rows_of(url, schemas[older]) == before[older]
        # What the newer one added is empty again; the rest has not moved.
        assert await migrate(url, to=newer) == [newer]
        assert differences(await schema_of(url), schemas[newer]) == []
        assert await rows_of(url, schemas[older]) == before[older]
        assert await downgrade(url, to=older) == [newer]
    assert await migrate(url) == revisions()
    assert differences(await schema_of(url), schemas[HEAD]) == []


@pytest.mark.slow
# Each single step is tested above; of the ways that are made of them, some.
@pytest.mark.parametrize("older", STEPS[:-1:4])
async def test_down_at_once_and_up_to_the_newest_is_the_schema_of_a_fresh_database_with_the_older_rows(
    url: str, schemas: dict[str, Schema], older: str
) -> None:
    await filled(url)
    before = await rows_of(url, schemas[older])
    undone = await downgrade(url, to=older)
    assert undone == [one for one in reversed(revisions()) if one > older]
    assert differences(await schema_of(url), schemas[older]) == []
    assert await migrate(url) == undone[::-1]
    assert differences(await schema_of(url), schemas[HEAD]) == []
    assert await rows_of(url, schemas[older]) == before


@pytest.mark.slow
async def test_what_a_downgrade_would_remove_is_what_it_removes(url: str, schemas: dict[str, Schema]) -> None:
    await filled(url)
    for older in STEPS[-2::-1]:
        told = await losses(url, to=older)
        before, rows = await schema_of(url), await rows_of(url, await schema_of(url))
        await downgrade(url, to=older)
        after = schemas[older]
        assert {one.table for one in told if not one.columns} == set(before.tables) - set(after.tables)
        for one in told:
            assert one.rows > 0
            if one.columns:
                kept = {column.name for column in after.tables[one.table].columns}
                assert set(one.columns) == {column.name for column in before.tables[one.table].columns} - kept
            else:
                assert one.rows == len(rows[one.table])
    assert await losses(url, to=BASE) == []


async def test_a_plan_tells_the_way_and_goes_none_of_it(url: str) -> None:
    up = await plan(url, to="0002")
    assert [one.revision for one in up.would_apply] == ["0001", "0002"]
    assert up.would_apply[1].title == "Task runs and the workers that are alive."
    assert await current(url) is None
    await migrate(url, to="0003")
    down = await plan(url, to="0001")
    assert (down.current, down.would_apply) == ("0003", [])
    assert [one.revision for one in down.would_undo] == ["0003", "0002"]
    assert [(one.table, one.rows) for one in down.would_remove] == [
        ("leases", 0),
        ("schedules", 0),
        ("task_runs", 0),
        ("workers", 0),
    ]
    nowhere = await plan(url, to="0003")
    assert (nowhere.would_apply, nowhere.would_undo, nowhere.would_remove) == ([], [], [])
    assert await current(url) == "0003"


async def test_the_status_tells_what_is_pending(url: str) -> None:
    empty = await status(url)
    assert (empty.current, empty.newest, empty.pending) == (None, HEAD, revisions())
    await migrate(url, to="0002")
    assert (await status(url)).pending == revisions()[2:]
    await migrate(url)
    assert (await status(url)).pending == []


async def test_up_to_a_revision_stops_there_and_goes_nowhere_when_the_database_is_further(url: str) -> None:
    assert await migrate(url, to="0003") == ["0001", "0002", "0003"]
    assert await migrate(url, to="0002") == []
    assert await current(url) == "0003"


@pytest.mark.parametrize("to", ["0099", "7", "head", ""])
async def test_a_revision_nobody_knows_is_refused(url: str, to: str) -> None:
    await migrate(url, to="0002")
    for ask in (migrate, downgrade, losses, plan):
        with pytest.raises(InvalidInput, match="There is no revision") as refused:
            await ask(url, to=to)
        assert HEAD in refused.value.message
    assert await current(url) == "0002"


async def test_down_to_a_newer_revision_is_refused_and_to_the_same_one_does_nothing(url: str) -> None:
    with pytest.raises(InvalidInput, match="is newer"):
        await downgrade(url, to="0001")
    assert await downgrade(url, to=BASE) == []
    await migrate(url, to="0002")
    with pytest.raises(InvalidInput, match="is newer"):
        await downgrade(url, to="0003")
    assert await downgrade(url, to="0002") == []
    assert await current(url) == "0002"


async def test_a_database_newer_than_the_code_is_not_taken_down_and_is_told_apart(
    migrated_database_url: str, database: Database
) -> None:
    async with database.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for ask in (downgrade, losses, plan):
        with pytest.raises(ConfigurationError, match="only the newer version") as refused:
            await ask(migrated_database_url, to="0003")
        assert refused.value.details["revision"] == "9999"
    assert await migrate(migrated_database_url, to=HEAD) == []
    told = await status(migrated_database_url)
    assert (told.newer_than_code, told.pending) == (True, [])
    assert await current(migrated_database_url) == "9999"


async def test_a_downgrade_that_fails_leaves_the_newer_schema_with_its_rows(
    url: str, schemas: dict[str, Schema]
) -> None:
    await filled(url)
    async with opened(url) as database, database.begin() as connection:
        # The last step down, after all others: it cannot find what it is to remove.
        await connection.exec_driver_sql("ALTER TABLE handled_messages RENAME TO somewhere_else")
    schema = await schema_of(url)
    rows = await rows_of(url, schema)
    with pytest.raises(Exception, match="handled_messages"):
        await downgrade(url, to=BASE)
    assert await current(url) == HEAD
    assert differences(await schema_of(url), schema) == []
    assert await rows_of(url, schema) == rows


async def test_of_several_that_go_down_at_once_one_does_it(url: str, schemas: dict[str, Schema]) -> None:
    await filled(url)
    undone = await asyncio.gather(*(downgrade(url, to="0003") for _ in range(3)))
    assert sorted(len(one) for one in undone) == [0, 0, len(revisions()) - 3]
    assert differences(await schema_of(url), schemas["0003"]) == []


async def test_up_and_down_at_once_end_at_one_of_the_two(url: str, schemas: dict[str, Schema]) -> None:
    await migrate(url, to="0005")
    for _ in range(3):
        ways = [downgrade(url, to="0002"), migrate(url), downgrade(url, to="0002"), migrate(url)]
        for result in await asyncio.gather(*ways, return_exceptions=True):
            assert not isinstance(result, BaseException), result
        at = await current(url)
        assert at in {"0002", HEAD}
        assert differences(await schema_of(url), schemas[at or BASE]) == []


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_a_table_somebody_holds_for_too_long_is_not_waited_for_and_nothing_was_changed(
    url: str, schemas: dict[str, Schema]
) -> None:
    await filled(url)
    rows = await rows_of(url, schemas[HEAD])
    async with opened(url) as database, database.begin() as connection:
        await connection.exec_driver_sql("UPDATE leases SET expires_at_ms = expires_at_ms")
        with pytest.raises(StorageUnavailable, match="try again"):
            await downgrade(url, to="0002", lock_wait_s_max=0.05)
    assert await current(url) == HEAD
    assert await rows_of(url, schemas[HEAD]) == rows


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_while_a_table_is_waited_for_its_readers_get_through_again_and_again(
    url: str, schemas: dict[str, Schema]
) -> None:
    await migrate(url)
    async with opened(url) as holder, opened(url) as reader:
        async with holder.begin() as connection:
            await connection.exec_driver_sql("UPDATE leases SET expires_at_ms = expires_at_ms")
            waiting = asyncio.create_task(downgrade(url, to="0002"))
            done, _ = await asyncio.wait((waiting,), timeout=0.5)
            assert not done
            async with asyncio.timeout(8), reader.read() as reading:
                # Behind the one that waits for the table, until that gives way.
                await reading.exec_driver_sql("SELECT count(*) FROM leases")
            assert not waiting.done()
        assert await waiting == [one for one in reversed(revisions()) if one > "0002"]
    assert differences(await schema_of(url), schemas["0002"]) == []
