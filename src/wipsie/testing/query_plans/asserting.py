"""The question: does this query read through an index?"""

from __future__ import annotations

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.testing.query_plans.plan import LARGE_ROWS, ROWS_READ_MAX, QueryPlan
from wipsie.testing.query_plans.postgres_plan import explain_on_postgres
from wipsie.testing.query_plans.sqlite_plan import explain_on_sqlite
from wipsie.testing.query_plans.statements import SentSelect, as_sent


async def query_plan(
    connection: AsyncConnection, statement: Executable | SentSelect, *, rows_read_max: int = ROWS_READ_MAX
) -> QueryPlan:
    """How the database of `connection` answers a query. The query runs once, to see how much work it is."""
    sent = as_sent(statement, connection.dialect)
    explain = explain_on_sqlite if connection.dialect.name == "sqlite" else explain_on_postgres
    return await explain(connection, sent, rows_read_max)


async def assert_indexed(
    connection: AsyncConnection,
    statement: Executable | SentSelect,
    *,
    may_sort: bool = False,
    counts: bool = False,
    rows_read_max: int = ROWS_READ_MAX,
) -> QueryPlan:
    """AssertionError, with the plan and what is wrong with it, when a query reads a large table without an index, puts rows
    in order by itself, or looks at more than `rows_read_max` rows.

    `may_sort`: what it sorts is little, however large the table. `counts`: it counts over a large part of a table, and so
    may look at all of an index, if at nothing else (PostgreSQL, which looks at the rows to see which of them count, may read
    the table), and sorts nothing.
    """
    plan = await query_plan(connection, statement, rows_read_max=rows_read_max)
    if max(plan.table_rows.values(), default=0) < LARGE_ROWS:
        raise AssertionError(f"None of its tables is large enough to tell; fill one with fill_table first.\n\n{plan}")
    wrong = [] if may_sort else [*plan.sorts]
    if counts:
        wrong += plan.row_scans if connection.dialect.name == "sqlite" else []
    else:
        wrong += [*plan.row_scans, *plan.index_scans, *([plan.work] if plan.work is not None else [])]
    if wrong:
        sentences = "\n".join(f"* {one}" for one in wrong)
        raise AssertionError(f"This query gets slower as its tables grow:\n{sentences}\n\n{plan}")
    return plan
