"""The filter language and sort keys, as Polars understands them."""

# Polars' signatures name types of optional libraries; without those installed its members are "partially unknown".
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from wipsie.kernel.errors import InvalidInput
from wipsie.slices.tasks.domain.filters import Condition, parse_conditions
from wipsie.slices.tasks.domain.tables.columns import require_columns
from wipsie.slices.tasks.domain.tables.options import SortKey


def filter_rows(table: pl.DataFrame, written: Mapping[str, Any] | None) -> pl.DataFrame:
    """Rows that pass; the same meaning as `filters.matches`. InvalidInput names a missing column or a value of a wrong type."""
    conditions = parse_conditions(written)
    require_columns((condition.field for condition in conditions), table.columns, "filter")
    for condition in conditions:
        try:
            # Null is a refusal here, as the comparison with nothing holds for nothing.
            table = table.filter(_expression(condition, table.schema[condition.field]).fill_null(value=False))
        except (pl.exceptions.PolarsError, TypeError) as error:
            raise InvalidInput(
                f"filter: column '{condition.field}' holds {table.schema[condition.field]} and cannot be compared with "
                f"{condition.value!r} by '{condition.operator}'.",
                details={"field": f"processing_options.filter.{condition.field}", "reason": str(error).splitlines()[0]},
            ) from None
    return table


def sort_rows(table: pl.DataFrame, keys: Sequence[str | SortKey]) -> pl.DataFrame:
    """Rows in order, nulls last. InvalidInput names a missing column."""
    if not keys:
        return table
    parsed = [_sort_key(key, table.columns) for key in keys]
    require_columns((key.column for key in parsed), table.columns, "sort")
    return table.sort(
        [key.column for key in parsed],
        descending=[key.descending for key in parsed],
        nulls_last=True,
        maintain_order=True,
    )


def _sort_key(key: str | SortKey, columns: Sequence[str]) -> SortKey:
    if isinstance(key, SortKey):
        return key
    if key.startswith("-") and key not in columns:
        return SortKey(key[1:], descending=True)
    return SortKey(key)


def _expression(condition: Condition, kind: pl.DataType) -> pl.Expr:
    column = pl.col(condition.field)
    value = condition.value
    # Times are written as texts in JSON.
    if kind.is_temporal() and condition.operator != "contains":
        column = column.dt.to_string("iso")
    match condition.operator:
        case "eq":
            return column.is_null() if value is None else column == value
        case "ne":
            return column.is_not_null() if value is None else (column != value) | column.is_null()
        case "gt":
            return column > value
        case "gte":
            return column >= value
        case "lt":
            return column < value
        case "lte":
            return column <= value
        case "in":
            present = column.is_in([one for one in value if one is not None])
            return present | column.is_null() if None in value else present
        case _:
            if isinstance(kind, pl.List):
                return column.list.contains(value)
            text = column.cast(pl.String).str.to_lowercase()
            return text.str.contains(str(value).lower(), literal=True)
