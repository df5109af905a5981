"""What a polled body holds: its items by content type, those that pass the filters, and those newer than the last poll."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from wipsie.kernel import json
from wipsie.kernel.errors import InvalidInput
from wipsie.slices.tasks.domain.filters import matches, parse_conditions

SAMPLE_ITEMS = 3
SAMPLE_ITEM_BYTES_MAX = 4096
SINCE_FIELD = "since_field"
"""Reserved name in `filters`: the field that holds an item's time; only items later than `last_poll_time` pass."""
_LIST_NAMES = ("items", "data", "results", "records", "rows", "entries")
_NULL_TEXTS = frozenset(("", "NA", "N/A", "null", "NULL"))
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9]\d*)\.\d+([eE][+-]?\d+)?")


class Selection(msgspec.Struct, frozen=True):
    """The outcome of reading one body."""

    kind: str
    """json, ndjson, csv or text."""
    items: int
    matched: int
    sample: list[Any]
    """The first matched items; of one that is larger than 4 KiB only its size, for results are small."""
    ndjson: bytes
    """All matched items, one JSON value a line."""


def select_items(
    content: bytes, content_type: str, filters: Mapping[str, Any] | None, since_ms: int | None
) -> Selection:
    """Read `content`, keep what passes. InvalidInput when the body is not what its content type says, or for a bad filter."""
    written = dict(filters or {})
    since_field = written.pop(SINCE_FIELD, None)
    if since_field is not None and not isinstance(since_field, str):
        raise InvalidInput("filters.since_field must be the name of a field.", details={"field": "filters.since_field"})
    conditions = parse_conditions(written)
    kind, items = read_items(content, content_type)
    kept = [item for item in items if matches(item, conditions)]
    if since_field is not None and since_ms is not None:
        kept = [item for item in kept if _is_later(item, since_field, since_ms)]
    lines = [json.encode(item) for item in kept]
    sample = [_shown(item, len(line)) for item, line in zip(kept[:SAMPLE_ITEMS], lines, strict=False)]
    return Selection(kind, len(items), len(kept), sample, b"".join(line + b"\n" for line in lines))


def _shown(item: Any, size: int) -> Any:
    return item if size <= SAMPLE_ITEM_BYTES_MAX else {"truncated": True, "bytes": size}


def body_kind(content_type: str, content: bytes) -> str:
    """json, ndjson, csv or text, by content type; a body that is served as plain or unknown is looked at."""
    name = content_type.partition(";")[0].strip().lower()
    if name in ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"):
        return "ndjson"
    if name.endswith(("/json", "+json")):
        return "json"
    if name in ("text/csv", "application/csv", "text/comma-separated-values"):
        return "csv"
    if name in ("", "application/octet-stream") and content[:64].lstrip()[:1] in (b"{", b"["):
        return "json"
    return "text"


def read_items(content: bytes, content_type: str) -> tuple[str, list[Any]]:
    """(kind, items) of a body. InvalidInput when it cannot be read."""
    kind = body_kind(content_type, content)
    try:
        if kind == "json":
            return kind, rows_of(json.decode(content))
        text = content.decode("utf-8-sig")
        if kind == "ndjson":
            return kind, [json.decode(line) for line in text.splitlines() if line.strip()]
        if kind == "csv":
            return kind, _csv_items(text)
    except (msgspec.DecodeError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(
            f"The body is served as {content_type or 'unknown'} but cannot be read as {kind}: {error}",
            details={"content_type": content_type, "reason": str(error)},
        ) from None
    return kind, [line for line in text.splitlines() if line.strip()]


def rows_of(value: Any) -> list[Any]:
    """The list a JSON document is about: itself, its one list (well-known names first), or the document as the only item."""
    if isinstance(value, list):
        return cast("list[Any]", value)
    if isinstance(value, dict):
        document = cast("dict[str, Any]", value)
        for name in _LIST_NAMES:
            if isinstance(document.get(name), list):
                return cast("list[Any]", document[name])
        lists = [cast("list[Any]", entry) for entry in document.values() if isinstance(entry, list)]
        if len(lists) == 1:
            return lists[0]
    return [value]


def parse_time_ms(value: Any) -> int | None:
    """Milliseconds since the epoch of an ISO 8601 text (without a zone: UTC) or of epoch seconds or milliseconds."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        # Seconds stay below this until the year 5138; milliseconds passed it in 1973.
        return int(value if abs(value) >= 100_000_000_000 else value * 1000)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        return datetime_ms(moment)
    return None


def datetime_ms(moment: datetime) -> int:
    """Milliseconds since the epoch; a time without a zone is UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def _is_later(item: Any, field: str, since_ms: int) -> bool:
    moment = parse_time_ms(cast("dict[str, Any]", item).get(field)) if isinstance(item, dict) else None
    # An item that does not say its time is kept: dropping it could lose it for good.
    return moment is None or moment > since_ms


def _csv_items(text: str) -> list[Any]:
    reader = csv.reader(io.StringIO(text), strict=True)
    header = next(reader, None)
    if header is None:
        return []
    return [{name: _csv_value(cell) for name, cell in zip(header, row, strict=False)} for row in reader if row]


def _csv_value(cell: str) -> Any:
    """Numbers as numbers and nothing as null; text with leading zeros, as of telephone numbers, stays text."""
    if cell in _NULL_TEXTS:
        return None
    if _INTEGER.fullmatch(cell):
        return int(cell)
    if _DECIMAL.fullmatch(cell):
        return float(cell)
    return cell
