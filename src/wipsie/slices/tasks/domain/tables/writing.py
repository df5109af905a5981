"""Tables as JSON, NDJSON, CSV or Parquet."""

# Polars' signatures name types of optional libraries; without those installed its members are "partially unknown".
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import io

import polars as pl

from wipsie.kernel import json

CONTENT_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}


def write_table(table: pl.DataFrame, output_format: str) -> bytes:
    """The table in one of `CONTENT_TYPES`."""
    if output_format == "json":
        return json.encode(table.to_dicts())
    if output_format == "ndjson":
        return b"".join(json.encode(row) + b"\n" for row in table.iter_rows(named=True))
    if output_format == "csv":
        return _flat(table).write_csv().encode()
    target = io.BytesIO()
    table.write_parquet(target)
    return target.getvalue()


def _flat(table: pl.DataFrame) -> pl.DataFrame:
    """CSV cells hold no lists or objects: those become their JSON text."""
    nested = [name for name, kind in table.schema.items() if kind.is_nested()]
    return table.with_columns(
        pl.Series(
            name, [None if value is None else json.encode_text(value) for value in table[name].to_list()], pl.String
        )
        for name in nested
    )
