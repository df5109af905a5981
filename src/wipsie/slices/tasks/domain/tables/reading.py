"""Tables out of what a message or a stored object holds."""

# Polars' signatures name types of optional libraries; without those installed its members are "partially unknown".
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import io
from typing import Any, cast

import msgspec
import polars as pl

from wipsie.kernel import json
from wipsie.kernel.errors import InvalidInput
from wipsie.slices.tasks.domain.items import rows_of
from wipsie.slices.tasks.domain.tables.source import TableSource

NULL_TEXTS = ["", "NA", "N/A", "NaN", "null", "NULL"]
COLUMNS_MAX = 2000


def read_table(source: TableSource) -> pl.DataFrame:
    """The table of a source. InvalidInput says why it cannot be read."""
    try:
        table = _read(source)
    except (pl.exceptions.PolarsError, msgspec.DecodeError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InvalidInput(
            f"input_data cannot be read as {source.kind}: {reason}", details={"field": "input_data", "reason": reason}
        ) from None
    if table.width == 0:
        raise InvalidInput("input_data holds no rows.", details={"field": "input_data"})
    if table.width > COLUMNS_MAX:
        raise InvalidInput(
            f"input_data has {table.width} columns; at most {COLUMNS_MAX} are processed.",
            details={"field": "input_data"},
        )
    return table


def _read(source: TableSource) -> pl.DataFrame:
    content = source.content
    match source.kind:
        case "csv":
            nulls = list(source.null_values) if source.null_values is not None else NULL_TEXTS
            if not content.strip():
                return pl.DataFrame()
            return pl.read_csv(io.BytesIO(content), infer_schema_length=None, null_values=nulls, try_parse_dates=True)
        case "parquet":
            return pl.read_parquet(io.BytesIO(content))
        case "ndjson":
            return _from_rows([json.decode(line) for line in content.splitlines() if line.strip()])
        case "columns":
            return pl.DataFrame(cast("dict[str, Any]", json.decode(content)), strict=False)
        case _:
            return _from_rows(rows_of(json.decode(content)))


def _from_rows(rows: list[Any]) -> pl.DataFrame:
    # A plain list of values is a table of one column.
    records = [cast("dict[str, Any]", row) if isinstance(row, dict) else {"value": row} for row in rows]
    return pl.from_dicts(records, infer_schema_length=None, strict=False) if records else pl.DataFrame()
