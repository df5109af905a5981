"""Where a table comes from: the forms of `input_data`, decided before any heavy library is needed."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from wipsie.kernel import json
from wipsie.kernel.errors import InvalidInput
from wipsie.slices.tasks.domain.items import body_kind

FORMS = (
    "a list of records, an object of columns (lists of equal length), or one of "
    '{"csv": text}, {"json": text or value}, {"ndjson": text}, {"blob_key": key}'
)


class TableSource(msgspec.Struct, frozen=True):
    """Bytes to read a table from."""

    kind: str
    """csv, json, ndjson, parquet or columns."""
    content: bytes
    null_values: tuple[str, ...] | None = None
    """Texts that mean null in CSV; None for the usual ones (empty, NA, N/A, NaN, null)."""


def blob_key_of(input_data: Any) -> str | None:
    """The key when `input_data` points to a stored object."""
    if isinstance(input_data, dict):
        key = cast("dict[str, Any]", input_data).get("blob_key")
        return key if isinstance(key, str) else None
    return None


def source_of_blob(content: bytes, content_type: str, input_data: dict[str, Any]) -> TableSource:
    """A stored object as a source; `input_data` may say its ``format`` and ``null_values``."""
    kind = input_data.get("format")
    if kind is None:
        kind = "parquet" if content[:4] == b"PAR1" else body_kind(content_type, content)
    if kind not in ("csv", "json", "ndjson", "parquet"):
        raise InvalidInput(
            f"The object is {content_type}; say input_data.format: csv, json, ndjson or parquet.",
            details={"field": "input_data.format", "content_type": content_type},
        )
    return TableSource(kind, content, _null_values(input_data))


def source_of(input_data: Any) -> TableSource:
    """The source written in the message itself. InvalidInput lists the accepted forms."""
    if isinstance(input_data, list):
        return TableSource("json", json.encode(cast("list[Any]", input_data)))
    if isinstance(input_data, dict):
        written = cast("dict[str, Any]", input_data)
        for kind in ("csv", "ndjson", "json"):
            text = written.get(kind)
            if isinstance(text, str):
                return TableSource(kind, text.encode(), _null_values(written))
        if set(written) == {"json"}:
            return TableSource("json", json.encode(written["json"]))
        if written and all(isinstance(column, list) for column in written.values()):
            lengths = {name: len(cast("list[Any]", column)) for name, column in written.items()}
            if len(set(lengths.values())) > 1:
                raise InvalidInput(
                    "The columns of input_data have different lengths.",
                    details={"field": "input_data", "lengths": lengths},
                )
            return TableSource("columns", json.encode(written))
    raise InvalidInput(f"input_data must be {FORMS}.", details={"field": "input_data"})


def _null_values(written: dict[str, Any]) -> tuple[str, ...] | None:
    texts = written.get("null_values")
    if texts is None:
        return None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in cast("list[Any]", texts)):
        raise InvalidInput("input_data.null_values must be a list of texts.", details={"field": "input_data"})
    return tuple(cast("list[str]", texts))
