"""What a handler returned, as JSON text of bounded size for the run log."""

from __future__ import annotations

from typing import Any

from wipsie.kernel import json
from wipsie.kernel.limits import KIB
from wipsie.workers.verdict import UnserialisableResult

RESULT_BYTES_MAX = 64 * KIB
_PREVIEW_CHARS = 2_000


def result_text(result: Any) -> str | None:
    """JSON text, None for None. Of a result above `RESULT_BYTES_MAX` a marker with its size and beginning is kept: the
    work is done, so the task has not failed. UnserialisableResult when JSON cannot hold it."""
    if result is None:
        return None
    try:
        encoded = json.encode(result)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UnserialisableResult(
            f"The handler returned {type(result).__name__}, which JSON cannot hold ({error}); "
            "return plain values, or store the result and return its key."
        ) from error
    if len(encoded) <= RESULT_BYTES_MAX:
        return encoded.decode()
    preview = encoded[:_PREVIEW_CHARS].decode("utf-8", "ignore")
    return json.encode_text({"truncated": True, "bytes": len(encoded), "preview": preview})
