"""What the plan of a query and its work say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LARGE_ROWS = 10_000
"""A table this large is to be read through an index; of a smaller one nobody can tell."""
ROWS_READ_MAX = 2_000
"""How many rows a query may look at, whatever it gives back: some pages, not a table."""


@dataclass(frozen=True, kw_only=True)
class QueryPlan:
    """How a database answers a query. What is wrong with it is told in sentences."""

    sql: str
    lines: Sequence[str]
    """The plan as the database tells it, indented."""
    table_rows: Mapping[str, int]
    """How many rows the tables hold that it reads; no more than `LARGE_ROWS` are counted."""
    row_scans: Sequence[str]
    """Large tables of which it may read every row."""
    index_scans: Sequence[str]
    """Those of which it may read every entry of an index, and nothing else."""
    sorts: Sequence[str]
    """What it puts in order by itself."""
    work: str | None
    """That it looked at more rows than it may."""
    indexes: Sequence[str]
    """Those of the tables it reads, as they were made."""

    def __str__(self) -> str:
        parts = [self.sql, "", "Plan:", *(f"  {line}" for line in self.lines), "", "Indexes:"]
        return "\n".join([*parts, *(f"  {line}" for line in self.indexes or ["(none)"])])
