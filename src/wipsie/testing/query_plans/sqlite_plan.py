"""Plans of SQLite: EXPLAIN QUERY PLAN says which way, and the steps of its machine how much.

SCAN x                       every row, in the order of their numbers
SCAN x USING INDEX i         every entry of an index; of a partial one, which holds what is wanted, that is no more than needed
SEARCH x USING …             only what is wanted
USE TEMP B-TREE FOR …        puts rows in order, or together, by itself
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.testing.query_plans.plan import LARGE_ROWS, QueryPlan
from wipsie.testing.query_plans.statements import SentSelect

_STEPS_COUNTED = 100
_STEPS_PER_ROW = 60
"""Looking at a row takes some ten steps, giving it back one more for each column."""
_LOOK = re.compile(
    r"(?P<way>SCAN|SEARCH) (?P<table>\w+)(?: USING (?:(?P<covering>COVERING )?INDEX (?P<index>\w+)|\w+))?"
    r"(?P<virtual> VIRTUAL TABLE)?"
)
_MADE = re.compile(r"(?:CO-ROUTINE|MATERIALIZE) (\w+)")


async def explain_on_sqlite(connection: AsyncConnection, sent: SentSelect, rows_read_max: int) -> QueryPlan:
    """The plan, and whether more than so many rows were looked at."""
    explained = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sent.sql}", sent.parameters)
    told: list[tuple[int, int, int, str]] = [tuple(row) for row in explained]
    depth: dict[int, int] = {0: -1}
    lines: list[str] = []
    for number, parent, _, detail in told:
        depth[number] = depth[parent] + 1
        lines.append(f"{'  ' * depth[number]}{detail}")
    details = [detail for *_, detail in told]
    made = {match[1] for one in details if (match := _MADE.match(one))}
    looks = [look for one in details if (look := _LOOK.match(one)) and look["table"] not in made | {"CONSTANT"}]
    tables = {look["table"]: _real_name(look["table"], sent.sql) for look in looks if not look["virtual"]}
    table_rows = {table: await _count(connection, table) for table in tables.values()}
    partial = await _partial_indexes(connection, tables.values())
    takes_first = "LIMIT" in sent.sql.upper() and "WHERE" not in sent.sql.upper()
    row_scans: list[str] = []
    index_scans: list[str] = []
    for look in looks:
        large = look["table"] in tables and table_rows[tables[look["table"]]] >= LARGE_ROWS
        if look["way"] != "SCAN" or not large or look["index"] in partial or takes_first:
            continue
        if look["covering"]:
            index_scans.append(f"it reads the whole index {look['index']} of {tables[look['table']]}")
        else:
            row_scans.append(f"it reads the whole of {tables[look['table']]}")
    steps = await _steps(connection, sent)
    most = rows_read_max * _STEPS_PER_ROW
    return QueryPlan(
        sql=str(sent),
        lines=lines,
        table_rows=table_rows,
        row_scans=row_scans,
        index_scans=index_scans,
        sorts=[f"it sorts by itself: {one}" for one in details if one.startswith("USE TEMP B-TREE")]
        + [f"it makes an index for this one time: {one}" for one in details if "AUTOMATIC" in one],
        work=None
        if steps <= most
        else f"it took {steps:,} steps, and looking at {rows_read_max:,} rows would take {most:,} at most",
        indexes=await _indexes(connection, tables.values()),
    )


def _real_name(name: str, sql: str) -> str:
    """The table behind an alias."""
    renamed = re.search(rf'"?(\w+)"? AS "?{name}"?\b', sql)
    return renamed[1] if renamed else name


async def _count(connection: AsyncConnection, table: str) -> int:
    counted = f'SELECT count(*) FROM (SELECT 1 FROM "{table}" LIMIT {LARGE_ROWS})'  # noqa: S608 - names of the database's own plan
    return (await connection.exec_driver_sql(counted)).scalar_one()


async def _partial_indexes(connection: AsyncConnection, tables: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for table in set(tables):
        listed = await connection.exec_driver_sql("SELECT name FROM pragma_index_list(?) WHERE partial", (table,))
        found.update(listed.scalars())
    return found


async def _indexes(connection: AsyncConnection, tables: Iterable[str]) -> list[str]:
    found: list[str] = []
    for table in sorted(set(tables)):
        listed = await connection.exec_driver_sql(
            "SELECT coalesce(sql, name) FROM sqlite_master WHERE type = 'index' AND tbl_name = ? ORDER BY name",
            (table,),
        )
        found += listed.scalars()
    return found


async def _steps(connection: AsyncConnection, sent: SentSelect) -> int:
    """How many steps of SQLite's machine the query takes."""

    steps = 0

    def count() -> None:
        nonlocal steps
        steps += _STEPS_COUNTED

    def run(raw: sqlite3.Connection) -> None:
        raw.set_progress_handler(count, _STEPS_COUNTED)
        try:
            raw.execute(sent.sql, sent.parameters).fetchall()
        finally:
            raw.set_progress_handler(None, 0)

    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.step(run)
    return steps
