"""Analysis: what each column holds, in numbers."""

# Polars' signatures name types of optional libraries; without those installed its members are "partially unknown".
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from itertools import combinations
from typing import Any

import polars as pl

from wipsie.slices.tasks.domain.tables.columns import require_columns
from wipsie.slices.tasks.domain.tables.options import AnalysisOptions
from wipsie.slices.tasks.domain.tables.selection import filter_rows

CORRELATED_COLUMNS_MAX = 50


def analyse(table: pl.DataFrame, options: AnalysisOptions) -> dict[str, Any]:
    """``{"rows", "columns": {name: statistics}}`` and, when asked for, ``"correlations"`` of number columns."""
    table = filter_rows(table, options.filter)
    if options.columns is not None:
        require_columns(options.columns, table.columns, "columns")
        table = table.select(options.columns)
    report: dict[str, Any] = {
        "rows": table.height,
        "columns": {column.name: _describe(column, options) for column in table.get_columns()},
    }
    if options.correlations:
        report["correlations"] = _correlations(table)
    return report


def type_name(kind: pl.DataType) -> str:
    """The type of a column in words that do not depend on the engine."""
    if kind.is_integer():
        return "integer"
    if kind.is_numeric():
        return "number"
    if kind == pl.Boolean:
        return "boolean"
    if kind == pl.Date:
        return "date"
    if kind.is_temporal():
        return "datetime"
    if kind.is_nested():
        return "nested"
    return "null" if kind == pl.Null else "text"


def _describe(column: pl.Series, options: AnalysisOptions) -> dict[str, Any]:
    kind = type_name(column.dtype)
    values = column.drop_nulls()
    facts: dict[str, Any] = {"type": kind, "nulls": column.null_count(), "distinct": None}
    if kind == "nested":
        return facts
    facts["distinct"] = values.n_unique()
    if kind in ("integer", "number"):
        facts |= {"min": values.min(), "max": values.max(), "mean": values.mean(), "std": values.std()}
        facts["sum"] = values.sum()
        facts["quantiles"] = {f"{at:g}": values.quantile(at, interpolation="linear") for at in options.quantiles}
    elif kind in ("date", "datetime"):
        facts |= {"min": values.min(), "max": values.max()}
    elif kind == "boolean":
        facts["true"] = values.sum()
    elif options.top:
        # Equal counts come in order of the value, so that a result can be repeated.
        counted = values.to_frame("value").group_by("value").agg(pl.len().alias("count"))
        facts["top"] = counted.sort(["count", "value"], descending=[True, False]).head(options.top).to_dicts()
    return facts


def _correlations(table: pl.DataFrame) -> dict[str, float | None]:
    names = [name for name, kind in table.schema.items() if kind.is_numeric()][:CORRELATED_COLUMNS_MAX]
    pairs = list(combinations(names, 2))
    if not pairs:
        return {}
    # Rows where either side is null do not count for that pair.
    return table.select(pl.corr(left, right).alias(f"{left} ~ {right}") for left, right in pairs).to_dicts()[0]
