"""One operation from bytes to bytes: the function that travels to the process pool."""

# Polars' signatures name types of optional libraries; without those installed its members are "partially unknown".
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from wipsie.slices.tasks.domain.tables.options import (
    AggregationOptions,
    AnalysisOptions,
    TransformationOptions,
    parse_options,
)
from wipsie.slices.tasks.domain.tables.source import TableSource

if TYPE_CHECKING:
    import polars as pl


class TableResult(msgspec.Struct, frozen=True):
    """What an operation made."""

    rows_in: int
    rows_out: int
    columns: list[str]
    content: bytes
    content_type: str


def check_options(
    operation: str, written: dict[str, Any]
) -> AnalysisOptions | TransformationOptions | AggregationOptions:
    """The options of an operation, before any data is read. InvalidInput lists the known ones."""
    match operation:
        case "analysis":
            return parse_options(written, AnalysisOptions)
        case "transformation":
            return parse_options(written, TransformationOptions)
        case _:
            return parse_options(written, AggregationOptions)


def run_operation(operation: str, source: TableSource, written: dict[str, Any], output_format: str) -> TableResult:
    """Read, work, write. InvalidInput for whatever in the message makes it impossible."""
    # Here and nowhere above: this runs in the pool's process, the main one never loads the engine.
    from wipsie.kernel import json
    from wipsie.slices.tasks.domain.tables.aggregation import aggregate
    from wipsie.slices.tasks.domain.tables.analysis import analyse
    from wipsie.slices.tasks.domain.tables.reading import read_table
    from wipsie.slices.tasks.domain.tables.transformation import transform
    from wipsie.slices.tasks.domain.tables.writing import CONTENT_TYPES, write_table

    options = check_options(operation, written)
    table = read_table(source)
    if isinstance(options, AnalysisOptions):
        report = analyse(table, options)
        columns = list(report["columns"])
        if output_format == "json":
            return TableResult(table.height, len(columns), columns, json.encode(report), CONTENT_TYPES["json"])
        result = _statistics_table(report)
    elif isinstance(options, TransformationOptions):
        result = transform(table, options)
    else:
        result = aggregate(table, options)
    content = write_table(result, output_format)
    return TableResult(table.height, result.height, result.columns, content, CONTENT_TYPES[output_format])


def _statistics_table(report: dict[str, Any]) -> pl.DataFrame:
    """One row per column of the analysed table, for the formats that hold only tables."""
    import polars as pl

    from wipsie.kernel import json

    rows: list[dict[str, Any]] = []
    for name, facts in report["columns"].items():
        quantiles = {f"q{at}": value for at, value in facts.get("quantiles", {}).items()}
        simple = {key: value for key, value in facts.items() if not isinstance(value, dict | list)}
        # min and max of columns of different types share one result column, as text.
        extremes = {key: None if facts.get(key) is None else str(facts[key]) for key in ("min", "max")}
        rows.append({"column": name, **simple, **extremes, **quantiles, "top": json.encode_text(facts.get("top", []))})
    return pl.from_dicts(rows, infer_schema_length=None, strict=False)
