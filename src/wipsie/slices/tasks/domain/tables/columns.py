"""Columns by name: the error of a missing one names it and those that exist."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wipsie.kernel.errors import InvalidInput


def require_columns(wanted: Iterable[str], available: Sequence[str], option: str) -> None:
    """InvalidInput when one of `wanted` is no column; `option` says where it was written."""
    missing = [name for name in dict.fromkeys(wanted) if name not in available]
    if missing:
        raise InvalidInput(
            f"{option}: there is no column {', '.join(repr(name) for name in missing)}; "
            f"available are {', '.join(available)}.",
            details={"field": f"processing_options.{option}", "missing": missing, "available_columns": list(available)},
        )
