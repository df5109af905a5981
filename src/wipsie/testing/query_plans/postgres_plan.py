"""Plans of PostgreSQL: EXPLAIN ANALYZE runs the query and says what each part of the plan looked at.

PostgreSQL plans by what it knows of the values. So it may sort the few rows of a rare value though an index has them in
order, and is right: what counts is how many rows it looked at and sorted, not how it is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from wipsie.testing.query_plans.plan import LARGE_ROWS, QueryPlan
from wipsie.testing.query_plans.statements import SentSelect

_Node = Mapping[str, Any]
_EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, FORMAT JSON)"
_SORTED_ROWS_MAX = 1_000
_SHOWN = ("Relation Name", "Index Name", "Index Cond", "Recheck Cond", "Filter", "Sort Key", "Hash Cond", "Join Filter")


async def explain_on_postgres(connection: AsyncConnection, sent: SentSelect, rows_read_max: int) -> QueryPlan:
    """The plan, and whether more than so many rows were looked at."""
    told: Any = (await connection.exec_driver_sql(f"{_EXPLAIN} {sent.sql}", sent.parameters)).scalar_one()
    plans: Any = msgspec.json.decode(told) if isinstance(told, str) else told
    nodes = list(_nodes(plans[0]["Plan"]))
    tables = sorted({str(node["Relation Name"]) for _, node in nodes if "Relation Name" in node})
    table_rows = {table: await _count(connection, table) for table in tables}
    row_scans: list[str] = []
    sorts: list[str] = []
    read = 0
    for _, node in nodes:
        kind = str(node["Node Type"])
        if kind == "Seq Scan" and table_rows[node["Relation Name"]] >= LARGE_ROWS:
            row_scans.append(f"it reads the whole of {node['Relation Name']}")
        if kind in ("Sort", "Incremental Sort"):
            rows = sum(_rows(one) for one in node["Plans"])
            if rows > _SORTED_ROWS_MAX:
                sorts.append(f"it sorts {rows:,} rows by {', '.join(node['Sort Key'])}")
        if "Scan" in kind and kind != "Bitmap Heap Scan":
            read += _rows(node) + sum(_removed(node, by) for by in ("Filter", "Index Recheck", "Join Filter"))
    return QueryPlan(
        sql=str(sent),
        lines=[f"{'  ' * depth}{_line(node)}" for depth, node in nodes],
        table_rows=table_rows,
        row_scans=row_scans,
        index_scans=(),
        sorts=sorts,
        work=None if read <= rows_read_max else f"it looked at {read:,} rows, and {rows_read_max:,} are the most",
        indexes=await _indexes(connection, tables),
    )


def _nodes(node: _Node, depth: int = 0) -> Iterator[tuple[int, _Node]]:
    yield depth, node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner, depth + 1)


def _rows(node: _Node) -> int:
    """In all its rounds together."""
    return round(node["Actual Rows"] * node["Actual Loops"])


def _removed(node: _Node, by: str) -> int:
    return round(node.get(f"Rows Removed by {by}", 0) * node["Actual Loops"])


def _line(node: _Node) -> str:
    facts = [f"{name.lower()} {node[name]}" for name in _SHOWN if name in node]
    removed = f", {_removed(node, 'Filter'):,} removed by the filter" if "Rows Removed by Filter" in node else ""
    return f"{node['Node Type']}: {', '.join([*facts, f'{_rows(node):,} rows'])}{removed}"


async def _count(connection: AsyncConnection, table: str) -> int:
    counted = f'SELECT count(*) FROM (SELECT 1 FROM "{table}" LIMIT {LARGE_ROWS}) AS counted'  # noqa: S608 - names of the server's own plan
    return (await connection.exec_driver_sql(counted)).scalar_one()


async def _indexes(connection: AsyncConnection, tables: Sequence[str]) -> list[str]:
    listed = await connection.exec_driver_sql(
        "SELECT indexdef FROM pg_indexes WHERE tablename = ANY($1::text[]) ORDER BY tablename, indexname",
        (list(tables),),
    )
    return list(listed.scalars())
