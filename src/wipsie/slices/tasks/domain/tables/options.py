"""What `processing_options` may say, per operation, and the errors that name what is known."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta

from wipsie.kernel.errors import InvalidInput

ColumnName = Annotated[str, Meta(min_length=1, max_length=200)]
RowLimit = Annotated[int, Meta(ge=1, le=1_000_000)]
TypeName = Literal["integer", "number", "text", "boolean", "date", "datetime"]
FunctionName = Literal["sum", "mean", "min", "max", "count", "median", "std", "n_unique", "first", "last"]


class SortKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column to sort by; written short as ``"name"``, or ``"-name"`` for descending."""

    column: ColumnName
    descending: bool = False


def _count_rows() -> dict[ColumnName, FunctionName | list[FunctionName]]:
    return {"*": "count"}


class AnalysisOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Statistics per column of the rows that pass `filter`."""

    columns: list[ColumnName] | None = None
    """Only these; None for all."""
    filter: dict[str, Any] | None = None
    quantiles: Annotated[list[Annotated[float, Meta(ge=0, le=1)]], Meta(max_length=20)] = msgspec.field(
        default_factory=lambda: [0.25, 0.5, 0.75]
    )
    top: Annotated[int, Meta(ge=0, le=100)] = 5
    """How many of the most frequent values of text columns."""
    correlations: bool = False
    """Pearson correlation of every pair of number columns."""


class TransformationOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Steps in this order, whatever the order they are written in: cast, drop_nulls, derive, filter, sort, limit, select,
    rename. So a filter may use derived columns, and all names but the last step's are those of the input."""

    cast: dict[ColumnName, TypeName] = {}
    drop_nulls: bool | list[ColumnName] = False
    """True: rows with any null; a list: rows with a null in one of these columns."""
    derive: dict[ColumnName, Annotated[str, Meta(min_length=1, max_length=1000)]] = {}
    """New column to expression, for example ``{"mass_kg": "body_mass_g / 1000"}``."""
    filter: dict[str, Any] | None = None
    sort: list[ColumnName | SortKey] = []
    limit: RowLimit | None = None
    select: list[ColumnName] | None = None
    rename: dict[ColumnName, ColumnName] = {}


class AggregationOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row per group. A result column is called ``<column>_<function>``; ``{"*": "count"}`` counts rows as ``rows``."""

    aggregates: dict[ColumnName, FunctionName | list[FunctionName]] = msgspec.field(default_factory=_count_rows)
    group_by: list[ColumnName] = []
    """Empty: one row for the whole table."""
    filter: dict[str, Any] | None = None
    pivot: ColumnName | None = None
    """Spread the values of this column over result columns; needs exactly one aggregate and at least one `group_by`."""
    sort: list[ColumnName | SortKey] = []
    """By result columns."""
    limit: RowLimit | None = None


Options = TypeVar("Options", AnalysisOptions, TransformationOptions, AggregationOptions)


def parse_options(written: dict[str, Any], kind: type[Options]) -> Options:
    """The options of one operation. InvalidInput lists the known names, or names the wrong value."""
    known = kind.__struct_fields__
    unknown = sorted(set(written) - set(known))
    if unknown:
        raise InvalidInput(
            f"Unknown processing option {', '.join(repr(name) for name in unknown)}; known are {', '.join(known)}.",
            details={"field": "processing_options", "unknown": unknown, "known": list(known)},
        )
    try:
        return msgspec.convert(written, type=kind)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        where = f"processing_options{path.removesuffix('`')}"
        accepted = get_args(FunctionName) if "aggregates" in where else get_args(TypeName) if "cast" in where else ()
        if reason.startswith("Invalid enum value") and accepted:
            reason = f"{reason}; known are {', '.join(accepted)}"
        raise InvalidInput(f"{where}: {reason}.", details={"field": where, "reason": reason}) from None
