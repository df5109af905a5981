"""Aggregation: one row per group, optionally with one key spread over columns."""

# Polars' signatures name types of optional libraries; without those installed its members are "partially unknown".
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from wipsie.kernel.errors import InvalidInput
from wipsie.slices.tasks.domain.tables.columns import require_columns
from wipsie.slices.tasks.domain.tables.options import AggregationOptions
from wipsie.slices.tasks.domain.tables.selection import filter_rows, sort_rows

PIVOT_COLUMNS_MAX = 200
ROWS_COLUMN = "rows"
_NUMBERS_ONLY = frozenset(("sum", "mean", "median", "std"))
_FUNCTIONS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "sum": lambda column: column.sum(),
    "mean": lambda column: column.mean(),
    "min": lambda column: column.min(),
    "max": lambda column: column.max(),
    "count": lambda column: column.count(),
    "median": lambda column: column.median(),
    "std": lambda column: column.std(),
    "n_unique": lambda column: column.drop_nulls().n_unique(),
    "first": lambda column: column.first(),
    "last": lambda column: column.last(),
}


def aggregate(table: pl.DataFrame, options: AggregationOptions) -> pl.DataFrame:
    """One row per group, groups in order of first appearance unless sorted. InvalidInput names column and columns."""
    table = filter_rows(table, options.filter)
    keys: list[str] = [*options.group_by]
    if options.pivot is not None and options.pivot not in keys:
        require_columns([options.pivot], table.columns, "pivot")
        keys.append(options.pivot)
    require_columns(keys, table.columns, "group_by")
    values = _value_expressions(table, options)
    clash = sorted(set(keys) & set(values))
    if clash:
        raise InvalidInput(
            f"aggregates: the result column {', '.join(repr(name) for name in clash)} has the name of a group_by column.",
            details={"field": "processing_options.aggregates"},
        )
    expressions = [expression.alias(name) for name, expression in values.items()]
    grouped = table.group_by(keys, maintain_order=True).agg(expressions) if keys else table.select(expressions)
    if options.pivot is not None:
        grouped = _pivot(grouped, options.pivot, [key for key in keys if key != options.pivot], list(values))
    result = sort_rows(grouped, options.sort)
    return result if options.limit is None else result.head(options.limit)


def _value_expressions(table: pl.DataFrame, options: AggregationOptions) -> dict[str, pl.Expr]:
    require_columns((name for name in options.aggregates if name != "*"), table.columns, "aggregates")
    expressions: dict[str, pl.Expr] = {}
    for name, functions in options.aggregates.items():
        for function in functions if isinstance(functions, list) else [functions]:
            if name == "*":
                if function != "count":
                    raise InvalidInput(
                        "aggregates: '*' stands for rows and can only be counted.",
                        details={"field": "processing_options.aggregates.*"},
                    )
                expressions[ROWS_COLUMN] = pl.len()
                continue
            kind = table.schema[name]
            if function in _NUMBERS_ONLY and not (kind.is_numeric() or kind in (pl.Boolean(), pl.Null())):
                raise InvalidInput(
                    f"aggregates: column '{name}' holds {kind} and has no {function}; use count, n_unique, min, max, "
                    "first or last.",
                    details={"field": f"processing_options.aggregates.{name}"},
                )
            expressions[f"{name}_{function}"] = _FUNCTIONS[function](pl.col(name))
    if not expressions:
        raise InvalidInput("aggregates: name at least one.", details={"field": "processing_options.aggregates"})
    return expressions


def _pivot(grouped: pl.DataFrame, on: str, index: list[str], values: list[str]) -> pl.DataFrame:
    if len(values) != 1 or not index:
        raise InvalidInput(
            "pivot: needs exactly one aggregate and at least one group_by column other than its own.",
            details={"field": "processing_options.pivot"},
        )
    spread = grouped[on].n_unique()
    if spread > PIVOT_COLUMNS_MAX:
        raise InvalidInput(
            f"pivot: column '{on}' has {spread} values; at most {PIVOT_COLUMNS_MAX} can become columns.",
            details={"field": "processing_options.pivot"},
        )
    named = grouped.with_columns(pl.col(on).cast(pl.String).fill_null("null"))
    clash = sorted(set(index) & set(named[on].unique().to_list()))
    if clash:
        raise InvalidInput(
            f"pivot: '{on}' holds the value {clash[0]!r}, which is also the name of a group_by column.",
            details={"field": "processing_options.pivot"},
        )
    return named.pivot(on=on, index=index, values=values[0])
