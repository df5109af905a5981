"""Transformation: the same rows in another shape."""

# Polars' signatures name types of optional libraries; without those installed its members are "partially unknown".
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import polars as pl

from wipsie.kernel.errors import InvalidInput
from wipsie.slices.tasks.domain.tables.columns import require_columns
from wipsie.slices.tasks.domain.tables.expressions import parse_expression
from wipsie.slices.tasks.domain.tables.options import TransformationOptions, TypeName
from wipsie.slices.tasks.domain.tables.selection import filter_rows, sort_rows


def transform(table: pl.DataFrame, options: TransformationOptions) -> pl.DataFrame:
    """The table after all steps, in the order `TransformationOptions` gives. InvalidInput names step, column and columns."""
    require_columns(options.cast, table.columns, "cast")
    for name, kind in options.cast.items():
        table = _cast(table, name, kind)
    if isinstance(options.drop_nulls, list):
        require_columns(options.drop_nulls, table.columns, "drop_nulls")
        table = table.drop_nulls(options.drop_nulls)
    elif options.drop_nulls:
        table = table.drop_nulls()
    for name, text in options.derive.items():
        expression = parse_expression(text, table.columns)
        try:
            table = table.with_columns(expression.alias(name))
        except (pl.exceptions.PolarsError, TypeError) as error:
            raise InvalidInput(
                f"derive: '{name}' cannot be computed from '{text}': {str(error).splitlines()[0]}",
                details={"field": f"processing_options.derive.{name}"},
            ) from None
    table = sort_rows(filter_rows(table, options.filter), options.sort)
    if options.limit is not None:
        table = table.head(options.limit)
    if options.select is not None:
        require_columns(options.select, table.columns, "select")
        table = table.select(list(dict.fromkeys(options.select)))
    return _rename(table, options.rename)


def _rename(table: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    require_columns(names, table.columns, "rename")
    renamed = [names.get(name, name) for name in table.columns]
    twice = sorted({name for name in renamed if renamed.count(name) > 1})
    if twice:
        raise InvalidInput(
            f"rename: two columns would be called {', '.join(repr(name) for name in twice)}.",
            details={"field": "processing_options.rename"},
        )
    return table.rename(names)


def _cast(table: pl.DataFrame, name: str, kind: TypeName) -> pl.DataFrame:
    column = pl.col(name)
    is_text = table.schema[name] == pl.String
    match kind:
        case "integer":
            target = column.cast(pl.Int64)
        case "number":
            target = column.cast(pl.Float64)
        case "text":
            target = column.cast(pl.String)
        case "boolean":
            target = _text_to_boolean(column) if is_text else column.cast(pl.Boolean)
        case "date":
            target = column.str.to_date() if is_text else column.cast(pl.Date)
        case "datetime":
            target = column.str.to_datetime() if is_text else column.cast(pl.Datetime("us"))
    try:
        return table.with_columns(target.alias(name))
    except pl.exceptions.PolarsError as error:
        raise InvalidInput(
            f"cast: column '{name}' ({table.schema[name]}) holds values that are no {kind}.",
            details={"field": f"processing_options.cast.{name}", "reason": str(error).splitlines()[0]},
        ) from None


def _text_to_boolean(column: pl.Expr) -> pl.Expr:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return column.str.to_lowercase().replace_strict(words, return_dtype=pl.Boolean)
