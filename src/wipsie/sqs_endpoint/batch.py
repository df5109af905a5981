"""What the three batch actions share: the rules of their entries, and the form of their answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

from wipsie.sqs_endpoint import sqs_limits
from wipsie.sqs_endpoint.errors import (
    EMPTY_BATCH,
    IDS_NOT_DISTINCT,
    INTERNAL,
    INVALID_BATCH_ID,
    TOO_MANY_ENTRIES,
    SqsError,
    missing,
    shown,
    translate,
)
from wipsie.sqs_endpoint.operation import Output

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Entry(Protocol):
    """An entry of any batch."""

    @property
    def id(self) -> str | None: ...


def check_entries(entries: Sequence[Entry] | None, kind: str) -> None:
    """Refuse a batch as a whole: empty, too long, with wrong or repeated ids. `kind`: what Amazon calls an entry."""
    if not entries:
        raise SqsError(EMPTY_BATCH, f"There should be at least one {kind} in the request.")
    if len(entries) > sqs_limits.BATCH_ENTRIES_MAX:
        raise SqsError(
            TOO_MANY_ENTRIES,
            f"A request takes {sqs_limits.BATCH_ENTRIES_MAX} entries at most; this one has {len(entries)}.",
        )
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        if not entry.id:
            raise missing(f"{kind}.{number}.Id")
        if not _ID.fullmatch(entry.id):
            raise SqsError(
                INVALID_BATCH_ID,
                f"'{shown(entry.id)}' cannot be the id of a batch entry: 1 to 80 letters, digits, hyphens and underscores.",
            )
        if entry.id in seen:
            raise SqsError(IDS_NOT_DISTINCT, f"The id {entry.id} stands twice in the batch.")
        seen.add(entry.id)


def failed(entry_id: str, error: Exception) -> dict[str, Any]:
    """The line of an entry that was refused."""
    known = translate(error) or SqsError(INTERNAL, "Something went wrong on our side; try again.")
    kind = known.kind
    return {"Id": entry_id, "SenderFault": kind.is_sender, "Code": kind.code, "Message": known.message}


def batch_answer(successful: list[dict[str, Any]], refused: list[dict[str, Any]]) -> Output:
    """The answer, without empty lists."""
    answer: Output = {}
    if successful:
        answer["Successful"] = successful
    if refused:
        answer["Failed"] = refused
    return answer
